#!/usr/bin/env python3
"""Random texts through the reference (the `tokenizers` package) and through ours, until a result differs.

    tools/fuzz_tokenizers.py --program build/release/bench/tokenizer_lines [--kit ../shared/tokenizers]
        [--seed N] [--cases N] [--round R] [--only NAME] [--without-kit]

A round takes one tokenizer, of the kit or made of random components, perhaps with random added tokens, and compares a
number of random calls. Rounds are numbered and have a seed of their own: the first difference is printed with `--seed`
and `--round`, which repeat it. Exit status: 0 no difference, 1 a difference, 2 it could not be run.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["RUST_BACKTRACE"] = "0"

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import fuzz_tokenizers_random as make  # noqa: E402

CASES_OF_KIT, CASES_OF_RANDOM = 1000, 120
FIELDS = ("ids", "type_ids", "tokens", "word_ids", "special_tokens_mask", "attention_mask")


class Ours:
    """The program at the other end of a pipe."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            return {"died": self.process.wait()}
        return json.loads(line)


def quietly(call):
    """What the call gives, or None where the reference raises or panics."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a panic of the reference is no Exception
        return None


def byte_offsets(encoding, text):
    ends = [0]
    for c in text:
        ends.append(ends[-1] + len(c.encode()))
    return [ends[i] for pair in encoding.offsets for i in pair]


def describe(encoding, depth=0):
    out = {field: getattr(encoding, field) for field in FIELDS}
    out["offsets"] = [i for pair in encoding.offsets for i in pair]
    if depth == 0:  # With pairs, those have overflowing parts again, which nobody reads.
        out["overflowing"] = [describe(part, 1) for part in encoding.overflowing]
    return out


def reference_of(tokenizer, request):
    if "ids_in" in request:
        ids = request["ids_in"]
        return {k: quietly(lambda: tokenizer.decode(ids, skip_special_tokens=s)) for k, s in (("keep", False), ("skip", True))}
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def encode():
        if "truncation" in request:
            tokenizer.enable_truncation(**request["truncation"])
        if "padding" in request:
            tokenizer.enable_padding(**request["padding"])
        special = request["add_special_tokens"]
        if "words" in request:
            return tokenizer.encode(request["words"], is_pretokenized=True, add_special_tokens=special)
        return tokenizer.encode(request["text"], request.get("pair"), add_special_tokens=special)

    encoding = quietly(encode)
    if encoding is None:
        return {"error": True}
    out = describe(encoding)
    if "words" not in request and "pair" not in request and "truncation" not in request and "padding" not in request:
        offsets = quietly(lambda: byte_offsets(encoding, request["text"]))
        if offsets is not None:  # Some places of the reference lie behind the text.
            out["byte_offsets"] = offsets
    if "truncation" not in request:
        out["sequence_ids"] = encoding.sequence_ids
    out["keep"] = quietly(lambda: tokenizer.decode(encoding.ids, skip_special_tokens=False))
    out["skip"] = quietly(lambda: tokenizer.decode(encoding.ids, skip_special_tokens=True))
    return out


def difference(expected, found, place=""):
    """The first difference as text, or None. What only ours has is not compared."""
    if "died" in found:
        return f"the program died: {found['died']}"
    if ("error" in expected) != ("error" in found):
        return f"{place}error: expected {expected.get('error')}, found {found.get('error')}"
    for key, value in expected.items():
        if key == "overflowing":
            if len(value) != len(found[key]):
                return f"{place}n_overflowing: expected {len(value)}, found {len(found[key])}"
            for i, (a, b) in enumerate(zip(value, found[key])):
                if text := difference(a, b, f"{place}overflowing[{i}]."):
                    return text
        elif key != "error" and value != found[key]:
            return f"{place}{key}:\n  expected {value!r}\n  found    {found[key]!r}"
    return None


def ambiguous(tokenizer):
    """Whether two added tokens look for the same text: the reference then picks one by the order of a hash table."""
    seen = set()
    for token in tokenizer.get_added_tokens_decoder().values():
        normal = token.normalized and tokenizer.normalizer
        text = quietly(lambda: tokenizer.normalizer.normalize_str(token.content)) if normal else token.content
        if (token.normalized, text) in seen:
            return True
        seen.add((token.normalized, text))
    return False


class Rounds:
    def __init__(self, args):
        from tokenizers import Tokenizer

        self.read = Tokenizer.from_str
        self.args = args
        self.ours = Ours(args.program)
        self.kit = [] if args.without_kit or not args.kit else sorted(pathlib.Path(args.kit).glob("*/tokenizer.json*"))
        if args.only:
            self.kit = [path for path in self.kit if path.parent.name == args.only]
        self.names, self.n_cases, self.n_loads, self.n_refused = set(), 0, 0, 0

    def pick(self, rnd):
        """Name and text of a tokenizer."""
        if self.kit and (self.args.only or rnd.random() < 0.4):
            path = rnd.choice(self.kit)
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            text = data.decode()
            if rnd.random() < 0.3 and len(text) < 1 << 20:
                config = json.loads(text)
                make.add_tokens(rnd, config, [])
                text = json.dumps(config)
            return path.parent.name, text, CASES_OF_KIT
        config = make.tokenizer(rnd)
        if rnd.random() < 0.1:
            make.spoil(rnd, config)
        return "random", json.dumps(config), CASES_OF_RANDOM

    def report(self, number, name, text, request, problem):
        print(f"difference: --seed {self.args.seed} --round {number}, tokenizer {name}")
        if name == "random":
            config = json.loads(text)
            if isinstance(config.get("model"), dict):
                config["model"] = {k: v for k, v in config["model"].items() if k not in ("vocab", "merges")}
            print(json.dumps(config))
        print(json.dumps(request))
        print(problem)

    def run(self, number):
        """False at a difference."""
        rnd = random.Random(f"{self.args.seed}:{number}")
        name, text, n = self.pick(rnd)
        tokenizer = quietly(lambda: self.read(text))
        found = self.ours.ask({"load": text})
        self.n_loads += 1
        if (tokenizer is None) != ("error" in found):
            self.report(number, name, text, {"load": "..."}, f"expected {'an error' if tokenizer is None else 'success'}, found {found}")
            return False
        if tokenizer is None:
            self.n_refused += 1
            return True
        if ambiguous(tokenizer):
            return True
        self.names.add(name if name != "random" else f"random {number}")
        texts = make.Texts(rnd, tokenizer)
        for _ in range(min(n, self.args.cases - self.n_cases)):
            request = texts.request()
            problem = difference(reference_of(tokenizer, request), self.ours.ask(request))
            self.n_cases += 1
            if problem:
                self.report(number, name, text, request, problem)
                return False
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=100000)
    parser.add_argument("--round", type=int)
    parser.add_argument("--only")
    parser.add_argument("--without-kit", action="store_true")
    args = parser.parse_args()
    try:
        rounds = Rounds(args)
    except (ImportError, OSError) as problem:
        print(f"cannot run: {problem}")
        return 2
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Panics of the reference.
    number = args.round or 0
    while rounds.n_cases < args.cases:
        if not rounds.run(number):
            return 1
        number += 1
        if args.round is not None:
            break
    print(f"no difference: seed {args.seed}, {number} rounds, {rounds.n_cases} cases, {len(rounds.names)} tokenizers, "
          f"{rounds.n_refused} refused by both")
    return 0


if __name__ == "__main__":
    sys.exit(main())
