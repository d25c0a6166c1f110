#!/usr/bin/env python3
"""Runs golden cases through `accelpipe tokenize FILE --jsonl` and compares every field of every answer.

  tests/golden/tokenize_cli.py --program PROGRAM --kit FOLDER [NAME...]

FOLDER has NAME/tokenizer.json(.gz), goldens/NAME.jsonl and texts/inputs.jsonl in the form that its README describes.
Exit status: 0 all tokenizers load and all cases agree, 1 one does not.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OPTIONS = ("add_special_tokens", "truncation", "padding", "stored_options")
SHOWN_FAILURES = 10


def request(case, texts):
    """The line of a golden case: its texts in place of their indices."""
    line = {key: case[key] for key in OPTIONS if key in case}

    def text(index):
        return [texts[i] for i in index] if isinstance(index, list) else texts[index]

    for key, name in (("t", "text"), ("p", "pair"), ("batch", "batch")):
        if key in case:
            line[name] = [text(index) for index in case[key]] if key == "batch" else text(case[key])
    for key, name in (("w", "words"), ("ids_in", "ids_in")):
        if key in case:
            line[name] = case[key]
    return line


class Comparison:
    """Collects what differs in one answer. What a golden case leaves out has its default, as the README says."""

    def __init__(self, token_of):
        self.token_of = token_of
        self.differences = []

    def check(self, name, expected, found):
        if expected != found:
            self.differences.append(f"{name}: expected {expected!r:.200}, found {found!r:.200}")

    def encoding(self, where, expected, found, is_part=False, is_words=False):
        n = len(expected["ids"])
        for name, default in (("ids", None), ("type_ids", [0] * n), ("offsets", None), ("attention_mask", [1] * n),
                              ("word_ids", [None] * n)):
            self.check(where + name, expected.get(name, default), found.get(name))
        # Of words, the kit gives neither masks nor strings.
        if not is_words or "special_tokens_mask" in expected:
            self.check(where + "special_tokens_mask", expected.get("special_tokens_mask", [0] * n),
                       found.get("special_tokens_mask"))
        for name in ("tokens", "byte_offsets", "sequence_ids"):
            if name in expected:
                self.check(where + name, expected[name], found.get(name))
        if "tokens" not in expected and not is_words:
            self.tokens(where, expected["ids"], found.get("tokens"))
        if is_part:
            return
        # Elsewhere the bytes are those of the characters, but the kit does not give them for cut pairs.
        if "byte_offsets" not in expected and "n_overflowing" not in expected and "sequence_ids" not in expected:
            self.lengths(where, n, found)
        self.check(where + "n_overflowing", expected.get("n_overflowing", 0), found.get("n_overflowing", 0))
        for i, part in enumerate(expected.get("overflowing", [])):
            parts = found.get("overflowing", [])
            if i < len(parts):
                self.encoding(f"{where}overflowing[{i}].", part, parts[i], is_part=True)
            else:
                self.check(f"{where}overflowing[{i}]", part, None)

    def lengths(self, where, n, found):
        for name in ("byte_offsets", "sequence_ids"):
            self.check(f"{where}len({name})", 2 * n if name == "byte_offsets" else n, len(found.get(name, [])))

    def tokens(self, where, ids, found):
        """The strings of the ids, which the tokenizer's own file has."""
        self.check(where + "tokens", [self.token_of.get(i) for i in ids] if self.token_of else found, found)

    def decode(self, expected, found):
        keep = expected["keep"]
        for way, text in (("keep", keep), ("skip", expected.get("skip", keep))):
            other = found.get("decode", {}).get(way)
            if isinstance(text, dict):
                self.check(f"decode.{way}", True, isinstance(other, dict) and "error" in other)
            else:
                self.check(f"decode.{way}", text, other)


def compare(case, answer, token_of):
    comparison = Comparison(token_of)
    if "error" in case or "error" in answer:
        comparison.check("error", "error" in case, "error" in answer)
    elif "encodings" in case:
        comparison.check("len(encodings)", len(case["encodings"]), len(answer.get("encodings", [])))
        for i, (expected, found) in enumerate(zip(case["encodings"], answer.get("encodings", []))):
            comparison.encoding(f"encodings[{i}].", expected, found)
    elif "ids" in case:
        comparison.encoding("", case, answer, is_words="w" in case)
    if "decode" in case and not comparison.differences:
        comparison.decode(case["decode"], answer)
    return comparison.differences


def vocabulary(file):
    """{id: token} by the file, as id_to_token gives it; added tokens that are normalized may differ and are left to the
    cases that name their tokens."""
    data = json.loads(file.read_text(encoding="utf-8"))
    vocab = data["model"]["vocab"]
    tokens = dict(enumerate(row[0] for row in vocab)) if isinstance(vocab, list) else {i: t for t, i in vocab.items()}
    added = data.get("added_tokens", [])
    if any(token["normalized"] for token in added):
        return {}
    return tokens | {token["id"]: token["content"] for token in added}


def unpack(kit, name, folder):
    file = kit / name / "tokenizer.json"
    if file.exists():
        return file
    target = Path(folder) / f"{name}.json"
    target.write_bytes(gzip.decompress((kit / name / "tokenizer.json.gz").read_bytes()))
    return target


def run(program, kit, name, texts):
    """(number of cases, failures, reason why it was not loaded)."""
    lines = (kit / "goldens" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines[1:]]
    with tempfile.TemporaryDirectory() as folder:
        file = unpack(kit, name, folder)
        feed = "".join(json.dumps(request(case, texts)) + "\n" for case in cases)
        done = subprocess.run([program, "tokenize", str(file), "--jsonl"], input=feed, capture_output=True, text=True,
                              encoding="utf-8", check=False)
        answers = [json.loads(line) for line in done.stdout.split("\n") if line]
        token_of = vocabulary(file)
    if not answers:
        return 0, [], done.stderr.strip() or f"nothing printed, exit status {done.returncode}"
    if len(answers) != len(cases):
        return 0, [f"{name}: {len(answers)} answers to {len(cases)} lines"], None
    failures = []
    for number, (case, answer) in enumerate(zip(cases, answers), 2):
        differences = compare(case, answer, token_of)
        if differences:
            failures.append(f"goldens/{name}.jsonl:{number}: {'; '.join(differences[:3])}")
    return len(cases), failures, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kit", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or sorted(path.stem for path in (args.kit / "goldens").glob("*.jsonl"))
    texts = [json.loads(line)["text"] for line in (args.kit / "texts/inputs.jsonl").read_text("utf-8").split("\n") if line]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: run(args.program, args.kit, name, texts), names))
    failures = [failure for _, found, _ in results for failure in found]
    failures += [f"{name}: {reason}" for name, (_, _, reason) in zip(names, results) if reason]
    print(*failures[:SHOWN_FAILURES], sep="\n", end="\n" if failures else "")
    print(f"{sum(n for n, _, _ in results)} cases of {len(names)} tokenizers, {len(failures)} failures")
    return 1 if failures or not names else 0


if __name__ == "__main__":
    sys.exit(main())
