#!/usr/bin/env python3
"""Time per token of models that generate, against a bare loop on the same runtime, optimum's generate(), onnxruntime-genai
and openvino-genai: bench/decode/run.sh makes what is needed and calls this.

  measure.py --build-dir DIR --models DIR --reference-python PYTHON [--genai-python PYTHON] [--threads N] [--rounds N]

Ours and the peer take turns; a turn is one generation of NEW tokens behind a short prompt, and its time is divided by
their number. Exit status: 0 when all demands are met, 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Comparison, Peer, Report, Result, compare, ms  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
N_CALLERS = 8


@dataclass
class Bench:
    build: Path
    models: Path
    reference: Path
    genai: Path | None
    threads: int
    rounds: int

    @property
    def env(self) -> dict[str, str]:
        return {"ACCELPIPE_PLUGIN_DIR": str(self.build / "lib/accelpipe/plugins")}

    def runtime(self) -> Path:
        return next((ROOT / "deps/onnxruntime/capi").glob("libonnxruntime.so.1*"))

    def ours(self, folder: Path, new: int, *more: str) -> list[str]:
        return [str(self.build / "bench/bench_decode"), "--model", str(folder), "--threads", str(self.threads), "--new",
                str(new), *more]

    def floor(self, model: Path, new: int) -> list[str]:
        return [str(self.build / "bench/bench_decode_floor"), "--runtime", str(self.runtime()), "--model", str(model),
                "--threads", str(self.threads), "--new", str(new)]

    def peer(self, kind: str, folder: Path, new: int, *more: str) -> list[str]:
        python = self.reference if kind == "optimum" else self.genai
        return [str(python), str(HERE / "peer.py"), kind, str(folder), "--threads", str(self.threads), "--new", str(new),
                *more]

    def compare(self, ours: list[str], peer: list[str]) -> Comparison:
        with Peer(ours, self.env) as a, Peer(peer) as b:
            return compare(lambda: a.turn(1), lambda: b.turn(1), self.rounds)


def add(report: Report, name: str, c: Comparison, n: int, demand: str, ok: bool | None, command: list[str]) -> None:
    """`n` tokens a call; the ratio is how many times as fast ours is."""
    report.add(Result(name, ms(c.ours.wall_s / n), ms(c.peer.wall_s / n),
                      f"{1 / c.wall_ratio:.3f}x; CPU {1 / c.cpu_ratio:.2f}x", demand, ok, " ".join(command), c.figures()))


def measure_model(b: Bench, report: Report, name: str, new: int, dtype: str) -> None:
    folder = b.models / name
    file = "model.onnx" if dtype == "float32" else "model_quantized.onnx"
    ours = b.ours(folder, new, "--dtype", dtype)
    c = b.compare(ours, b.floor(folder / "onnx" / file, new))
    add(report, f"{name}, {dtype}, bare loop", c, new, "at most 5 % over it", c.wall_ratio <= 1.05, ours)
    c = b.compare(ours, b.peer("optimum", folder, new, "--file", file))
    add(report, f"{name}, {dtype}, optimum", c, new, "1.3x", c.wall_ratio <= 1 / 1.3, ours)


def measure_genai(b: Bench, report: Report, new: int) -> None:
    folder = b.models / "llama-0.5b"
    ours = b.ours(folder / "genai", new)
    c = b.compare(ours, b.peer("genai", folder / "genai", new))
    add(report, "llama-0.5b, onnxruntime-genai, its own model", c, new, "1.0x", c.wall_ratio <= 1, ours)
    ours = b.ours(folder / "openvino", new, "--accelerator", "ov", "--reads", "xml")
    c = b.compare(ours, b.peer("openvino", folder / "openvino", new))
    add(report, "llama-0.5b, openvino-genai, its own model", c, new, "1.0x", c.wall_ratio <= 1, ours)


def measure_callers(b: Bench, report: Report, new: int) -> None:
    words = ["--callers", str(N_CALLERS)]
    at_once, one_by_one = (b.ours(b.models / "gpt2-small", new, *words, "--at-once", n) for n in "10")
    with Peer(at_once, b.env) as a, Peer(one_by_one, b.env) as other:
        c = compare(lambda: a.turn(1), lambda: other.turn(1), max(3, b.rounds // 3))
    add(report, f"gpt2-small, {N_CALLERS} callers at once, against one after the other", c, new * N_CALLERS, "3x",
        c.wall_ratio <= 1 / 3, at_once)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--reference-python", type=Path, required=True)
    parser.add_argument("--genai-python", type=Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    # Not resolved: the python of a virtual environment is a link, and knows its environment by its own path.
    b = Bench(args.build_dir.resolve(), args.models.resolve(), args.reference_python.absolute(),
              args.genai_python.absolute() if args.genai_python else None, args.threads, args.rounds)
    report = Report("decode", f"Generation, time per token, {b.threads} threads", b.build)
    for dtype in ("float32", "int8"):
        measure_model(b, report, "gpt2-small", 32, dtype)
        measure_model(b, report, "llama-0.5b", 12, dtype)
    if b.genai:
        measure_genai(b, report, 12)
    measure_callers(b, report, 24)
    return 0 if report.finish() else 1


if __name__ == "__main__":
    sys.exit(main())
