"""What the tests of the Python package share: models, and a backend for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import accelpipe

SOURCE = Path(os.environ.get("AP_SOURCE_DIR", Path(__file__).resolve().parents[2]))
DATA = SOURCE / "tests" / "data"
MODELS = DATA / "parity" / "models"
SST2 = SOURCE / "models" / "minilm-sst2"

GOOD, BAD = "I loved every minute of it.", "The plot made no sense and the acting was worse."


def find_backend() -> str | None:
    """One that is available; asking for all of them would load every runtime."""
    for name in ("ort", "ov", "ipex"):
        try:
            accelpipe.pipeline("text-classification", accelerator=name)
            return name
        except ImportError:
            continue
    return None


BACKEND = find_backend()

# A graph whose outputs are digests of its inputs, for the backend of the tests: a call costs microseconds.
REPLAY_GRAPH = """accelpipe-replay 1
input input_ids int64 -1 -1
input attention_mask int64 -1 -1
input token_type_ids int64 -1 -1
output logits float32 -1 2
compute logits rows input_ids attention_mask
"""


def make_replay_model(folder: Path) -> Path:
    """The bundled model with that graph."""
    shutil.copytree(SST2, folder, ignore=shutil.ignore_patterns("*.onnx"), dirs_exist_ok=True)
    (folder / "onnx" / "model.onnx").write_text(REPLAY_GRAPH, encoding="utf-8")
    return folder


class PipelineCase(unittest.TestCase):
    """A test that runs a model."""

    def setUp(self) -> None:
        if BACKEND is None:
            self.skipTest("no backend is available")

    def make(self, task: str | None = "text-classification", **kwargs):
        kwargs.setdefault("accelerator", BACKEND)
        return accelpipe.pipeline(task, **kwargs)


def run_python(code: str, *arguments: str, timeout: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
    """A process of its own with the same packages."""
    return subprocess.run([sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", code, *arguments],
                          capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, **env})
