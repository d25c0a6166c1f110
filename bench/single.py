"""One sentence through ap_pipeline_call(), against the floor: what of a call is ours."""

from __future__ import annotations

from harness import Comparison, Peer, Report, Result, compare, us
from setup import Setup, show

N_CALLS, N_ROUNDS = 20, 25
MAX_RATIO, MAX_OVER_S = 1.03, 50e-6


def over(c: Comparison) -> str:
    return f"{c.wall_ratio:.3f} ({c.wall_over_s * 1e6:+.0f} us); CPU {c.cpu_ratio:.3f}"


def measure(setup: Setup) -> bool:
    report = Report("single", "Single sentence through the C API, against the floor", setup.build_dir)
    for text, length in (("short", "short"), ("long", "long")):
        n_ids = len(setup.ids(text).read_text().split())
        for threads in dict.fromkeys((setup.n_threads, 1)):
            ours = setup.api("bench_api_single", "--text", setup.text(text), "--threads", str(threads))
            floor = setup.floor("single", text, "--cache", setup.floor_cache(threads), threads=threads)
            with Peer(ours) as a, Peer(floor) as b:
                c = compare(lambda: a.turn(N_CALLS), lambda: b.turn(N_CALLS), N_ROUNDS)
            ok = c.wall_ratio <= MAX_RATIO or c.wall_over_s <= MAX_OVER_S
            report.add(Result(f"{length}, {n_ids} tokens, {threads} thread{'s' * (threads > 1)}", us(c.ours.wall_s),
                              us(c.peer.wall_s), over(c), "<= 1.03 or +50 us", ok, show(ours), c.figures()))
    return report.finish()
