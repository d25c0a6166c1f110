#!/usr/bin/env python3
"""Fails on C files of more than 800 lines. Usage: check_length.py [ROOT]

A file that has to be longer says so in its first comment: "length: why", or that it is generated.
"""

import re

from csource import c_files, main, read, report

MAX_LINES = 800
EXCUSE = re.compile(r"\blength:\s*\S|\bgenerated\b", re.IGNORECASE)
FIRST_COMMENT = re.compile(r"\s*(/\*.*?\*/|(?://[^\n]*\n)+)", re.DOTALL)


def check(root):
    folders = ["include", "src", "plugins", "cli", "server", "bindings", "tests", "fuzz", "bench", "examples"]
    problems, paths = [], c_files(root, folders)
    for path in paths:
        text = read(root / path)
        n_lines = text.count("\n")
        comment = FIRST_COMMENT.match(text)
        if n_lines > MAX_LINES and not (comment and EXCUSE.search(comment.group(1))):
            problems.append(f"{path}: {n_lines} lines, at most {MAX_LINES}; split it, or say why in its first comment")
    return report("file length", problems, f"{len(paths)} files")


if __name__ == "__main__":
    main(check)
