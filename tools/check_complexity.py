#!/usr/bin/env python3
"""Fails on functions that are too long or too branched, by pmccabe. Usage: check_complexity.py [ROOT]

Refused: more than 100 lines, or a cyclomatic complexity above 25. Notes, which do not fail: above 60 lines, or
above 15. A flat switch or a walk over a table may be excused by a comment right above the function:
    /* complexity: one case per operator, nothing shared. */
"""

import re
import shutil
import statistics
import subprocess
import sys

from csource import c_files, main, read, report

MAX_LINES, MAX_COMPLEXITY = 100, 25
NOTE_LINES, NOTE_COMPLEXITY = 60, 15
EXCUSE = re.compile(r"\bcomplexity:\s*\S")
# Modified and traditional complexity, statements, first line, lines, file(line of the name): name.
ROW = re.compile(r"\d+\t(\d+)\t\d+\t(\d+)\t(\d+)\t(.*)\(\d+\): (.+)")


def comment_above(lines, first_line):
    """The comment that ends right above a function, or ""."""
    end = first_line - 1
    if end < 1 or not lines[end - 1].rstrip().endswith("*/"):
        return ""
    start = end
    while start > 1 and "/*" not in lines[start - 1]:
        start -= 1
    return "\n".join(lines[start - 1 : end])


def functions(root, paths):
    """(path, name, first line, lines, complexity) of every function."""
    if not paths:
        return
    done = subprocess.run(
        ["pmccabe", *map(str, paths)], cwd=root, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode or done.stderr:
        sys.exit(f"pmccabe: {done.stderr}")
    for row in done.stdout.splitlines():
        complexity, first, length, path, name = ROW.fullmatch(row).groups()
        yield path, name, int(first), int(length), int(complexity)


def check(root):
    if not shutil.which("pmccabe"):
        print("pmccabe is not installed")
        return 77
    problems, lengths, texts = [], [], {}
    for path, name, first, length, complexity in functions(root, c_files(root, ["src", "plugins", "cli", "bindings"], (".c",))):
        lengths.append(length)
        if length <= NOTE_LINES and complexity <= NOTE_COMPLEXITY:
            continue
        what = f"{path}:{first}: {name}: {length} lines, complexity {complexity}"
        if length <= MAX_LINES and complexity <= MAX_COMPLEXITY:
            print(f"note: {what}")
            continue
        if path not in texts:
            texts[path] = read(root / path).splitlines()
        if EXCUSE.search(comment_above(texts[path], first)):
            print(f"excused: {what}")
        else:
            problems.append(f"{what}; at most {MAX_LINES} and {MAX_COMPLEXITY}")
    median = statistics.median(lengths) if lengths else 0
    return report("complexity", problems, f"{len(lengths)} functions, median {median:g} lines")


if __name__ == "__main__":
    main(check)
