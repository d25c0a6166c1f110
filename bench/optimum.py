"""Against optimum's own pipeline(..., accelerator="ort"): same machine, same model file, same ONNX Runtime release."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness import Comparison, Peer, Report, Result, compare, mb, ms, run_process, us
from setup import ROOT, SHORT, Setup, show

PEER = ROOT / "bench" / "optimum_peer.py"
N_START_ROUNDS, N_CALLS, N_SINGLE_ROUNDS, N_BATCH_ROUNDS = 5, 20, 15, 3
BATCH_SIZES = (1, 32)  # pipeline()'s default, and the one that people choose
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
CUDA_PACKAGES = ("nvidia", "triton")


def peer(setup: Setup, mode: str, *arguments: str | Path) -> list[str]:
    # -I: else the folder of this file, which has a module named optimum, would come first.
    return [str(setup.reference_python), "-I", str(PEER), mode, str(setup.model_dir), *map(str, arguments)]


def measure_start(setup: Setup, report: Report) -> None:
    ours, theirs = setup.run_command(SHORT), peer(setup, "start", SHORT)
    run_process(ours, setup.env)
    run_process(theirs, OFFLINE)  # both find their files in the page cache from now on
    c = compare(lambda: run_process(ours, setup.env)[0], lambda: run_process(theirs, OFFLINE)[0], N_START_ROUNDS)
    times, part = 1 / c.wall_ratio, c.peer.max_rss_bytes / c.ours.max_rss_bytes
    report.add(Result("process start to printed answer", ms(c.ours.wall_s), ms(c.peer.wall_s),
                      f"{times:.0f} times faster; CPU {1 / c.cpu_ratio:.0f} times", ">= 50 times", times >= 50,
                      show(theirs), c.figures()))
    report.add(Result("peak memory of that process", mb(c.ours.max_rss_bytes), mb(c.peer.max_rss_bytes), f"1/{part:.1f}",
                      "<= 1/8", part >= 8))


def measure_single(setup: Setup, report: Report) -> None:
    for text in ("short", "long"):
        ours = setup.api("bench_api_single", "--text", setup.text(text))
        with Peer(ours) as a, Peer(peer(setup, "single", setup.text(text)), OFFLINE) as b:
            c = compare(lambda: a.turn(N_CALLS), lambda: b.turn(N_CALLS), N_SINGLE_ROUNDS)
        times = 1 / c.wall_ratio
        report.add(Result(f"single sentence, {text}", us(c.ours.wall_s), us(c.peer.wall_s),
                          f"{times:.2f} times faster; CPU {1 / c.cpu_ratio:.2f} times", ">= 1.05 times", times >= 1.05,
                          show(ours), c.figures()))


def measure_batch(setup: Setup, report: Report) -> None:
    ours = setup.api("bench_api_batch", "--text", setup.text("mixed-512"))
    with Peer(ours) as a:
        for size in BATCH_SIZES:
            with Peer(peer(setup, "batch", setup.text("mixed-512"), str(size)), OFFLINE) as b:
                c = compare(lambda: a.turn(1), lambda: b.turn(1), N_BATCH_ROUNDS)
            times = 1 / c.wall_ratio
            report.add(Result(f"512 sentences of 3 to 60 words; optimum with batch_size={size}",
                              f"{512 / c.ours.wall_s:.0f}/s", f"{512 / c.peer.wall_s:.0f}/s",
                              f"{times:.2f} times faster; CPU {1 / c.cpu_ratio:.2f} times", ">= 1.8 times", times >= 1.8,
                              show(ours), c.figures()))


# ---- installed size -----------------------------------------------------------------------------------


def size_of(folder: Path, without: tuple[str, ...] = ()) -> int:
    """Bytes in the regular files below a folder, but for subfolders of it that are named."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
               and path.relative_to(folder).parts[0] not in without)


def measure_size(setup: Setup, report: Report) -> None:
    prefix = setup.scratch / "install"
    subprocess.run(["cmake", "--install", str(setup.build_dir), "--prefix", str(prefix), "--strip"], check=True,
                   stdout=subprocess.DEVNULL)
    assert setup.reference_python
    site = Path(subprocess.check_output([setup.reference_python, "-c", "import sysconfig; print(sysconfig.get_path("
                                         "'purelib'))"], text=True).strip())
    # pip brings no model, so the bundled one is left out; the runtime is in, because pip brings it too.
    model = sum(size_of(folder) for folder in prefix.rglob("models") if folder.is_dir())
    ours = size_of(prefix) - model + setup.runtime.stat().st_size
    for name, without, least in (("installed", (), 100), ("installed, without its CUDA packages", CUDA_PACKAGES, 35)):
        theirs = size_of(site, without)
        report.add(Result(name, mb(ours), mb(theirs), f"1/{theirs / ours:.0f}", f"<= 1/{least}", theirs / ours >= least,
                          figures={"ours_bytes": ours, "peer_bytes": theirs, "bundled_model_bytes": model}))
    report.add(Result("of ours: all but runtime and model", mb(ours - setup.runtime.stat().st_size), "", ""))


def measure(setup: Setup) -> bool:
    report = Report("optimum", 'Against optimum\'s pipeline(..., accelerator="ort")', setup.build_dir)
    if not setup.reference_python:
        print("\noptimum: not measured; bench/reference_env.sh makes its environment (7 GB)")
        return True
    measure_start(setup, report)
    measure_single(setup, report)
    measure_batch(setup, report)
    measure_size(setup, report)
    return report.finish()
