#!/usr/bin/env python3
"""Writes what follows from the library's tables into the built package: signature, classes, docstrings, stubs.

  generate.py PACKAGE_FOLDER

The folder has the built extension. Nothing about a task or a parameter is written by hand anywhere in the package but
what is below: the facts about transformers' classes that the tables do not hold.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

WIDTH = 110

# The parameters that transformers' and optimum's signatures name, in their order; the others go by **kwargs.
SIGNATURE = ("task", "model", "config", "tokenizer", "feature_extractor", "image_processor", "processor", "framework",
             "revision", "use_fast", "token", "device", "device_map", "torch_dtype", "trust_remote_code",
             "model_kwargs", "pipeline_class", "accelerator")
# Where the reference's default is None though its absence means something.
DEFAULTS = {"trust_remote_code": "None"}
DOCS = {"pipeline_class": "A subclass of Pipeline to make the pipeline of, in place of the task's."}
TYPES = {"config": "str | PathLike[str] | dict[str, Any] | None", "model": "str | PathLike[str] | None",
         "tokenizer": "Any", "feature_extractor": "Any", "image_processor": "Any", "processor": "Any",
         "token": "str | bool | None", "device": "int | str | None",
         "device_map": "str | dict[str, int | str] | None", "torch_dtype": "Any", "pipeline_class": "type | None",
         "model_kwargs": "dict[str, Any] | None", "accelerator": 'Literal["ort", "ov", "ipex"] | None'}
PLAIN_TYPES = {"bool": "bool", "int": "int", "float": "float", "string": "str", "value": "Any"}

# transformers' classes whose names do not follow from the task's.
CLASS_NAMES = {"text2text-generation": "Text2TextGenerationPipeline"}
# Those that derive from ChunkPipeline.
CHUNK_TASKS = {"automatic-speech-recognition", "document-question-answering", "mask-generation", "question-answering",
               "token-classification", "zero-shot-classification", "zero-shot-object-detection"}
# Those whose call takes more than one positional argument. None: the inputs.
POSITIONAL = {"document-question-answering": (None, "question", "word_boxes"),
              "question-answering": ("question", "context"),
              "table-question-answering": ("table", "query"),
              "zero-shot-classification": (None, "candidate_labels")}
# Those that refuse an input with PipelineException.
REFUSING_TASKS = {"fill-mask"}

Row = dict[str, Any]


def load_core(package: Path) -> Any:
    """The extension alone: the package cannot be imported before this has run."""
    spec = importlib.util.spec_from_file_location("accelpipe._core", package / "_core.abi3.so")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def class_name(task: str) -> str:
    return CLASS_NAMES.get(task) or "".join(word.capitalize() for word in task.split("-")) + "Pipeline"


def python_default(row: Row) -> str:
    return repr(json.loads(row["default"])) if "default" in row else "None"


def wrap(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def describe_row(row: Row, indent: str) -> str:
    kind = " | ".join(map(repr, row["choices"])) if row.get("choices") else row["type"]
    default = f", default {row['default']}" if "default" in row else ""
    head = f"{row['name']} ({kind}{default}):"
    return wrap(head, indent) + "\n" + wrap(row["doc"], indent + "    ")


def docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def signature_rows(params: list[Row]) -> list[Row]:
    by_name = {row["name"]: row for row in params}
    return [by_name.get(name, {"name": name, "type": "value", "doc": DOCS.get(name, "")}) for name in SIGNATURE]


def write_pipeline(params: list[Row]) -> str:
    rows = signature_rows(params)
    others = [row for row in params if row["name"] not in SIGNATURE]
    arguments = ", ".join(f"{row['name']}={DEFAULTS.get(row['name']) or python_default(row)}" for row in rows)
    lines = ["Makes a pipeline: a call of it takes inputs, and gives results, as in transformers.", "", "Args:"]
    lines += [describe_row(row, "    ") for row in rows]
    lines += ["    **kwargs:", wrap("The parameters of the task, as defaults of its calls (see the classes), and:",
                                    "        ")]
    lines += [describe_row(row, "        ") for row in others]
    doc = textwrap.indent(docstring("\n".join(lines)), "    ").strip()
    given = ", ".join(f"{row['name']!r}: {row['name']}" for row in rows if row["name"] != "pipeline_class")
    call = wrap(f"options = {{{given}}}", "    ")
    return (f"@_core.Boundary\n{wrap_signature(arguments)}\n    \"\"\"{doc}\n    \"\"\"\n    from .pipelines._create "
            f"import create\n\n{call}\n    return create(pipeline_class, options, kwargs)\n")


def wrap_signature(arguments: str) -> str:
    return textwrap.fill(f"def pipeline({arguments}, **kwargs):", WIDTH, subsequent_indent=" " * 13)


def write_class(task: Row) -> str:
    name = task["name"]
    base = "ChunkPipeline" if name in CHUNK_TASKS else "Pipeline"
    lines = [task["doc"], "", f"Made by `pipeline(\"{name}\")`"
             + (f", or {', '.join(map(repr, task['aliases']))}." if task["aliases"] else "."), "",
             "A call, and pipeline(), take these parameters:"]
    lines += [describe_row(row, "    ") for row in task["params"]]
    doc = textwrap.indent(docstring("\n".join(lines)), "    ").strip()
    out = f"class {class_name(name)}({base}):\n    \"\"\"{doc}\n    \"\"\"\n\n    task = {name!r}\n"
    if name in POSITIONAL:
        out += f"    _positional = {POSITIONAL[name]!r}\n"
    if name in REFUSING_TASKS:
        out += "    _input_error = PipelineException\n"
    return out


def write_generated(tasks: list[Row], params: list[Row]) -> str:
    classes = {task["name"]: class_name(task["name"]) for task in tasks}
    aliases = {alias: task["name"] for task in tasks for alias in task["aliases"]}
    phases = {task["name"]: {row["name"]: row["phase"] for row in task["params"] if row["phase"] != "input"}
              for task in tasks}
    names = ["pipeline", *classes.values()]
    table = "".join(f"    {task!r}: {name},\n" for task, name in classes.items())
    return "\n\n".join([
        '"""Generated by generate.py from the tables of tasks and parameters."""\n\n'
        "from . import _core\nfrom .pipelines.base import ChunkPipeline, Pipeline, PipelineException  # noqa: F401\n\n"
        f"__all__ = {names!r}\n",
        write_pipeline(params), *map(write_class, tasks),
        f"CLASSES = {{\n{table}}}\nALIASES = {aliases!r}\n# The phase that reads each parameter.\nPHASES_OF = {phases!r}\n"])


# ---- stubs --------------------------------------------------------------------------------------------


def stub_type(row: Row) -> str:
    if row["name"] in TYPES:
        return TYPES[row["name"]]
    if row["type"] == "choice":
        kinds = f"Literal[{', '.join(map(repr, row['choices']))}]"
    else:
        kinds = PLAIN_TYPES[row["type"]]
    return kinds if kinds == "Any" else f"{kinds} | None"


def stub_pipeline(task: Row | None, params: list[Row]) -> str:
    rows = signature_rows(params)
    names = [task["name"], *task["aliases"]] if task else []
    parts = []
    for row in rows:
        kind = f"Literal[{', '.join(map(repr, names))}]" if row["name"] == "task" and names else stub_type(row)
        parts.append(f"{row['name']}: {kind}" + ("" if row["name"] == "task" and names else " = ..."))
    result = class_name(task["name"]) if task else "Pipeline"
    return f"@overload\ndef pipeline({', '.join(parts)}, **kwargs: Any) -> {result}: ...\n"


def stub_class(task: Row) -> str:
    base = "ChunkPipeline" if task["name"] in CHUNK_TASKS else "Pipeline"
    keywords = ", ".join(f"{row['name']}: {stub_type(row)} = ..." for row in task["params"])
    return (f"class {class_name(task['name'])}({base}):\n"
            "    def __call__(self, inputs: Any = ..., *args: Any, num_workers: int | None = ..., "
            "batch_size: int | None = ...,\n                 progress: bool | Callable[[int, int], object] | None = ..., "
            f"{keywords}) -> Any: ...\n")


def write_stubs(tasks: list[Row], params: list[Row]) -> str:
    head = ('"""Generated by generate.py."""\n\nfrom os import PathLike\nfrom typing import Any, Callable, Literal, overload'
            "\n\nfrom .pipelines.base import ChunkPipeline, Pipeline\n\n")
    return head + "\n".join([*map(stub_class, tasks), *(stub_pipeline(task, params) for task in (*tasks, None))])


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    package = Path(sys.argv[1])
    core = load_core(package)
    tasks, params = core.describe_tasks(), core.describe_params()
    (package / "_generated.pyi").write_text(write_stubs(tasks, params), encoding="utf-8")
    for task in tasks:  # transformers has a module for each
        module = task["name"].replace("-", "_")
        (package / "pipelines" / f"{module}.py").write_text(
            f'"""Generated by generate.py."""\n\nfrom .._generated import {class_name(task["name"])}  # noqa: F401\n',
            encoding="utf-8")
    (package / "_generated.py").write_text(write_generated(tasks, params), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
