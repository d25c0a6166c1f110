"""Memory over many calls: texts of random lengths, one to eight at a time, on every backend that is here."""

from __future__ import annotations

import json
import subprocess

from harness import Report, Result
from setup import ROOT, Setup, show

N_WARM, N_CALLS, MAX_ROWS = 5_000, 100_000, 8
MAX_GROWTH = 0.05
# Random weights: it is memory that counts, and a larger model would take hours.
MODEL = ROOT / "tests" / "data" / "growth"


def measure(setup: Setup) -> bool:
    report = Report("growth", f"Resident memory after {N_CALLS:,} calls of 1 to 512 tokens against {N_WARM:,} (peer)",
                    setup.build_dir)
    for backend in setup.backends:
        command = setup.tool("bench_api_growth", "--accelerator", backend, "--model", MODEL, "--rows", str(MAX_ROWS), "--threads",
                             "1", "--warm", str(N_WARM), "--calls", str(N_CALLS))
        points = [json.loads(line)["rss_kb"] for line in subprocess.check_output(command, text=True).splitlines()]
        growth = points[-1] / points[0] - 1
        report.add(Result(backend, f"{points[-1] / 1024:.1f} MB", f"{points[0] / 1024:.1f} MB", f"{growth:+.1%}",
                          f"< {MAX_GROWTH:.0%}", growth < MAX_GROWTH, show(command), {"rss_kb": points}))
    return report.finish()
