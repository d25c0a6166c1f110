#!/usr/bin/env python3
"""Speed, load time and memory of tokenizers, against the reference crate and the fastest others.

  measure.py --build-dir DIR --kit DIR --reference PROGRAM [--peer-python PYTHON] [--rounds N] [NAME...]

NAME: which of the tokenizers of the table below. Each program encodes the same lines on one thread; two that are compared
stay loaded and get turns, except fastokens, which keeps what it has seen and is measured on text that is new to it: a
process for each turn, which loads before the clock starts. The ids are compared first; a peer that gives others in some
lines is measured on the rest.

One thread is one CPU: measure.py may use a single one while two are compared, and so may what it starts. fastokens heeds no
variable that says how many threads to take; it takes one for each CPU that it may use, and none but its first where that is
one (`taskset -c 0 strace -f -e trace=clone,clone3 python peer.py fastokens ...` shows no call). A turn on new text takes 20
to 200 ms, of 1.2 MB (English) and 2.9 MB (17 languages) in 7,000 lines each.
Writes DIR/bench/tokenizers.json. Exit status: 0 when all demands are met, 1 when one is not.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import Comparison, Peer, Report, Result, Sample, compare, mb, ms, run_process  # noqa: E402

TEXTS = {"English": "natural_en.txt", "17 languages": "natural_multi.txt"}
# Against the fastest of the others, wherever they give the same ids.
OTHERS_FACTOR = 1.5
LOAD_RATIO, MEMORY_RATIO = 1 / 5, 1 / 3
LEAST_SHARE = 0.5  # of lines with the same ids; below, the two do different things


@dataclass
class Tokenizer:
    name: str
    family: str
    factor: float  # that is demanded against the reference
    others: dict[str, list[str]] = field(default_factory=dict)  # library: its own options
    loads: bool = False  # measure load time and memory as well


TOKENIZERS = [
    Tokenizer("bert-uncased", "WordPiece", 4, {"blingfire": ["--blingfire-model", "bert_base_tok.bin"]}),
    Tokenizer("gpt2", "byte-level BPE", 4, {"tiktoken": [], "fastokens": []}),
    Tokenizer("llama3", "byte-level BPE", 4, {"tiktoken": [], "fastokens": []}, loads=True),
    Tokenizer("qwen2", "byte-level BPE", 4, {"tiktoken": [], "fastokens": []}),
    Tokenizer("llama2", "SentencePiece BPE", 4, {"sentencepiece": [], "fastokens": []}),
    Tokenizer("xlm-roberta", "Unigram", 3, {"sentencepiece": [],
                                            "blingfire": ["--blingfire-model", "xlm_roberta_base.bin"]}, loads=True),
    Tokenizer("spm-en-1k", "Unigram, T5 shape", 3, {"sentencepiece": []}),
]


class Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.scratch = args.build_dir / "bench" / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.report = Report("tokenizers", "Tokenizers, one thread, MB of text a second", args.build_dir)

    # -- programs ------------------------------------------------------------------------------------------

    def file(self, name: str) -> Path:
        plain = self.args.kit / name / "tokenizer.json"
        if plain.exists():
            return plain
        unpacked = self.scratch / f"{name}.json"
        if not unpacked.exists():
            unpacked.write_bytes(gzip.decompress(plain.with_suffix(".json.gz").read_bytes()))
        return unpacked

    def command(self, who: str, mode: str, tokenizer: Tokenizer, text: Path, special: bool) -> list[str]:
        """`who` is "ours", "reference" or a library of peer.py."""
        common = ["--mode", mode, "--tokenizer", str(self.file(tokenizer.name)), "--text", str(text)]
        if who in ("ours", "reference"):
            program = self.args.build_dir / "bench" / "bench_tokenize" if who == "ours" else self.args.reference
            return [str(program), *common, "--special", str(int(special))]
        peer = Path(__file__).resolve().parent / "peer.py"
        return [str(self.args.peer_python), str(peer), who, *common, *tokenizer.others[who]]

    def ids(self, who: str, tokenizer: Tokenizer, text: Path, special: bool) -> list[bytes] | str:
        """The ids of each line, or why there are none."""
        done = subprocess.run(self.command(who, "ids", tokenizer, text, special), capture_output=True, check=False)
        if done.returncode:
            return done.stderr.decode(errors="replace").strip().split("\n")[-1][:120]
        numbers = memoryview(done.stdout).cast("I")
        lines, start = [], 0
        for i, number in enumerate(numbers):
            if number == 0xFFFFFFFF:
                lines.append(bytes(numbers[start:i]))
                start = i + 1
        return lines

    # -- speed ---------------------------------------------------------------------------------------------

    def common_lines(self, who: str, tokenizer: Tokenizer, text: Path, special: bool) -> tuple[Path, float] | str:
        """The text of the lines that both give the same ids for, and their share; or why there is none."""
        ours, theirs = (self.ids(w, tokenizer, text, special) for w in ("ours", who))
        if isinstance(ours, str) or isinstance(theirs, str):
            return f"ours: {ours}" if isinstance(ours, str) else theirs  # type: ignore[return-value]
        if len(ours) != len(theirs):
            return f"{len(theirs)} lines, not {len(ours)}"
        same = [a == b for a, b in zip(ours, theirs)]
        if all(same):
            return text, 1.0
        lines = [line for line in text.read_bytes().split(b"\n") if line]
        kept = self.scratch / f"{tokenizer.name}-{who}-{text.name}"
        kept.write_bytes(b"\n".join(line for line, is_same in zip(lines, same) if is_same) + b"\n")
        return kept, sum(same) / len(same)

    def speed(self, who: str, tokenizer: Tokenizer, label: str, text: Path, factor: float) -> None:
        special = who == "reference"  # The others have no post-processor of the same kind.
        name = f"{tokenizer.name} ({tokenizer.family}), {label}"
        found = self.common_lines(who, tokenizer, text, special)
        if isinstance(found, str):
            self.report.add(Result(name, "", who, f"not measured: {found}"))
            return
        text, share = found
        if share < LEAST_SHARE:
            self.report.add(Result(name, "", who, f"not measured: the same ids in {share:.0%} of lines only"))
            return
        c = self.turns(who, tokenizer, text, special)
        size = sum(len(line) for line in text.read_bytes().split(b"\n"))
        ratio = 1 / c.wall_ratio
        on = "" if share == 1 else f"; on the {share:.2%} of lines with the same ids"
        # The reference has to give the same ids everywhere.
        ok = ratio >= factor and (share == 1 or who != "reference")
        command = " ".join(self.command("ours", "encode", tokenizer, text, special)) if special else ""
        self.report.add(Result(name, self.rate(size, c.ours), f"{who} {self.rate(size, c.peer)}",
                               f"{ratio:.2f}x (CPU {1 / c.cpu_ratio:.2f}x){on}", f">= {factor:g}x", ok, command,
                               c.figures()))

    @staticmethod
    def rate(size: int, sample: Sample) -> str:
        return f"{size / 1e6 / sample.wall_s:.1f} MB/s"

    def turns(self, who: str, tokenizer: Tokenizer, text: Path, special: bool) -> Comparison:
        ours, theirs = (self.command(w, "encode", tokenizer, text, special) for w in ("ours", who))
        with one_cpu():
            if who == "fastokens":
                return compare(fresh(ours), fresh(theirs), self.args.rounds)
            with Peer(ours) as a, Peer(theirs) as b:
                a.turn(1), b.turn(1)  # Whoever keeps what he has seen has seen it now.
                return compare(lambda: a.turn(1), lambda: b.turn(1), self.args.rounds)

    # -- loading, batches ----------------------------------------------------------------------------------

    def load(self, tokenizer: Tokenizer) -> None:
        text = self.args.kit / "texts" / TEXTS["English"]
        ours, theirs = (self.command(who, "load", tokenizer, text, True) for who in ("ours", "reference"))
        c = compare(lambda: run_process(ours)[0], lambda: run_process(theirs)[0], self.args.rounds)
        self.report.add(Result(f"{tokenizer.name}, load and one line", ms(c.ours.wall_s), f"reference {ms(c.peer.wall_s)}",
                               f"{c.wall_ratio:.3f} (CPU {c.cpu_ratio:.3f})", f"<= {LOAD_RATIO:.2f}",
                               c.wall_ratio <= LOAD_RATIO, " ".join(ours), c.figures()))
        ratio = c.ours.max_rss_bytes / c.peer.max_rss_bytes
        self.report.add(Result(f"{tokenizer.name}, peak memory of that", mb(c.ours.max_rss_bytes),
                               f"reference {mb(c.peer.max_rss_bytes)}", f"{ratio:.3f}", f"<= {MEMORY_RATIO:.2f}",
                               ratio <= MEMORY_RATIO))

    def batch(self, tokenizer: Tokenizer) -> None:
        """A batch over all threads, against one thread of ours, and against the reference on as many."""
        n = len(os.sched_getaffinity(0))
        text = self.args.kit / "texts" / TEXTS["17 languages"]
        size = text.stat().st_size
        many = [*self.command("ours", "batch", tokenizer, text, True), "--threads", str(n)]
        one = [*self.command("ours", "batch", tokenizer, text, True), "--threads", "1"]
        theirs = self.command("reference", "batch", tokenizer, text, True)
        for who, command, demand in (("ours, 1 thread", one, None), ("reference", theirs, tokenizer.factor)):
            with Peer(many) as a, Peer(command, {"RAYON_NUM_THREADS": str(n)}) as b:
                a.turn(1), b.turn(1)
                c = compare(lambda: a.turn(1), lambda: b.turn(1), self.args.rounds)
            ratio = 1 / c.wall_ratio
            self.report.add(Result(f"{tokenizer.name}, a batch on {n} threads", self.rate(size, c.ours),
                                   f"{who} {self.rate(size, c.peer)}", f"{ratio:.2f}x",
                                   f">= {demand:g}x" if demand else "", None if not demand else ratio >= demand,
                                   " ".join(many), c.figures()))

    def run(self, tokenizer: Tokenizer) -> None:
        reason = self.ids("ours", tokenizer, self.args.kit / "texts" / TEXTS["English"], True)
        if isinstance(reason, str):
            self.report.add(Result(f"{tokenizer.name} ({tokenizer.family})", reason, "", "not measured", "", False))
            return
        for label, file in TEXTS.items():
            text = self.args.kit / "texts" / file
            self.speed("reference", tokenizer, label, text, tokenizer.factor)
            for who in tokenizer.others if self.args.peer_python else ():
                self.speed(who, tokenizer, label, text, OTHERS_FACTOR)
        if tokenizer.loads:
            self.load(tokenizer)
        if tokenizer.name in ("gpt2", "bert-uncased"):
            self.batch(tokenizer)


@contextlib.contextmanager
def one_cpu() -> Iterator[None]:
    """This process and those that it starts share one CPU."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cpus)


def fresh(command: list[str]) -> Callable[[], Sample]:
    """A turn of a process that has not seen the text."""

    def turn() -> Sample:
        with Peer(command) as peer:
            return peer.turn(1)

    return turn


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, required=True)
    parser.add_argument("--kit", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, help="Python of the environment that has the others")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*(t.name for t in TOKENIZERS), []])
    args = parser.parse_args()
    bench = Bench(args)
    for tokenizer in TOKENIZERS:
        if not args.names or tokenizer.name in args.names:
            bench.run(tokenizer)
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} CPUs; {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}")
    return 0 if bench.report.finish() else 1


if __name__ == "__main__":
    sys.exit(main())
