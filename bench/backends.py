"""The three runtimes side by side on a float32 encoder of 6 layers, each against its floor and against optimum's pipeline."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from dataclasses import dataclass

from harness import PAUSE_BETWEEN_TURNS_S, Comparison, Peer, Report, Result, Sample, ms
from setup import ROOT, Setup, show

PEER = ROOT / "bench" / "backends_peer.py"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# Threads that spin between operators would take the cores of whoever has the next turn.
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
SHAPES = ((1, 16), (8, 64), (32, 128))
THREADS = (1, 2)
N_SPECIAL = 2  # [CLS] and [SEP]
# Rounds of a shape, and calls in a turn: small shapes need many, large ones have little noise.
ROUNDS = {(1, 16): (15, 20), (8, 64): (9, 2), (32, 128): (5, 1)}
MAX_OVER_FLOOR, MIN_TIMES = 1.03, 1.0
FLOORS = {"ort": "bench_floor", "ov": "bench_floor_ov", "ipex": "bench_floor_ipex"}


@dataclass
class Case:
    """One shape at one number of threads."""

    setup: Setup
    rows: int
    tokens: int
    threads: int

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.tokens}, {self.threads} thread{'s' if self.threads > 1 else ''}"

    @property
    def text(self) -> str:
        return f"backends-{self.rows}x{self.tokens}"

    def ours(self, backend: str) -> list[str]:
        return self.setup.tool("bench_api_batch", "--accelerator", backend, "--cache-dir", self.setup.cache_dir, "--model",
                               self.setup.encoder_dir, "--text", self.setup.text(self.text), "--batch-size", str(self.rows),
                               "--threads", str(self.threads))

    def floor(self, backend: str) -> list[str]:
        more = ["--mode", "batch"] if backend == "ort" else []
        return self.setup.tool(FLOORS[backend], "--runtime", self.setup.runtimes[backend], "--model",
                               self.setup.encoder_dir / "onnx" / "model.onnx", "--ids", self.setup.ids(self.text), "--batch",
                               str(self.rows), "--threads", str(self.threads), *more)

    def optimum(self, backend: str) -> list[str]:
        pythons = {"ort": self.setup.reference_python, "ov": self.setup.intel_python, "ipex": self.setup.ipex_python}
        return [str(pythons[backend]), "-I", str(PEER), backend, str(self.setup.encoder_dir), str(self.setup.text(self.text)), str(self.rows),
                str(self.threads)]

    def write_inputs(self) -> None:
        """Texts of so many tokens, and the ids that the tokenizer makes of them (see WORDS in backends_peer.py)."""
        n_words = self.tokens - N_SPECIAL
        self.setup.text(self.text).write_text(("a " * n_words + "\n") * self.rows, encoding="utf-8")
        self.setup.ids(self.text).write_text(f"2 {'5 ' * n_words}3\n" * self.rows, encoding="utf-8")


def make_encoder(setup: Setup) -> None:
    if not (setup.encoder_dir / "onnx" / "model.onnx").exists():
        subprocess.run([str(setup.reference_python), "-I", str(PEER), "make", str(setup.encoder_dir)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def interleave(peers: dict[str, Peer], shape: tuple[int, int]) -> dict[str, list[Sample]]:
    """A turn of each in every round, in an order of its own: a peer whose threads still spin is not always before the same."""
    n_rounds, n_calls = ROUNDS[shape]
    samples: dict[str, list[Sample]] = {name: [] for name in peers}
    order = random.Random(n_rounds)
    for _ in range(n_rounds):
        for name in order.sample(list(peers), len(peers)):
            samples[name].append(peers[name].turn(n_calls))
            time.sleep(PAUSE_BETWEEN_TURNS_S)
    return samples


def open_peers(stack: contextlib.ExitStack, case: Case, backends: list[str]) -> dict[str, Peer]:
    commands = {}
    for backend in backends:
        commands[f"{backend} ours"], commands[f"{backend} floor"] = case.ours(backend), case.floor(backend)
        if case.setup.intel_python:
            commands[f"{backend} optimum"] = case.optimum(backend)
    return {name: stack.enter_context(Peer(command, {**OFFLINE, **PASSIVE})) for name, command in commands.items()}


def over_floor(c: Comparison) -> str:
    return f"{c.wall_ratio:.3f} of the floor; CPU {c.cpu_ratio:.3f}"


def report_backend(report: Report, case: Case, backend: str, samples: dict[str, list[Sample]]) -> None:
    ours = samples[f"{backend} ours"]
    c = Comparison.of(list(zip(ours, samples[f"{backend} floor"])))
    report.add(Result(f"{backend}, {case.name}", ms(c.ours.wall_s), ms(c.peer.wall_s), over_floor(c),
                      f"<= {MAX_OVER_FLOOR}", c.wall_ratio <= MAX_OVER_FLOOR, show(case.ours(backend)), c.figures()))
    if f"{backend} optimum" not in samples:
        return
    c = Comparison.of(list(zip(ours, samples[f"{backend} optimum"])))
    report.add(Result(f"{backend}, {case.name}; against optimum", ms(c.ours.wall_s), ms(c.peer.wall_s),
                      f"{1 / c.wall_ratio:.2f} times faster; CPU {1 / c.cpu_ratio:.2f}", f"> {MIN_TIMES:.0f} times",
                      1 / c.wall_ratio > MIN_TIMES, "", c.figures()))


def measure(setup: Setup) -> bool:
    report = Report("backends", "Three runtimes on a float32 encoder of 6 layers: floor, and optimum's pipelines", setup.build_dir)
    if not setup.reference_python:
        raise SystemExit("backends: the encoder is made in the environment that bench/reference_env.sh makes")
    make_encoder(setup)
    medians: dict[str, dict[str, str]] = {}
    for rows, tokens in SHAPES:
        for threads in THREADS:
            case = Case(setup, rows, tokens, threads)
            case.write_inputs()
            with contextlib.ExitStack() as stack:
                samples = interleave(open_peers(stack, case, setup.backends), (rows, tokens))
            for backend in setup.backends:
                report_backend(report, case, backend, samples)
                middle = sorted(s.wall_s for s in samples[f"{backend} ours"])[len(samples[f"{backend} ours"]) // 2]
                medians.setdefault(case.name, {})[backend] = ms(middle)
    ok = report.finish()
    print(f"\n| ours | {' | '.join(setup.backends)} |\n|---|{'---|' * len(setup.backends)}")
    for name, row in medians.items():
        print(f"| {name} | {' | '.join(row[backend] for backend in setup.backends)} |")
    return ok
