#!/usr/bin/env python3
"""Accuracy of the bundled model over the 872 sentences of the SST-2 development set, through the program.

  bench/accuracy.py [DEV_TSV] [--program build/release/bin/accelpipe] [--accelerator ort|ov|ipex]

DEV_TSV (or $SST2_DEV_TSV) is SST-2/dev.tsv of the GLUE data: a header, then `sentence TAB 0|1`. It is not part of this
project, because no licence to pass it on is stated for it.

Two rows, each to be met within one sentence (0.12 points):
- float32 arithmetic, which is what the program does by default: 791 of 872. An evaluation of the graph operator by
  operator in NumPy gives the same labels.
- "runtime default", on ONNX Runtime only: its own choice for this file, which quantizes activations as well: 789 of 872, the
  figure of the model card.
Exit status: 0 met, 1 not met, 2 the file is not the one that is meant.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WITHIN = 1  # sentences
# Session options that undo what the plugin sets: see docs/design/backend.md.
RUNTIME_DEFAULT = {"session_options": {"session.disable_quant_qdq": "0", "session.qdq_matmulnbits_accuracy_level": "4"}}
# Counts of the two labels, and the hash of the usual copy: another order of the lines is as good.
N_NEGATIVE, N_POSITIVE = 428, 444
SHA256 = "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0"
LABELS = ("NEGATIVE", "POSITIVE")


def read_dev(path: Path) -> list[tuple[str, str]]:
    """Sentences and their labels."""
    rows = [line.rsplit("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    pairs = [(sentence.strip(), LABELS[int(label)]) for sentence, label in rows]
    counts = [sum(label == name for _, label in pairs) for name in LABELS]
    if counts != [N_NEGATIVE, N_POSITIVE]:
        print(f"{path}: {counts[0]} negative and {counts[1]} positive sentences, expected {N_NEGATIVE} and {N_POSITIVE}",
              file=sys.stderr)
        sys.exit(2)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        print(f"{path}: not the usual copy, but the same number of sentences", file=sys.stderr)
    return pairs


def predict(command: list[str], sentences: list[str]) -> list[str]:
    done = subprocess.run(command, input="".join(json.dumps(s) + "\n" for s in sentences), capture_output=True,
                          text=True, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(sentences):
        sys.exit(f"{len(results)} results for {len(sentences)} sentences")
    # A line gives what a single call gives: a list of one dict, or the dict.
    return [(result[0] if isinstance(result, list) else result)["label"] for result in results]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dev_tsv", nargs="?", default=os.environ.get("SST2_DEV_TSV"))
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "bin" / "accelpipe"))
    parser.add_argument("--accelerator", default="ort")
    args = parser.parse_args()
    if not args.dev_tsv:
        print("accuracy: give SST-2/dev.tsv of the GLUE data, as argument or in SST2_DEV_TSV", file=sys.stderr)
        return 2
    pairs = read_dev(Path(args.dev_tsv))
    command = [args.program, "run", "text-classification", "--accelerator", args.accelerator, "--quiet", "--jsonl"]
    rows = [("float32 arithmetic", 791, command)]
    if args.accelerator == "ort":
        rows.append(("runtime default", 789, [*command, "--model-kwargs", json.dumps(RUNTIME_DEFAULT)]))
    ok = True
    for name, demanded, row_command in rows:
        predicted = predict(row_command, [sentence for sentence, _ in pairs])
        n_right = sum(got == label for got, (_, label) in zip(predicted, pairs))
        is_met = abs(n_right - demanded) <= WITHIN
        ok = ok and is_met
        print(f"{args.accelerator}, {name}: {n_right} of {len(pairs)} right, {100 * n_right / len(pairs):.2f} %; "
              f"demanded {demanded} within {WITHIN}: {'ok' if is_met else 'not ok'}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
