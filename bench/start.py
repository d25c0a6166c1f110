"""From the start of a process to its printed answer, with the bundled model; and what the start-up cache is worth."""

from __future__ import annotations

import shutil

from harness import Comparison, Report, Result, Sample, compare, mb, ms, run_process
from setup import SHORT, Setup, show

N_ROUNDS, N_CACHE_ROUNDS = 21, 9
MAX_RATIO, MAX_CACHE_RATIO, MAX_OV_RATIO = 1.3, 0.5, 1.8


def ratio(c: Comparison) -> str:
    return f"{c.wall_ratio:.2f}; CPU {c.cpu_ratio:.2f}"


def time_and_memory(sample: Sample) -> str:
    return f"{ms(sample.wall_s)}, CPU {ms(sample.cpu_s)}, {mb(sample.max_rss_bytes)}"


def measure_start(setup: Setup, report: Report) -> None:
    ours = setup.run_command(SHORT)
    ours_uncached = setup.run_command("--no-cache", SHORT)
    floor_cached = setup.floor("start", "short", "--cache", setup.floor_cache())
    floor_plain = setup.floor("start", "short")
    run_process(ours, setup.env)  # fills the cache
    rows = (("with its cache; floor with the same kind of cache", ours, floor_cached, MAX_RATIO),
            ("with its cache; floor without", ours, floor_plain, MAX_RATIO),
            ("--no-cache; floor without", ours_uncached, floor_plain, MAX_RATIO))
    for name, command, floor, limit in rows:
        c = compare(lambda: run_process(command, setup.env)[0], lambda: run_process(floor)[0], N_ROUNDS)
        report.add(Result(f"process start to answer, {name}", time_and_memory(c.ours), time_and_memory(c.peer), ratio(c),
                          f"<= {limit}", c.wall_ratio <= limit, show(command), c.figures()))


def measure_cache(setup: Setup, report: Report) -> None:
    """Each round removes the cache, starts (which fills it), and starts again."""
    command = setup.run_command(SHORT)
    pairs = []
    for _ in range(N_CACHE_ROUNDS):
        shutil.rmtree(setup.cache_dir)
        setup.cache_dir.mkdir()
        first = run_process(command, setup.env)[0]
        pairs.append((run_process(command, setup.env)[0], first))
    c = Comparison.of(pairs)
    report.add(Result("second start (ours) against the first, which fills the cache (peer)", time_and_memory(c.ours),
                      time_and_memory(c.peer), ratio(c), "CPU <= 0.5", c.cpu_ratio <= MAX_CACHE_RATIO, show(command),
                      c.figures()))
    uncached = setup.run_command("--no-cache", SHORT)
    c = compare(lambda: run_process(command, setup.env)[0], lambda: run_process(uncached, setup.env)[0], N_CACHE_ROUNDS)
    report.add(Result("start with a filled cache (ours) against --no-cache (peer)", time_and_memory(c.ours),
                      time_and_memory(c.peer), ratio(c), command=show(uncached), figures=c.figures()))
    size = sum(path.stat().st_size for path in setup.cache_dir.rglob("*") if path.is_file())
    report.add(Result("size of the cache; of the model file (peer)", mb(size), mb(setup.model_file.stat().st_size),
                      f"{size / setup.model_file.stat().st_size:.2f}"))


def measure_openvino(setup: Setup, report: Report) -> None:
    ov, ort = setup.run_command(SHORT, accelerator="ov"), setup.run_command(SHORT)
    for command in (ov, ort):
        run_process(command, setup.env)  # fills the cache
    c = compare(lambda: run_process(ov, setup.env)[0], lambda: run_process(ort, setup.env)[0], N_ROUNDS)
    report.add(Result("second start with ov (ours) against one with ort (peer)", time_and_memory(c.ours), time_and_memory(c.peer),
                      ratio(c), f"<= {MAX_OV_RATIO}", c.wall_ratio <= MAX_OV_RATIO, show(ov), c.figures()))


def measure(setup: Setup) -> bool:
    report = Report("start", "Process start to printed answer, and the start-up cache", setup.build_dir)
    measure_start(setup, report)
    measure_cache(setup, report)
    if "ov" in setup.backends:
        measure_openvino(setup, report)
    return report.finish()
