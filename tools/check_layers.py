#!/usr/bin/env python3
"""Fails on an include that points the wrong way. Usage: check_layers.py [ROOT]

- src/FOLDER/ includes its own headers and those of folders listed before it in src/LAYERS, always spelled from
  src/ ("base/str.h"), and the public headers.
- cli/, server/ and bindings/ are users like any other: <accelpipe/...> but not <accelpipe/sys/...>.
- plugins/ include <accelpipe/sys/...>, what those headers include, their own files, "common/..." of plugins/, and
  "wire/..." of src/, which has headers alone that include the C standard library and each other.
- Public headers include the C standard library and each other; only sys/ headers include sys/ headers.
"""

import re

from csource import c_files, main, read, report, without_comments

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
GENERATED = {"build_config.h"}  # written by CMake from cmake/build_config.h.in
WIRE = "wire"
FRONT_ENDS = ("cli", "server", "bindings")
STANDARD_HEADERS = {
    f"{name}.h"
    for name in "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign "
    "stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype".split()
}


def includes(root, path):
    """(line, is_quoted, name) of every include of a file."""
    text = without_comments(read(root / path), keep_strings=True)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def read_layers(root):
    lines = [line.split("#")[0].strip() for line in read(root / "src/LAYERS").splitlines()]
    return {name: place for place, name in enumerate(filter(None, lines))}


def check_core(root, layers):
    order = " < ".join(layers)
    for path in c_files(root, ["src"], (".c", ".h", ".def")):
        if len(path.parts) < 3:
            yield f"{path}: sources live in a folder of src/LAYERS"
            continue
        own = path.parts[1]
        if own not in layers:
            yield f"{path}: folder \"{own}\" is not in src/LAYERS"
            continue
        for line, quoted, name in includes(root, path):
            if not quoted or name in GENERATED:
                continue
            folder = name.split("/")[0]
            if "/" not in name or folder not in layers or not (root / "src" / name).is_file():
                yield f"{path}:{line}: \"{name}\" is not a file spelled from src/"
            elif layers[folder] > layers[own]:
                yield f"{path}:{line}: {own} may not include {folder} (\"{name}\"); the order is {order}"


def check_front_ends(root):
    for path in c_files(root, FRONT_ENDS):
        for line, quoted, name in includes(root, path):
            if not quoted and name.startswith("accelpipe/sys/"):
                yield f"{path}:{line}: <{name}> is for plugins and tasks; a front end uses <accelpipe/...>"
            elif quoted and not is_own_file(root, path, name, path.parts[0]):
                yield f"{path}:{line}: \"{name}\" is not a file of {path.parts[0]}/"


def is_own_file(root, path, name, folder):
    """Whether a quoted include resolves below `folder`, from the including file's place or from the folder's."""
    top = (root / folder).resolve()
    for base in ((root / path).parent, top):
        target = (base / name).resolve()
        if target.is_file() and target.is_relative_to(top):
            return True
    return False


def is_common_file(root, name):
    """What several plugins compile in, each for itself: spelled from plugins/, or from src/ where the library does, too."""
    return any(name.startswith(f"{folder}/") and (root / top / name).is_file()
               for top, folder in (("plugins", "common"), ("src", WIRE)))


def check_wire(root):
    for path in c_files(root, [f"src/{WIRE}"]):
        if path.suffix != ".h":
            yield f"{path}: {WIRE}/ has headers alone: a plugin links nothing of ours"
        for line, quoted, name in includes(root, path):
            if not quoted and name not in STANDARD_HEADERS:
                yield f"{path}:{line}: <{name}>: headers of {WIRE}/ include the C standard library and each other"


def public_for_plugins(root):
    """The sys headers and all they include."""
    todo = [p.relative_to("include").as_posix() for p in c_files(root, ["include/accelpipe/sys"])]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen or not (root / "include" / name).is_file():
            continue
        seen.add(name)
        todo += [inc for _, quoted, inc in includes(root, f"include/{name}") if not quoted]
    return seen


def check_plugins(root):
    allowed = public_for_plugins(root)
    for path in c_files(root, ["plugins"]):
        own = "/".join(path.parts[:2])
        for line, quoted, name in includes(root, path):
            if not quoted and name.startswith("accelpipe/") and name not in allowed:
                yield f"{path}:{line}: <{name}> is not part of <accelpipe/sys/...>, which is all a plugin may see"
            elif quoted and not is_own_file(root, path, name, own) and not is_common_file(root, name):
                yield f"{path}:{line}: \"{name}\" is not a file of {own}/, plugins/common/ or src/{WIRE}/"


def check_public_headers(root):
    for path in c_files(root, ["include"]):
        for line, quoted, name in includes(root, path):
            if quoted:
                yield f"{path}:{line}: \"{name}\": public headers include <accelpipe/...> and the C standard library"
            elif name.startswith("accelpipe/"):
                if name.startswith("accelpipe/sys/") and "sys" not in path.parts:
                    yield f"{path}:{line}: <{name}>: only headers of sys/ include those of sys/"
            elif name not in STANDARD_HEADERS:
                yield f"{path}:{line}: <{name}> is not a header of the C standard library"


def check(root):
    layers = read_layers(root)
    problems = [*check_core(root, layers), *check_front_ends(root), *check_plugins(root), *check_wire(root),
                *check_public_headers(root)]
    return report("layers", problems, f"{len(layers)} layers")


if __name__ == "__main__":
    main(check)
