#!/usr/bin/env python3
"""Takes the small golden set of tests/data/tokenizers out of the whole kit of reference cases.

    tools/golden/take_tokenizers.py ../shared/tokenizers tests/data/tokenizers

Every tokenizer of the kit that was made for it (one component each, or a small trained vocabulary) and whose file is
small is taken, with cases spread evenly over its golden file, and with the texts those cases need. The kit's README says
how the cases were made (huggingface tokenizers 0.23.3) and that these tokenizers are CC0.
"""
import json
import pathlib
import shutil
import sys

PREFIXES = ("added-", "dec-", "norm-", "post-", "pre-", "syn-")
MAX_FILE_BYTES = 48 << 10
MAX_CASES = 30
MAX_CASE_BYTES = 3 << 10


def texts_of(case):
    """Every place in a case that holds the index of a text: (container, key)."""
    for key in ("t", "p"):
        if isinstance(case.get(key), int):
            yield case, key
        elif isinstance(case.get(key), list):
            yield from ((case[key], i) for i in range(len(case[key])))
    for i, item in enumerate(case.get("batch", [])):
        if isinstance(item, int):
            yield case["batch"], i
        else:
            yield from ((item, k) for k in range(len(item)))


def take_cases(path):
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if len(line) <= MAX_CASE_BYTES]
    step = max(1, -(-len(lines) // MAX_CASES))
    return header, [json.loads(line) for line in lines[::step]]


def main():
    kit, out = map(pathlib.Path, sys.argv[1:3])
    texts = [json.loads(line) for line in (kit / "texts/inputs.jsonl").read_text(encoding="utf-8").splitlines()]
    for folder in ("goldens", "texts"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    taken, used = {}, {}
    for path in sorted((kit / "goldens").glob("*.jsonl")):
        source = kit / path.stem / "tokenizer.json"
        if path.stem.startswith(PREFIXES) and source.is_file() and source.stat().st_size <= MAX_FILE_BYTES:
            taken[path.stem] = take_cases(path)
    for _, cases in taken.values():
        for case in cases:
            for place, key in texts_of(case):
                place[key] = used.setdefault(place[key], len(used))
    for name, (header, cases) in taken.items():
        (out / name).mkdir(exist_ok=True)
        shutil.copyfile(kit / name / "tokenizer.json", out / name / "tokenizer.json")
        lines = [header] + [json.dumps(case, separators=(",", ":")) for case in cases]
        (out / "goldens" / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = [json.dumps({"text": texts[i]["text"]}) for i in used]
    (out / "texts/inputs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(taken)} tokenizers, {sum(len(c) for _, c in taken.values())} cases, {len(used)} texts")


if __name__ == "__main__":
    main()
