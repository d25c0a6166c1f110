"""Tasks that cut one input into many feeds, against optimum's pipeline(..., accelerator="ort"): same model file, same
ONNX Runtime release, results compared first.

Long contexts become windows, and every label of zero-shot-classification a pair of texts; ours batches them across
inputs.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workload
from harness import Peer, Report, Result, compare, ms
from setup import ROOT, Setup, show

PEER = ROOT / "bench" / "optimum_peer.py"
MAKER = ROOT / "bench" / "reference_models.py"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
N_ROUNDS = 3
DEMAND = 1.5
TOLERANCE = 1e-4


@dataclass
class Case:
    name: str
    task: str
    model: str
    inputs: list[Any]
    params: dict[str, Any]
    batch_sizes: dict[int, bool]  # of the peer, and whether the demand holds: 1 is pipeline()'s default


def cases() -> list[Case]:
    contexts = workload.sentences(4, seed=7, min_words=800, max_words=1200)
    questions = workload.sentences(4, seed=8, min_words=6, max_words=12)
    pairs = [{"question": q, "context": c} for q, c in zip(questions, contexts)]
    labels = [f"{a} {b}" for a, b in zip(workload.WORDS[40:240:10], workload.WORDS[45:245:10])]
    texts = list(workload.sentences(8, seed=9, min_words=5, max_words=60))
    return [Case("question-answering, 4 contexts of 800 to 1,200 words", "question-answering", "qa", pairs, {},
                 # A window of 384 tokens keeps the cores busy alone, and ours is the runtime's own time; a batch of 32 gives
                 # the peer fewer calls to make.
                 {1: True, 32: False}),
            Case("zero-shot-classification, 8 texts of 5 to 60 words, 20 labels", "zero-shot-classification", "nli",
                 texts, {"candidate_labels": labels}, {1: True, 32: True})]


def difference(a: Any, b: Any) -> float:
    """The largest difference of numbers in two results; infinite where anything else differs."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b)
    if isinstance(a, dict) and isinstance(b, dict) and list(a) == list(b):
        return max((difference(a[key], b[key]) for key in a), default=0.0)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return max((difference(x, y) for x, y in zip(a, b)), default=0.0)
    return 0.0 if a == b else float("inf")


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    return path


def measure_case(setup: Setup, report: Report, case: Case, models: Path) -> None:
    inputs = write(setup.scratch / f"{case.model}-inputs.json", case.inputs)
    params = write(setup.scratch / f"{case.model}-params.json", case.params)
    ours = setup.api("bench_api_task", "--task", case.task, "--model", models / case.model, "--inputs", inputs,
                     "--params", params)
    with Peer(ours) as a:
        for size, is_demanded in case.batch_sizes.items():
            # -I: else the folder of this file, which has a module named optimum, would come first.
            theirs = [setup.reference_python, "-I", PEER, "task", models / case.model, case.task, inputs, params, size]
            with Peer(theirs, OFFLINE) as b:
                off = difference(a.result, b.result)
                c = compare(lambda: a.turn(1), lambda: b.turn(1), N_ROUNDS)
            times = 1 / c.wall_ratio
            report.add(Result(f"{case.name}; optimum with batch_size={size}", ms(c.ours.wall_s), ms(c.peer.wall_s),
                              f"{times:.2f} times faster; CPU {1 / c.cpu_ratio:.2f} times; results differ by {off:.0e}",
                              f">= {DEMAND} times, the same results" if is_demanded else "the same results",
                              (times >= DEMAND or not is_demanded) and off <= TOLERANCE, show(ours),
                              {**c.figures(), "difference": off}))


def measure(setup: Setup) -> bool:
    report = Report("tasks", 'Windows and labels, against optimum\'s pipeline(..., accelerator="ort")', setup.build_dir)
    if not setup.reference_python:
        print("\ntasks: not measured; bench/reference_env.sh makes the environment of its peer (7 GB)")
        return True
    models = setup.build_dir / "bench" / "models"
    subprocess.run([str(setup.reference_python), "-I", str(MAKER), str(models), str(setup.model_dir)], check=True)
    for case in cases():
        measure_case(setup, report, case, models)
    return report.finish()
