"""What the tests of the Python package share: models, and a backend for them."""

from __future__ import annotations

import os
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

BACKENDS = [row["name"] for row in accelpipe.backends() if row["available"] and row["name"] != "replay"]
BACKEND = "ort" if "ort" in BACKENDS else BACKENDS[0] if BACKENDS else None


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
