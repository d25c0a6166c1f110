"""Judges one result against one case of the parity kit, with the standard library alone.

Numbers agree when |a - b| <= tol * max(1, |a|); ints, strings, lengths, keys and orders agree exactly. Where the case
expects an error, the kind of error has to agree and the wording is ours.

An expected "$array" is compared by shape, samples and moments, with a nested list or with the .npy file that the result
names. Pictures need the kit's own compare.py, which reads them with Pillow; `can_judge` says so.
"""

from __future__ import annotations

import array
import ast
import math
import sys
from typing import Any

# Which of our codes answer to the exception of the reference. An exception that is not here was not raised on
# purpose (IndexError, RuntimeError, ...): there any error of ours is right.
CODES_OF_EXCEPTION = {
    "ValueError": {"AP_EINVAL", "AP_ETYPE"},
    "TypeError": {"AP_EINVAL", "AP_ETYPE"},
    "KeyError": {"AP_EKEY"},
    "HFValidationError": {"AP_ENOTFOUND"},
    "OSError": {"AP_ENOTFOUND", "AP_EIO"},
    "FileNotFoundError": {"AP_ENOTFOUND"},
}

# Of the Python package, the class of the reference's exception is asked for; these stand for one of another package.
CLASSES_OF_EXCEPTION = {"HFValidationError": "OSError"}

# These two would say that we failed, and not that the input was refused.
NEVER_RIGHT = {"AP_EBUG", "AP_ENOBACKEND"}

# Errors of the reference that come from a limit of its own; the result of the same inputs one by one is right too.
OWN_LIMITS = ("without pad_token cannot do batching",)

# Cases that the reference draws at random: the same once more gives it something else. Ours has to be of the same form, and
# texts begin with the input. In the second it draws until the model has no more positions, an error, unless an end comes first.
DRAWN = ("text-generation-112", "text-generation-126")
DRAWN_FORM = [{"generated_text": ""}]


def is_own_limit(case: dict[str, Any]) -> bool:
    return any(text in case.get("error", {}).get("message_contains", "") for text in OWN_LIMITS)


def can_judge(expect: Any) -> bool:
    """Whether everything in `expect` can be compared with the standard library alone."""
    if isinstance(expect, dict):
        return "$image" not in expect and ("$array" in expect or all(map(can_judge, expect.values())))
    return not isinstance(expect, list) or all(map(can_judge, expect))


def has_arrays(expect: Any) -> bool:
    """Whether an array or a tensor is part of `expect`: a program may write these to files."""
    if isinstance(expect, dict):
        return expect.get("$array", {}).get("as", "nested_list") != "nested_list" or any(map(has_arrays, expect.values()))
    return isinstance(expect, list) and any(map(has_arrays, expect))


def judge(case: dict[str, Any], answer: dict[str, Any]) -> str:
    """The first difference between the case and {"result": ...} or {"error": {"code", "message"}}; "" if there is none."""
    failure = answer.get("error")
    if "error" not in case:
        if failure is None and case["id"] in DRAWN:
            return form_difference(case["expect"], answer["result"], case["inputs"])
        return first_difference(case["expect"], answer["result"], case["tol"]) if failure is None else describe(failure)
    expected = case["error"]["type"]
    if failure is None and case["id"] in DRAWN:
        return form_difference(DRAWN_FORM, answer["result"], case["inputs"])
    if failure is None:
        return f"expected an error ({expected}), got a result"
    allowed = CODES_OF_EXCEPTION.get(expected)
    if failure["code"] in NEVER_RIGHT or (allowed and failure["code"] not in allowed):
        return f"expected {' or '.join(sorted(allowed or {'a clear error'}))} (reference: {expected}), {describe(failure)}"
    if difference := class_difference(expected, failure):
        return difference
    if not failure["message"].strip() or "\n" in failure["message"].strip():
        return f"the message is not one line: {failure['message']!r}"
    return ""


def class_difference(expected: str, failure: dict[str, str]) -> str:
    """Whether an exception that the reference raises on purpose is another class here; a status code is none."""
    wanted, found = CLASSES_OF_EXCEPTION.get(expected, expected), failure.get("type", "AP_")
    if found.startswith("AP_") or (expected not in CODES_OF_EXCEPTION and expected != "PipelineException"):
        return ""
    return "" if wanted in found.split() else f"expected a {wanted}, got a {found}: {failure['message']}"


def describe(failure: dict[str, str]) -> str:
    return f"got [{failure['code']}] {failure['message']}"


def form_difference(expect: Any, got: Any, start: str, path: str = "$") -> str:
    """As first_difference(), but that texts need only begin alike."""
    if isinstance(expect, str) and isinstance(got, str):
        return "" if got.startswith(start) else f"{path}: {got!r} does not begin with {start!r}"
    if isinstance(expect, dict) and isinstance(got, dict) and list(expect) == list(got):
        pairs = [(f"{path}.{key}", expect[key], got[key]) for key in expect]
    elif isinstance(expect, list) and isinstance(got, list) and len(expect) == len(got):
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(expect, got))]
    else:
        return first_difference(expect, got, 0, path)
    return next((found for name, a, b in pairs if (found := form_difference(a, b, start, name))), "")


def first_difference(expect: Any, got: Any, tol: float, path: str = "$") -> str:
    if isinstance(expect, dict) and "$array" in expect:
        return array_difference(expect["$array"], got, tol, path)
    if isinstance(expect, dict) and isinstance(got, dict):
        if list(expect) != list(got):
            return f"{path}: keys {list(got)}, expected {list(expect)}"
        pairs = [(f"{path}.{key}", expect[key], got[key]) for key in expect]
    elif isinstance(expect, list) and isinstance(got, list):
        if len(expect) != len(got):
            return f"{path}: {len(got)} items, expected {len(expect)}"
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(expect, got))]
    elif is_number(expect) and is_number(got):
        return "" if numbers_agree(expect, got, tol) else f"{path}: {got!r}, expected {expect!r}"
    else:
        same = type(expect) is type(got) and expect == got
        return "" if same else f"{path}: {got!r}, expected {expect!r}"
    for where, a, b in pairs:
        if difference := first_difference(a, b, tol, where):
            return difference
    return ""


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def numbers_agree(expect: float, got: float, tol: float) -> bool:
    if isinstance(expect, int) and isinstance(got, int):
        return expect == got
    if not (math.isfinite(expect) and math.isfinite(got)):
        return repr(float(expect)) == repr(float(got))
    return abs(expect - got) <= tol * max(1.0, abs(expect))


# Element types of .npy files by their descr, without the byte order.
NPY_TYPES = {"f4": "f", "f8": "d", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B", "b1": "B"}


def load_npy(named: dict[str, Any]) -> Any:
    """The array of a .npy file as a nested list; None where it is none, or not of the shape that the result names."""
    try:
        with open(named["file"], "rb") as file:
            magic = file.read(10)
            header = ast.literal_eval(file.read(int.from_bytes(magic[8:10], "little")).decode("latin-1"))
            flat = array.array(NPY_TYPES[header["descr"][1:]], file.read())
    except (OSError, KeyError, ValueError, SyntaxError):
        return None
    if magic[:6] != b"\x93NUMPY" or header["fortran_order"] or list(header["shape"]) != named["shape"]:
        return None
    if sys.byteorder != "little":
        flat.byteswap()
    rows: list[Any] = list(flat)
    if len(rows) != math.prod(named["shape"]):
        return None
    for extent in reversed(named["shape"][1:]):
        rows = [rows[i:i + extent] for i in range(0, len(rows), extent)]
    return rows


def array_difference(expect: dict[str, Any], got: Any, tol: float, path: str) -> str:
    """Compares a nested list with the shape, the samples and the moments that the case keeps of an array."""
    if isinstance(got, dict) and "$array" in got:
        if (got := load_npy(got["$array"])) is None:
            return f"{path}: no readable .npy file"
    shape, level = [], got
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    if shape != expect["shape"]:
        return f"{path}: shape {shape}, expected {expect['shape']}"
    flat = [got]
    for _ in shape:
        flat = [item for row in flat for item in row]
    if not all(map(is_number, flat)) or len(flat) != math.prod(shape):
        return f"{path}: not an array of numbers"
    if not flat:
        return ""
    mean = math.fsum(flat) / len(flat)
    moments = {"mean": mean, "min": min(flat), "max": max(flat),
               "std": math.sqrt(math.fsum((x - mean) ** 2 for x in flat) / len(flat))}
    for name, value in moments.items():
        if not numbers_agree(float(expect[name]), value, tol):
            return f"{path}: {name} {value!r}, expected {expect[name]!r}"
    for index, value in expect["samples"]:
        item = got
        for i in index:
            item = item[i]
        if not numbers_agree(value, item, tol):
            return f"{path}{index}: {item!r}, expected {value!r}"
    return ""
