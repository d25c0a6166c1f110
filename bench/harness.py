"""How bench/ measures: interleaved turns, medians, ratios pair by pair, and one form for every result.

Two things are compared. Either both are programs that stay loaded and get turns (`Peer`), or each measurement is a
whole process (`run_process`). In both cases ours and the peer alternate within every round, a round gives one ratio
ours/peer, and the reported ratio is the median over the rounds, so that a slow minute of the machine hits both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# After a turn, a runtime's worker threads may spin for a few milliseconds; the next turn is not to pay for that.
PAUSE_BETWEEN_TURNS_S = 0.02


@dataclass
class Sample:
    """One measurement: seconds of wall and CPU time, and for whole processes the peak resident set."""

    wall_s: float
    cpu_s: float
    max_rss_bytes: int = 0


class Peer:
    """A loaded program that answers turns: bench/common.h says how."""

    def __init__(self, command: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})})
        answer = self._answer()
        self.result = answer.get("result")  # of programs that show one first
        if "result" in answer:
            answer = self._answer()
        if answer != {"ready": True}:
            raise RuntimeError(f"not ready: {self.command}")

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"ended with status {self.process.wait()}: {' '.join(self.command)}")

    def turn(self, n_calls: int) -> Sample:
        assert self.process.stdin
        self.process.stdin.write(f"{n_calls}\n")
        self.process.stdin.flush()
        answer = self._answer()
        return Sample(answer["wall_s"], answer["cpu_s"])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# The kernel counts to a process's peak memory what its address space was before exec(), a copy of its parent's: that of
# whoever measures. So a command is started from a small process, which says what it cost.
LAUNCHER = """
import os, sys, time
fd, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(fd, False)
before = time.monotonic()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
wall_s = time.monotonic() - before
os.write(fd, b"%r %r %d %d" % (wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)))
"""


def run_process(command: Sequence[str | Path], env: dict[str, str] | None = None,
                feed: Callable[[Any], None] | None = None) -> tuple[Sample, int]:
    """Runs a command to its end. Gives its cost and the number of lines that it printed.

    feed: writes its standard input, on a thread of its own; none: it has an empty one.
    CPU time and peak memory are those that the kernel counted for the process and the children it waited for; memory
    below that of an empty Python, which starts it, cannot be told.
    """
    words = [str(word) for word in command]
    cost_fd, written_fd = os.pipe()
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", LAUNCHER, str(written_fd), *words],
                               stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, pass_fds=[written_fd])
    os.close(written_fd)
    errors: list[bytes] = []

    def write() -> None:
        assert process.stdin and feed
        try:
            with process.stdin as stdin:
                feed(stdin)
        except BrokenPipeError:
            pass  # The exit status says why.

    def drain() -> None:
        assert process.stderr
        errors.append(process.stderr.read()[-4000:])

    helpers = [threading.Thread(target=drain)] + ([threading.Thread(target=write)] if feed else [])
    for helper in helpers:
        helper.start()
    assert process.stdout
    n_lines = 0
    while chunk := process.stdout.read(1 << 16):
        n_lines += chunk.count(b"\n")
    for helper in helpers:
        helper.join()
    process.wait()
    with os.fdopen(cost_fd, "rb") as pipe:
        cost = pipe.read().split()
    if not cost or int(cost[3]) != 0:
        raise RuntimeError(f"exit status {int(cost[3]) if cost else None}: {' '.join(words)}\n{errors[0].decode()}")
    return Sample(float(cost[0]), float(cost[1]), int(cost[2]) * 1024), n_lines


@dataclass
class Comparison:
    """The medians of two interleaved series, and the median of their ratios round by round."""

    ours: Sample
    peer: Sample
    wall_ratio: float
    cpu_ratio: float
    wall_over_s: float  # how much longer ours takes
    n_rounds: int

    @classmethod
    def of(cls, pairs: Sequence[tuple[Sample, Sample]]) -> Comparison:
        def middle(i: int) -> Sample:
            return Sample(statistics.median(p[i].wall_s for p in pairs), statistics.median(p[i].cpu_s for p in pairs),
                          int(statistics.median(p[i].max_rss_bytes for p in pairs)))

        return cls(middle(0), middle(1), statistics.median(a.wall_s / b.wall_s for a, b in pairs),
                   statistics.median(a.cpu_s / b.cpu_s for a, b in pairs),
                   statistics.median(a.wall_s - b.wall_s for a, b in pairs), len(pairs))

    def figures(self) -> dict[str, Any]:
        return asdict(self)


def compare(ours: Callable[[], Sample], peer: Callable[[], Sample], n_rounds: int) -> Comparison:
    """A B, B A, A B, ...: who goes first alternates, because the first of a pair may find other caches."""
    pairs = []
    for i in range(n_rounds):
        if i % 2 == 0:
            a = ours()
            time.sleep(PAUSE_BETWEEN_TURNS_S)
            b = peer()
        else:
            b = peer()
            time.sleep(PAUSE_BETWEEN_TURNS_S)
            a = ours()
        time.sleep(PAUSE_BETWEEN_TURNS_S)
        pairs.append((a, b))
    return Comparison.of(pairs)


@dataclass
class Result:
    """One row of the report. `ok` is None where nothing is demanded: the row is there for information."""

    name: str
    ours: str
    peer: str
    ratio: str
    demand: str = ""
    ok: bool | None = None
    command: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


class Report:
    """Collects the rows of one measurement, prints them and keeps them as JSON."""

    def __init__(self, name: str, title: str, build_dir: Path) -> None:
        self.name, self.title = name, title
        self.path = build_dir / "bench" / f"{name}.json"
        self.rows: list[Result] = []

    def add(self, row: Result) -> None:
        self.rows.append(row)
        print(f"  measured: {row.name}", file=sys.stderr, flush=True)

    def finish(self) -> bool:
        """Prints the table and writes the file. True when every demand is met."""
        print(f"\n## {self.title}\n")
        print("| what | ours | peer | ratio | demand | |\n|---|---|---|---|---|---|")
        for row in self.rows:
            verdict = {None: "", True: "ok", False: "**not ok**"}[row.ok]
            print(f"| {row.name} | {row.ours} | {row.peer} | {row.ratio} | {row.demand} | {verdict} |")
        for command in dict.fromkeys(row.command for row in self.rows if row.command):
            print(f"\n    {command}")
        sys.stdout.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"name": self.name, "title": self.title, "rows": [asdict(r) for r in self.rows]},
                                        indent=1) + "\n", encoding="utf-8")
        return all(row.ok is not False for row in self.rows)


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"


def mb(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:.1f} MB"
