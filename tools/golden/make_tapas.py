#!/usr/bin/env python3
"""Makes the golden cases of the TAPAS tokenizer, tests/data/tapas/: what transformers gives for tables and texts that
are put together at random, seeded, from what is likely to go wrong.

  make_tapas.py TOKENIZER_FOLDER       a folder with a TapasTokenizer, as tests/data/parity/models/tapas-wtq

  tables.jsonl    {"config", "table", "query", "drop_rows", "ids", "types"} or {..., "error": true}; config: entries of
                  tokenizer_config.json that are changed; ids and types are compared exactly.
  values.jsonl    {"text", "values"}: numbers and dates, [number] or [year|null, month|null, day|null].

Needs transformers==4.55.4 and pandas 2; no torch.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")

import pandas  # noqa: E402
from transformers import TapasTokenizer  # noqa: E402
from transformers.models.tapas import tokenization_tapas as reference  # noqa: E402

TARGET = Path(__file__).resolve().parents[2] / "tests" / "data" / "tapas"
SEED = 20
N_TABLES, N_VALUES = 24, 700

# What the tables of one line each are read with.
CONFIGS: list[dict[str, Any]] = [
    {}, {}, {"do_lower_case": False}, {"strip_accents": False}, {"cell_trim_length": 2, "max_row_id": 5, "max_column_id": 4},
    {"strip_column_names": True, "model_max_length": 40, "max_question_length": 10, "min_question_length": 3},
    {"tokenize_chinese_chars": False, "do_basic_tokenize": False}, {"model_max_length": 24}]

NAMES = ("january february march april may june july august september october november december jan feb mar apr jun jul aug "
         "sep sept oct nov dec monday friday sunday").split()
PIECES = ["1", "2", "12", "31", "30", "29", "1999", "2008", "1700", "2017", "1990s", "0", "-5", "+7", " -3.5", "4,500",
          "1,234,567", "1,23", "3.14", ".5", "5.", "1e5", "1e400", "12th", "1st", "22nd", "3rd", "twelve", "first", "zero",
          "nan", "inf", "infinity", "n/a", "?", "--", "___", "[EMPTY]", "[SEP]", "[CLS] x", "\u0130stanbul", "\u00df",
          "\u00c0\u00c9", "e\u0301", "\u5c0f\u4e2d", "\u6771\u4eac", "\U0001f600", "a\u200bb", "\x1c", "\u2028", "\u0663",
          "\uff11\uff12", "\u00b2", "\u00bd", "hello", "W\u00f6rld", "it's", "%", "$5", "\u20ac", "a-b", "05-04-2008",
          "2008-05-04", "13.5.2008", "2008-05", "31-12-1999", "x" * 101, "##ab", "[UNK]", "\u03a3", "a\tb", "\n", " ",
          "\u00a0", "\ufb01", "\uac00\uac01", "\u0e01\u0e47", "\u0600", "\ufeff"]


def word(rnd: random.Random) -> str:
    share = rnd.random()
    if share < 0.25:
        return rnd.choice(NAMES).title() if rnd.random() < 0.3 else rnd.choice(NAMES)
    if share < 0.5:
        return str(rnd.choice([rnd.randint(0, 40), rnd.randint(1600, 2100), rnd.randint(0, 10**9), round(rnd.random() * 99, 2)]))
    return rnd.choice(PIECES)


def date(rnd: random.Random) -> str:
    name, day, month, year = rnd.choice(NAMES), rnd.randint(0, 33), rnd.randint(0, 13), rnd.randint(1690, 2030)
    return rnd.choice([f"{name} {day}, {year}", f"{day} {name} {year}", f"{name} {year}", f"{name} {day}", f"{day} {name}",
                       f"{year}-{month:02d}-{day}", f"{month}-{day}-{year}", f"{day}.{month}.{year}", f"{year}s", f"{year}",
                       f"Monday, {name} {day}", f"{year}-{month}", name])


def words(rnd: random.Random) -> str:
    return "".join(rnd.choice([" ", "", ", ", "-"]) + word(rnd) for _ in range(rnd.choice([0, 1, 1, 2, 3])))


def number(rnd: random.Random) -> str:
    return str(rnd.choice([rnd.randint(-50, 50), rnd.randint(0, 10), f"{rnd.randint(0, 9)},{rnd.randint(100, 999)}",
                           round(rnd.random() * 9, 1)]))


def cell(rnd: random.Random, kind: int) -> str:
    return words(rnd) if kind == 0 or rnd.random() < 0.1 else number(rnd) if kind == 1 else date(rnd)


def table(rnd: random.Random) -> dict[str, list[str]]:
    n_rows, kinds = rnd.randint(1, 6), [rnd.randint(0, 2) for _ in range(rnd.randint(1, 4))]
    return {(words(rnd) or "c") + str(k): [cell(rnd, kind) for _ in range(n_rows)] for k, kind in enumerate(kinds)}


def query(rnd: random.Random) -> str:
    parts = [rnd.choice([number(rnd), date(rnd), word(rnd), "which", "how many", "more than"]) for _ in range(rnd.choice([1, 2, 4]))]
    return " ".join(parts) or "x"


def load(folder: Path, config: dict[str, Any], scratch: Path) -> TapasTokenizer:
    copy = scratch / "tokenizer"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("vocab.txt", "special_tokens_map.json"):
        shutil.copyfile(folder / name, copy / name)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    (copy / "tokenizer_config.json").write_text(json.dumps({**settings, **config}), encoding="utf-8")
    return TapasTokenizer.from_pretrained(copy)


def tables(folder: Path, scratch: Path) -> Iterator[dict[str, Any]]:
    rnd = random.Random(SEED)
    for config in CONFIGS:
        tokenizer = load(folder, config, scratch)
        for _ in range(N_TABLES):
            case: dict[str, Any] = {"config": config, "table": table(rnd), "query": query(rnd), "drop_rows": rnd.random() < 0.7}
            truncation = "drop_rows_to_fit" if case["drop_rows"] else "do_not_truncate"
            try:
                encoding = tokenizer(pandas.DataFrame(case["table"]), case["query"], truncation=truncation)
            except ValueError:
                yield {**case, "error": True}
                continue
            yield {**case, "ids": encoding["input_ids"], "types": encoding["token_type_ids"]}


def values() -> Iterator[dict[str, Any]]:
    rnd = random.Random(SEED)
    for _ in range(N_VALUES):
        text = " ".join(cell(rnd, rnd.randint(0, 2)) for _ in range(rnd.choice([1, 1, 2, 4])))
        spans = reference.parse_text(reference.normalize_for_match(text))
        found = [value for span in spans for value in span.values]
        yield {"text": text, "values": [[v.float_value] if v.date is None else [v.date.year, v.date.month, v.date.day]
                                        for v in found]}


def write(name: str, rows: Iterator[dict[str, Any]]) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / name, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        write("tables.jsonl", tables(Path(sys.argv[1]), Path(scratch)))
    write("values.jsonl", values())
    return 0


if __name__ == "__main__":
    sys.exit(main())
