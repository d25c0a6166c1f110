"""The Python package: its import, its start against optimum's, what a call costs over the C API, and its size."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from harness import Peer, Report, Result, compare, mb, ms, run_process, us
from setup import ROOT, SHORT, Setup, show

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# A graph for the backend of the tests, whose outputs are digests of its inputs: of a call, what is ours is left.
REPLAY_GRAPH = """accelpipe-replay 1
input input_ids int64 -1 -1
input attention_mask int64 -1 -1
input token_type_ids int64 -1 -1
output logits float32 -1 2
compute logits rows input_ids attention_mask
"""
N_IMPORT_ROUNDS, N_START_ROUNDS, N_CALLS, N_CALL_ROUNDS = 25, 5, 200, 25
MAX_IMPORT_S, MAX_IMPORT_BYTES, MAX_OVER_S, MIN_TIMES, MIN_PART = 0.030, 15e6, 20e-6, 20, 20


def env(setup: Setup) -> dict[str, str]:
    return {**setup.env, "PYTHONPATH": str(setup.build_dir / "python")}


def python(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-S", *map(str, arguments)]


def peer(setup: Setup, mode: str, text: str | Path, accelerator: str, model: Path) -> list[str]:
    return python(ROOT / "bench" / "python_peer.py", mode, model, text, accelerator)


# Prints the peak memory of its process; what the kernel tells a parent begins with the parent's own.
PEAK = "print(*(row.split()[1] for row in open('/proc/self/status') if row.startswith('VmHWM')))"


def peak_bytes(setup: Setup, code: str) -> int:
    command = python("-c", f"{code}\n{PEAK}")
    return 1024 * int(subprocess.check_output(command, env={**os.environ, **env(setup)}))


def measure_import(setup: Setup, report: Report) -> None:
    ours, bare = python("-c", "import accelpipe"), python("-c", "pass")
    run_process(ours, env(setup))
    c = compare(lambda: run_process(ours, env(setup))[0], lambda: run_process(bare, env(setup))[0], N_IMPORT_ROUNDS)
    peak, bare_peak = peak_bytes(setup, "import accelpipe"), peak_bytes(setup, "pass")
    more = peak - bare_peak
    cpu_over_s = c.ours.cpu_s - c.peer.cpu_s
    report.add(Result("import accelpipe (ours), a bare interpreter (peer)", ms(c.ours.wall_s), ms(c.peer.wall_s),
                      f"+{ms(c.wall_over_s)}; CPU +{ms(cpu_over_s)}", "<= 30 ms",
                      min(c.wall_over_s, cpu_over_s) <= MAX_IMPORT_S, show(ours, PYTHONPATH="build/release/python"),
                      c.figures()))
    report.add(Result("peak memory of these processes", mb(peak), mb(bare_peak), f"+{mb(more)}",
                      "<= 15 MB more", more <= MAX_IMPORT_BYTES))


def measure_start(setup: Setup, report: Report) -> None:
    ours = peer(setup, "start", SHORT, "ort", setup.model_dir)
    theirs = [str(setup.reference_python), "-I", str(ROOT / "bench" / "optimum_peer.py"), "start", str(setup.model_dir),
              SHORT]
    run_process(ours, env(setup))
    run_process(theirs, OFFLINE)
    c = compare(lambda: run_process(ours, env(setup))[0], lambda: run_process(theirs, OFFLINE)[0], N_START_ROUNDS)
    report.add(Result("process start to printed answer, against optimum", ms(c.ours.wall_s), ms(c.peer.wall_s),
                      f"{1 / c.wall_ratio:.0f} times faster; CPU {1 / c.cpu_ratio:.0f} times", ">= 20 times",
                      1 / c.wall_ratio >= MIN_TIMES, show(ours, PYTHONPATH="build/release/python"), c.figures()))


def make_replay_model(setup: Setup) -> Path:
    """The bundled model with a graph that costs nothing."""
    folder = setup.scratch / "replay-model"
    shutil.copytree(setup.model_dir, folder, ignore=shutil.ignore_patterns("*.onnx"), dirs_exist_ok=True)
    (folder / "onnx" / "model.onnx").write_text(REPLAY_GRAPH, encoding="utf-8")
    return folder


def measure_call(setup: Setup, report: Report) -> None:
    for accelerator, model in (("replay", make_replay_model(setup)), ("ort", setup.model_dir)):
        ours = peer(setup, "single", setup.text("short"), accelerator, model)
        direct = setup.tool("bench_api_single", "--accelerator", accelerator, "--model", model, "--cache-dir",
                            setup.cache_dir, "--text", setup.text("short"))
        n_calls = N_CALLS if accelerator == "replay" else N_CALLS // 10
        with Peer(ours, env(setup)) as a, Peer(direct) as b:
            c = compare(lambda: a.turn(n_calls), lambda: b.turn(n_calls), N_CALL_ROUNDS)
        is_judged = accelerator == "replay"
        report.add(Result(f"one call on {accelerator}, against the C API", us(c.ours.wall_s), us(c.peer.wall_s),
                          f"+{us(c.wall_over_s)}; CPU +{us(c.ours.cpu_s - c.peer.cpu_s)}", "<= +20 us" if is_judged else "",
                          c.wall_over_s <= MAX_OVER_S if is_judged else None,
                          show(ours, PYTHONPATH="build/release/python"), c.figures()))


# Prints the bytes of the packages named and of all that they depend on, and of everything installed.
SIZES = """
import importlib.metadata as m, json, os, re, sys
def files(name):
    return sum(os.path.getsize(p) for p in map(str, (f.locate() for f in m.files(name) or ())) if os.path.isfile(p))
def closure(name, seen):
    if name not in seen:
        try:
            seen[name] = files(name)
        except m.PackageNotFoundError:
            return seen
        for row in m.requires(name) or ():
            if "extra ==" not in row:
                closure(re.match(r"[\\w.-]+", row)[0], seen)
    return seen
everything = {d.metadata["Name"]: 0 for d in m.distributions()}
print(json.dumps({"ort": sum(closure("onnxruntime", {}).values()), "all": sum(map(files, everything))}))
"""


def measure_size(setup: Setup, report: Report) -> None:
    subprocess.run(["cmake", "--build", setup.build_dir, "--target", "wheel"], check=True, stdout=subprocess.DEVNULL)
    wheel = next((setup.build_dir / "dist").glob("accelpipe-*.whl"))
    with zipfile.ZipFile(wheel) as file:
        own = sum(info.file_size for info in file.infolist())
    sizes = json.loads(subprocess.check_output([setup.reference_python, "-c", SIZES], text=True))
    ours = own + sizes["ort"]
    report.add(Result("installed with [ort] and its dependencies; the environment of optimum[onnxruntime]", mb(ours),
                      mb(sizes["all"]), f"1/{sizes['all'] / ours:.0f}", "<= 1/20", sizes["all"] / ours >= MIN_PART,
                      figures={"wheel_bytes": own, **sizes}))


def measure(setup: Setup) -> bool:
    report = Report("python", "The Python package", setup.build_dir)
    if not (setup.build_dir / "python" / "accelpipe" / "_generated.py").exists():
        print("\npython: not measured; this build has no Python package (no Python.h)")
        return True
    measure_import(setup, report)
    measure_call(setup, report)
    if setup.reference_python:
        measure_start(setup, report)
        measure_size(setup, report)
    return report.finish()
