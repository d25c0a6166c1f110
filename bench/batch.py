"""Many sentences of mixed length: the library's batches against fixed batches of 32 in the order of the input."""

from __future__ import annotations

import json
from typing import IO

from harness import Comparison, Peer, Report, Result, Sample, compare, run_process
from setup import N_MIXED, Setup, show

N_ROUNDS, N_STREAM_ROUNDS = 5, 3
MIN_SPEEDUP = 1.7


def per_second(seconds: float) -> str:
    return f"{N_MIXED / seconds:.0f}/s"


def row(name: str, c: Comparison, command: list[str], is_demanded: bool) -> Result:
    speedup = 1 / c.wall_ratio
    return Result(name, per_second(c.ours.wall_s), per_second(c.peer.wall_s),
                  f"{speedup:.2f} times; CPU {1 / c.cpu_ratio:.2f} times", f">= {MIN_SPEEDUP} times" * is_demanded,
                  speedup >= MIN_SPEEDUP if is_demanded else None, show(command), c.figures())


def measure(setup: Setup) -> bool:
    report = Report("batch", f"{N_MIXED} sentences of 3 to 60 words, against the floor in batches of 32 in input order",
                    setup.build_dir)
    lines = [json.dumps(line).encode() + b"\n" for line in setup.text("mixed").read_text("utf-8").splitlines()]
    ours = setup.api("bench_api_batch", "--text", setup.text("mixed"))
    stream = setup.run_command("--jsonl")

    def run_stream() -> Sample:
        def feed(stdin: IO[bytes]) -> None:
            stdin.writelines(lines)

        sample, n_results = run_process(stream, setup.env, feed)
        assert n_results == N_MIXED, f"{n_results} results"
        return sample

    with Peer(setup.floor("batch", "mixed", "--cache", setup.floor_cache())) as floor:
        with Peer(ours) as a:
            c = compare(lambda: a.turn(1), lambda: floor.turn(1), N_ROUNDS)
        report.add(row("ap_pipeline_call() on a list", c, ours, True))
        c = compare(run_stream, lambda: floor.turn(1), N_STREAM_ROUNDS)
        report.add(row("`--jsonl`, the whole process", c, [*stream, "<", "mixed.jsonl"], False))
    return report.finish()
