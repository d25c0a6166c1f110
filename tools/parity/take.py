#!/usr/bin/env python3
"""Copies the cases of some tasks, and the models they need, from the parity kit into tests/data/parity.

  tools/parity/take.py KIT [TASK...]

The tasks that are there already are taken anew, and those named beside them. Of a model only what the library reads is taken: weights in safetensors, vocabularies that tokenizer.json repeats and
the like stay behind, as do models that would take much room for little more (with their cases). The whole has to stay below
40 MB, because it is committed.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "tests" / "data" / "parity"
MAX_BYTES = 40_000_000
TAKEN = ("config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
         "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "onnx/*.onnx")
# Of tokenizers that have no tokenizer.json.
TAKEN_SLOW = ("vocab.txt", "vocab.json", "*.spm", "sentencepiece.bpe.model")
LEFT_OUT = ("models/gptneox-lm", "models/mistral-lm", "models/phi-lm", "models/gemma-lm", "models/pegasus-xsum",
            "models/mbart-multi")
# Where there is a merged decoder, its two parts say the same.
PARTS = ("decoder_model.onnx", "decoder_with_past_model.onnx")


def strings(value: Any) -> Iterator[str]:
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def copy(kit: Path, path: Path) -> None:
    target = TARGET / path.relative_to(kit)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)  # the content alone: the kit may be read-only


def take(kit: Path, task: str) -> None:
    cases_file = kit / "cases" / f"{task}.jsonl"
    lines = [line for line in cases_file.read_text(encoding="utf-8").splitlines()
             if json.loads(line)["model"] not in LEFT_OUT]
    cases = [json.loads(line) for line in lines]
    target = TARGET / cases_file.relative_to(kit)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    for model in sorted({case["model"] for case in cases}):
        has_tokenizer = (kit / model / "tokenizer.json").is_file()
        is_merged = (kit / model / "onnx/decoder_model_merged.onnx").is_file()
        for pattern in TAKEN if has_tokenizer else (*TAKEN, *TAKEN_SLOW):
            for path in sorted((kit / model).glob(pattern)):
                if not is_merged or path.name not in PARTS:
                    copy(kit, path)
    for text in sorted({text for case in cases for text in strings([case["inputs"], case.get("expect")])}):
        if text.startswith(("inputs/", "cases/files/")) and (kit / text).is_file():
            copy(kit, kit / text)


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    kit = Path(sys.argv[1]).resolve()
    tasks = {path.stem for path in (TARGET / "cases").glob("*.jsonl")} | set(sys.argv[2:])
    for folder in ("cases", "models", "inputs"):
        shutil.rmtree(TARGET / folder, ignore_errors=True)
    for task in sorted(tasks):
        take(kit, task)
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    print(f"{TARGET}: {size / 1e6:.1f} MB")
    return 0 if size <= MAX_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
