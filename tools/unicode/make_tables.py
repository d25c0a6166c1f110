#!/usr/bin/env python3
"""Turns the answers of the reference (probe_reference.py) into C tables.

    python probe_reference.py > properties.json
    python make_tables.py properties.json > ../../src/tokenizer/unicode_tables.h
"""
import json
import sys

# Bit names of src/tokenizer/unicode.h, in order, and the set of probe_reference.py behind each.
FLAGS = [
    ("WHITESPACE", "whitespace"), ("NUMERIC", "numeric"), ("PUNCTUATION", "punctuation"), ("WORD", "word"),
    ("COMBINING", "combining"), ("NONSPACING", "nonspacing"), ("BERT_REMOVED", "bert_removed"),
    ("LETTER", "onig_letter"), ("NUMBER", "onig_number"), ("UPPER_OR_TITLE", "onig_upper"),
    ("LOWER", "onig_lower"), ("MODIFIER_OR_OTHER", "onig_modifier"), ("MARK", "onig_mark"),
    ("ONIG_PUNCTUATION", "onig_punct"), ("ONIG_SYMBOL", "onig_symbol"),
]
DERIVED = ["HAS_LOWER", "HAS_NFD", "HAS_NFKD", "HAS_NFC", "HAS_NFKC", "HAS_CLASS", "JOINS"]
HANGUL = range(0xAC00, 0xD7A4)
BLOCK = 128
N_CODES = 0x110000


def flags_of(data):
    flags = [0] * N_CODES
    for bit, (_, name) in enumerate(FLAGS):
        for c in data["sets"][name]:
            flags[c] |= 1 << bit
    # What may change with the character before it, or whose decomposition begins with such a character.
    joins = {c for c, _ in data["combining_classes"]} | {b for _, b, _ in data["compositions"]}
    joins |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    joins |= {c for c, text in data["nfkd"] if ord(text[0]) in joins}
    derived = {
        "HAS_LOWER": [c for c, _ in data["lower"]],
        "HAS_NFD": [c for c, _ in data["nfd"]] + list(HANGUL),
        "HAS_NFKD": [c for c, _ in data["nfkd"]] + list(HANGUL),
        "HAS_NFC": data["nfc"],
        "HAS_NFKC": data["nfkc"],
        "HAS_CLASS": [c for c, _ in data["combining_classes"]],
        "JOINS": joins,
    }
    for bit, name in enumerate(DERIVED, len(FLAGS)):
        for c in derived[name]:
            flags[c] |= 1 << bit
    return flags


def emit(ctype, name, values, per_line=16, fmt=str, storage="static "):
    lines = [", ".join(fmt(v) for v in values[i:i + per_line]) for i in range(0, len(values), per_line)]
    print(f"{storage}const {ctype} {name}[{len(values)}] = {{\n    " + ",\n    ".join(lines) + "};\n")


def emit_flags(flags):
    palette = sorted(set(flags))
    assert len(palette) <= 256, len(palette)
    index = {f: i for i, f in enumerate(palette)}
    blocks, stage1 = {}, []
    for start in range(0, N_CODES, BLOCK):
        block = tuple(index[f] for f in flags[start:start + BLOCK])
        stage1.append(blocks.setdefault(block, len(blocks)))
    emit("uint32_t", "ap__unicode_flag_sets", palette, 8, lambda v: f"0x{v:06X}", "")
    emit("uint16_t", "ap__unicode_blocks", stage1, 24, str, "")
    emit("uint8_t", "ap__unicode_sets", [v for block in blocks for v in block], 32, str, "")


def lower_ranges(rows):
    """[first, last, step, delta]: runs of characters that are 1 or 2 apart and move by the same distance."""
    pairs = [(c, ord(t) - c) for c, t in rows if len(t) == 1]
    ranges = []
    for c, delta in pairs:
        if ranges:
            first, last, step, d = ranges[-1]
            gap = c - last
            if d == delta and (gap == step or (step == 0 and gap in (1, 2))):
                ranges[-1] = (first, c, gap, d)
                continue
        ranges.append((c, c, 0, delta))
    return [(a, b, max(s, 1), d) for a, b, s, d in ranges]


def emit_lower(rows):
    assert [c for c, t in rows if len(t) != 1] == [0x130]  # handled by name in unicode.c
    ranges = lower_ranges(rows)
    print(f"static const lower_range LOWER_RANGES[{len(ranges)}] = {{")
    for i in range(0, len(ranges), 4):
        print("    " + ", ".join("{0x%X, 0x%X, %d, %d}" % r for r in ranges[i:i + 4]) + ",")
    print("};\n")


def emit_decompositions(nfd, nfkd):
    """Both forms in one pool of code points; a row is code, then position and length for each form."""
    pool, places, rows = [], {}, []

    def place(text):
        if text is None:
            return 0, 0
        if text not in places:
            places[text] = len(pool)
            pool.extend(ord(c) for c in text)
        return places[text], len(text)

    canonical, compatible = dict(nfd), dict(nfkd)
    for c in sorted(compatible):
        rows.append((c, *place(canonical.get(c)), *place(compatible[c])))
    assert set(canonical) <= set(compatible) and len(pool) < 65536
    emit("uint32_t", "DECOMPOSITION_POOL", pool, 16, lambda v: f"0x{v:X}")
    print(f"static const decomposition DECOMPOSITIONS[{len(rows)}] = {{")
    for i in range(0, len(rows), 5):
        print("    " + ", ".join("{0x%X, %d, %d, %d, %d}" % r for r in rows[i:i + 5]) + ",")
    print("};\n")


def emit_classes(rows):
    ranges = []
    for c, ccc in rows:
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == ccc:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, ccc])
    print(f"static const class_range CLASS_RANGES[{len(ranges)}] = {{")
    for i in range(0, len(ranges), 6):
        print("    " + ", ".join("{0x%X, 0x%X, %d}" % tuple(r) for r in ranges[i:i + 6]) + ",")
    print("};\n")


def emit_compositions(rows):
    rows = sorted(rows)
    print(f"static const composition COMPOSITIONS[{len(rows)}] = {{")
    for i in range(0, len(rows), 5):
        print("    " + ", ".join("{0x%X, 0x%X, 0x%X}" % tuple(r) for r in rows[i:i + 5]) + ",")
    print("};")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    print("/* Generated by tools/unicode/make_tables.py from what the `tokenizers` package "
          f"{data['reference']} answers for every\n * code point (tools/unicode/probe_reference.py). "
          "Do not edit. clang-format off */")
    print("/* clang-format off */")
    emit_flags(flags_of(data))
    emit_lower(data["lower"])
    emit_decompositions(data["nfd"], data["nfkd"])
    emit_classes(data["combining_classes"])
    emit_compositions(data["compositions"])


if __name__ == "__main__":
    main()
