#!/usr/bin/env python3
"""Turns the answers of the reference (probe_reference.py) into C tables.

    python probe_reference.py > properties.json
    python make_tables.py properties.json tables.rs scripts.rs > ../../src/tokenizer/unicode_tables.h

Two properties cannot be asked for and are read from sources of the reference: tables.rs is unicode-segmentation@v1.13.2
src/tables.rs (grapheme clusters), scripts.rs is tokenizers@v0.21.4 pre_tokenizers/unicode_scripts/scripts.rs.
"""
import json
import re
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
# Grapheme classes, in the order of ap__grapheme_class in src/tokenizer/unicode.h.
GRAPHEMES = ["Any", "CR", "LF", "Control", "Extend", "ZWJ", "Extended_Pictographic", "InCB_Consonant", "L", "V", "T",
             "LV", "LVT", "Prepend", "Regional_Indicator", "SpacingMark"]
GRAPHEME_SHIFT = 22
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


def rust_ranges(text, name):
    """The entries ('\\u{a}', '\\u{b}'[, VALUE]) of one table of unicode-segmentation."""
    body = re.search(name + r": &\[[^=]*= &\[(.*?)\];", text, re.S).group(1)
    entry = r"\('\\u\{([0-9a-f]+)\}',\s*'\\u\{([0-9a-f]+)\}'(?:,\s*(\w+))?\)"
    return [(int(a, 16), int(b, 16), v) for a, b, v in re.findall(entry, body)]


def add_graphemes(flags, text):
    for first, last, name in rust_ranges(text, "grapheme_cat_table"):
        for c in range(first, last + 1):
            flags[c] |= GRAPHEMES.index(name.removeprefix("GC_")) << GRAPHEME_SHIFT
    for first, last, _ in rust_ranges(text, "InCB_Extend_table"):
        for c in range(first, last + 1):
            flags[c] |= 1 << (GRAPHEME_SHIFT + 4)
    for c in re.findall(r"'\\u\{([0-9A-Fa-f]+)\}'", re.search(r"fn is_incb_linker(.*?)\n\}", text, re.S).group(1)):
        flags[int(c, 16)] |= 1 << (GRAPHEME_SHIFT + 5)


def scripts_of(text):
    """The script of every code point, as UnicodeScripts sees it: kana and U+30FC are Han, a space is none."""
    names = ["Any"]
    scripts = [0] * N_CODES
    for first, last, name in re.findall(r"0x([0-9A-F]+)(?:\.\.=0x([0-9A-F]+))? => Script::(\w+)", text):
        name = "Han" if name in ("Hiragana", "Katakana") else name
        if name not in names:
            names.append(name)
        for c in range(int(first, 16), int(last or first, 16) + 1):
            scripts[c] = names.index(name)
    scripts[0x30FC] = names.index("Han")
    scripts[0x20] = 0
    return scripts


def emit_scripts(scripts):
    starts = [c for c in range(N_CODES) if c == 0 or scripts[c] != scripts[c - 1]]
    emit("uint32_t", "SCRIPT_STARTS", [c << 8 | scripts[c] for c in starts], 12, lambda v: f"0x{v:X}")


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
    emit("uint32_t", "ap__unicode_flag_sets", palette, 8, lambda v: f"0x{v:07X}", "")
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
    flags = flags_of(data)
    with open(sys.argv[2], encoding="utf-8") as file:
        add_graphemes(flags, file.read())
    with open(sys.argv[3], encoding="utf-8") as file:
        emit_scripts(scripts_of(file.read()))
    emit_flags(flags)
    emit_lower(data["lower"])
    emit_decompositions(data["nfd"], data["nfkd"])
    emit_classes(data["combining_classes"])
    emit_compositions(data["compositions"])


if __name__ == "__main__":
    main()
