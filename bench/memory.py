"""Peak memory of `--jsonl`, over a million lines and over ten thousand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

import workload
from harness import Report, Result, Sample, mb, ms, run_process
from setup import ROOT, Setup, show

N_FEW, N_MANY = 10_000, 1_000_000
MAX_RATIO = 1.05
# A tiny model, so that a million lines take minutes: it is our memory that is measured, not the runtime's.
MODEL = ROOT / "tests" / "data" / "parity" / "models" / "bert-sst2"


def lines(n: int) -> Iterator[str]:
    """Different lines of 3 to 30 words: each has its number in it, so that nothing that remembers inputs stays small."""
    texts = list(workload.sentences(10_000, seed=2, min_words=3, max_words=28))
    for i in range(n):
        yield json.dumps(f"{texts[i % len(texts)]} Number {i}.")


def run(setup: Setup, command: list[str], n: int) -> Sample:
    def feed(stdin: IO[bytes]) -> None:
        block: list[str] = []
        for line in lines(n):
            block.append(line)
            if len(block) == 1000:
                stdin.write(("\n".join(block) + "\n").encode())
                block.clear()

    sample, n_results = run_process(command, setup.env, feed)
    assert n_results == n, f"{n_results} results for {n} lines"
    return sample


def measure(setup: Setup) -> bool:
    report = Report("memory", f"Peak memory of --jsonl: {N_MANY:,} lines against {N_FEW:,} (peer)", setup.build_dir)
    # The tiny model has 64 positions.
    command = setup.run_command("--model", str(MODEL), "--jsonl", "--truncation")
    run(setup, command, 1000)  # fills the start-up cache, so that neither side pays for it
    few, many = (run(setup, command, n) for n in (N_FEW, N_MANY))
    ratio = many.max_rss_bytes / few.max_rss_bytes
    report.add(Result(f"peak resident set, {MODEL.name}", f"{mb(many.max_rss_bytes)} in {ms(many.wall_s)}",
                      f"{mb(few.max_rss_bytes)} in {ms(few.wall_s)}", f"{ratio:.3f}", f"<= {MAX_RATIO}",
                      ratio <= MAX_RATIO, show([*command, "<", "lines.jsonl"]),
                      {"ours_bytes": many.max_rss_bytes, "peer_bytes": few.max_rss_bytes, "ratio": ratio}))
    return report.finish()
