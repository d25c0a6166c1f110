#!/usr/bin/env python3
"""Asks the `tokenizers` package for every character property that its components depend on.

    python probe_reference.py > properties.json        (pip install tokenizers==0.23.3)

The reference mixes Unicode versions (Rust's standard library, three crates, Oniguruma), so its answers, and not a
version of the Unicode database, are the specification. make_tables.py turns the result into C.
"""
import json
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

CODES = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def n_pieces(splitter, text):
    return len(splitter.pre_tokenize_str(text))


def matching(pattern):
    """The code points that a one-character pattern of Oniguruma matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    return [c for c in CODES if not split.pre_tokenize_str(chr(c))]


def sets():
    white = pre_tokenizers.WhitespaceSplit()
    digits = pre_tokenizers.Digits(individual_digits=True)
    punctuation = pre_tokenizers.Punctuation()
    words = pre_tokenizers.Whitespace()
    accents = normalizers.StripAccents()
    bert_accents = normalizers.BertNormalizer(False, False, True, False)
    bert_clean = normalizers.BertNormalizer(True, False, False, False)
    nfd = normalizers.NFD()
    out = {
        "whitespace": [c for c in CODES if n_pieces(white, f"a{chr(c)}b") == 2],
        # Between two letters a digit is isolated into a piece of its own; between two digits a letter is.
        "numeric": [c for c in CODES if n_pieces(digits, f"a{chr(c)}b") == 3],
        "punctuation": [c for c in CODES if n_pieces(punctuation, f"a{chr(c)}b") == 3],
        "word": [c for c in CODES if n_pieces(words, f"a{chr(c)}b") == 1],
        "regex_space": [c for c in CODES if n_pieces(words, f"a{chr(c)}b") == 2],
        "combining": [c for c in CODES if accents.normalize_str("a" + chr(c)) == "a"],
        "nonspacing": [c for c in CODES if nfd.normalize_str(chr(c)) == chr(c)
                       and bert_accents.normalize_str("a" + chr(c)) == "a"],
        "bert_removed": [c for c in CODES if bert_clean.normalize_str("a" + chr(c)) == "a"],
        "bert_space": [c for c in CODES if bert_clean.normalize_str("a" + chr(c)) == "a "],
        "onig_letter": matching(r"\p{L}"),
        "onig_number": matching(r"\p{N}"),
        "onig_space": matching(r"\s"),
        "onig_word": matching(r"\w"),
        "onig_digit": matching(r"\d"),
        "onig_upper": matching(r"[\p{Lu}\p{Lt}]"),
        "onig_lower": matching(r"\p{Ll}"),
        "onig_modifier": matching(r"[\p{Lm}\p{Lo}]"),
        "onig_mark": matching(r"\p{M}"),
        "onig_punct": matching(r"\p{P}"),
        "onig_symbol": matching(r"\p{S}"),
    }
    return out


def mapping(normalizer, codes):
    """[code, text] wherever the normalizer changes the character."""
    rows = []
    for c in codes:
        text = normalizer.normalize_str(chr(c))
        if text != chr(c):
            rows.append([c, text])
    return rows


def combining_classes():
    """Code points that the reference reorders, with their class. The class of a character never changes once it is
    assigned (Unicode's stability policy), so Python's database gives the value and the reference whether it knows it."""
    nfd = normalizers.NFD()
    rows = []
    for c in CODES:
        ccc = unicodedata.combining(chr(c))
        if not ccc or nfd.normalize_str(chr(c)) != chr(c):
            continue
        # U+0301 has class 230, U+0334 class 1: one of the two has to change places with this character.
        known = (nfd.normalize_str("a\u0301" + chr(c)) == f"a{chr(c)}\u0301" if ccc < 230
                 else nfd.normalize_str("a" + chr(c) + "\u0334") == f"a\u0334{chr(c)}")
        if known:
            rows.append([c, ccc])
    return rows


def compositions():
    """[first, second, composite] of every primary composite but Hangul's."""
    nfc = normalizers.NFC()
    rows = []
    for c in CODES:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        first, second = (int(p, 16) for p in parts)
        if nfc.normalize_str(chr(first) + chr(second)) == chr(c):
            rows.append([first, second, c])
    return rows


def main():
    json.dump({
        "reference": tokenizers.__version__,
        "sets": sets(),
        "lower": mapping(normalizers.Lowercase(), CODES),
        "nfd": mapping(normalizers.NFD(), [c for c in CODES if not 0xAC00 <= c < 0xD7A4]),
        "nfkd": mapping(normalizers.NFKD(), [c for c in CODES if not 0xAC00 <= c < 0xD7A4]),
        "nfc": [c for c, _ in mapping(normalizers.NFC(), CODES)],
        "nfkc": [c for c, _ in mapping(normalizers.NFKC(), CODES)],
        "combining_classes": combining_classes(),
        "compositions": compositions(),
    }, sys.stdout)


if __name__ == "__main__":
    main()
