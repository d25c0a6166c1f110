"""What the checks in this folder share: finding C files and reading them without comments and strings."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Line continuations, comments, string and character literals, in one pass, so that none is found in another.
_TOKEN = re.compile(
    r"""//(?:\\\n|[^\n])*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)


def root_from_args(argv):
    """The tree to check: the first argument, or the one this file is in."""
    return Path(argv[1]).resolve() if len(argv) > 1 else ROOT


def c_files(root, folders, suffixes=(".c", ".h")):
    """All C files of these folders, sorted, as paths relative to root."""
    found = []
    for folder in folders:
        found += [p.relative_to(root) for p in (root / folder).rglob("*") if p.suffix in suffixes and p.is_file()]
    return sorted(found)


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def without_comments(text, keep_strings=False):
    """The text with comments blanked, and strings emptied unless they are kept; line numbers stay."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return " " + "\n" * token.count("\n")

    return _TOKEN.sub(blank, text)


def strings(text):
    """(line number, content) of every string literal outside comments."""
    for match in _TOKEN.finditer(text):
        if match.group(0)[0] == '"':
            yield text.count("\n", 0, match.start()) + 1, match.group(0)[1:-1]


def report(name, problems, summary):
    """Prints the problems, one a line, and returns the exit status."""
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems)} problems, {summary}" if problems else f"{name}: ok, {summary}")
    return 1 if problems else 0


def main(check):
    sys.exit(check(root_from_args(sys.argv)))
