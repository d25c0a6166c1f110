"""Runs parity cases through the Python package, the way collect.py runs them through the program.

  python_runner.py < calls.jsonl > results.jsonl

A line is {"id", "init", "inputs", "call"}: init is the keywords of pipeline(), inputs and call those of its call. In
inputs, {"$kwargs": {...}} are keywords, {"$npy": path} is an array and {"$image": path} a picture, where numpy and Pillow
are installed. The answer to each is one line, {"id", "result"} or {"id", "error": {"code", "message", "type"}}, type
being the classes of the exception from its own up. Paths are relative to the working directory.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

from accelpipe import pipeline


def read_inputs(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        if "$npy" in value:
            import numpy

            return numpy.load(value["$npy"])
        if "$image" in value:
            from PIL import Image

            return Image.open(value["$image"])
    if isinstance(value, dict):
        return {key: read_inputs(item) for key, item in value.items()}
    return [read_inputs(item) for item in value] if isinstance(value, list) else value


def write_result(value: Any) -> Any:
    """Results as JSON has them: arrays as nested lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {key: write_result(item) for key, item in value.items()}
    return [write_result(item) for item in value] if isinstance(value, list) else value


def run_case(line: dict[str, Any]) -> dict[str, Any]:
    inputs = read_inputs(line["inputs"])
    try:
        pipe = pipeline(**line["init"])
        if isinstance(inputs, dict) and "$kwargs" in inputs:
            result = pipe(**{**inputs["$kwargs"], **line["call"]})
        else:
            result = pipe(inputs, **line["call"])
    except Exception as error:
        kinds = [cls.__name__ for cls in type(error).__mro__[:-2]]
        return {"error": {"code": getattr(error, "status", kinds[0]), "message": str(error), "type": " ".join(kinds)}}
    return {"result": write_result(result)}


def main() -> int:
    warnings.simplefilter("ignore")
    logging.disable()
    for text in sys.stdin:
        line = json.loads(text)
        print(json.dumps({"id": line["id"], **run_case(line)}, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
