"""Two callers at once, each with a pipeline of its own, against one that has all cores: they must not get in each other's way."""

from __future__ import annotations

import itertools

from harness import Peer, Report, Result, compare
from setup import LONG, SHORT, Setup, show

N_ROUNDS, N_CALLS = 15, 3
MIN_THROUGHPUT = 0.95


def measure(setup: Setup) -> bool:
    report = Report("callers", "Two callers with a pipeline each, against one", setup.build_dir)
    cases = (("1 x 9 tokens", SHORT, 1), ("1 x 37 tokens", LONG, 1), ("8 x 37 tokens", LONG, 8))
    for backend, (name, text, n_rows) in itertools.product(setup.backends, cases):
        command = setup.tool("bench_api_callers", "--accelerator", backend, "--cache-dir", setup.cache_dir, "--text", text,
                             "--rows", str(n_rows))
        with Peer([*command, "--callers", "1"]) as one, Peer([*command, "--callers", "2"]) as two:
            c = compare(lambda: two.turn(N_CALLS), lambda: one.turn(N_CALLS), N_ROUNDS)
        throughput = 1 / c.wall_ratio
        report.add(Result(f"{backend}, {name}", f"{c.ours.wall_s * 1e3:.1f} ms", f"{c.peer.wall_s * 1e3:.1f} ms",
                          f"{throughput:.2f} of one's throughput; CPU {c.cpu_ratio:.2f}", f">= {MIN_THROUGHPUT}",
                          throughput >= MIN_THROUGHPUT, show([*command, "--callers", "2"]), c.figures()))
    return report.finish()
