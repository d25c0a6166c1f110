#!/usr/bin/env python3
"""Fails on calls that have no place in this code. Usage: check_banned.py [ROOT]

Each rule below says where it holds and why. A use that is right all the same goes into tools/banned_exceptions.txt,
one a line: PATH FUNCTION reason.
"""

import re

from csource import c_files, main, read, report, strings, without_comments

UNBOUNDED = "writes without knowing the size; use snprintf, memcpy or a buffer of src/base"
LOCALE = "depends on the locale of the application we live in; use the number functions of src/base"
ALLOC = "bypasses the allocator, its limits and the torture tests; use src/base/alloc.h"
IN_PROCESS = "has no place inside someone else's process; return an ap_status"

# (names, folders, why)
RULES = [
    ("strcpy stpcpy strcat sprintf vsprintf gets alloca", "src plugins cli server bindings", UNBOUNDED),
    ("atoi atol atoll atof", "src plugins cli server bindings", "cannot report an error"),
    ("strtok", "src plugins cli server bindings", "keeps state between calls"),
    ("strtod strtof strtold", "src plugins cli server bindings", LOCALE),
    ("malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf", "src", ALLOC),
    ("printf vprintf puts putchar putc fputc fputs fprintf vfprintf fwrite perror", "src plugins", IN_PROCESS),
    ("abort exit _exit _Exit quick_exit assert", "src plugins", IN_PROCESS),
]
ALLOCATOR = "src/base/alloc.c"
FLOAT_FORMAT = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?L?[aefgAEFG]")


def read_exceptions(root):
    """{(path, function): line number} of the exceptions file, and its problems."""
    path = root / "tools/banned_exceptions.txt"
    allowed, problems = {}, []
    if not path.exists():
        return allowed, problems
    for number, line in enumerate(read(path).splitlines(), 1):
        words = line.split("#")[0].split(None, 2)
        if len(words) == 3:
            allowed[words[0], words[1]] = number
        elif words:
            problems.append(f"tools/banned_exceptions.txt:{number}: expected PATH FUNCTION reason")
    return allowed, problems


def uses(root):
    """(path, line, function, why) of every banned use."""
    for names, folders, why in RULES:
        call = re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")
        for path in c_files(root, folders.split()):
            if names.startswith("malloc") and path.as_posix() == ALLOCATOR:
                continue
            text = without_comments(read(root / path))
            for match in call.finditer(text):
                yield path.as_posix(), text.count("\n", 0, match.start()) + 1, match.group(1), why
    for path in c_files(root, ["src"]):
        for line, content in strings(read(root / path)):
            if FLOAT_FORMAT.search(content.replace("%%", "")):
                yield path.as_posix(), line, "%f", LOCALE


def check(root):
    allowed, problems = read_exceptions(root)
    unused = set(allowed)
    n_files = len(c_files(root, ["src", "plugins", "cli", "server", "bindings"]))
    for path, line, function, why in uses(root):
        if (path, function) in allowed:
            unused.discard((path, function))
        else:
            problems.append(f"{path}:{line}: {function} {why}")
    for path, function in sorted(unused):
        number = allowed[path, function]
        problems.append(f"tools/banned_exceptions.txt:{number}: {path} does not use {function} any more")
    return report("banned functions", problems, f"{n_files} files")


if __name__ == "__main__":
    main(check)
