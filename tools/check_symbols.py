#!/usr/bin/env python3
"""Fails when the exported symbols differ from what is declared. Usage: check_symbols.py [--write] LIBRARY [ROOT]

Compares three lists: the dynamic symbols of the built library, the declarations marked AP_API in the public
headers, and include/symbols-in-versions.txt, which has one line for each: the symbol, and the version that added
it. A line is never removed within a major version. --write adds the symbols that are missing from that file, with
the version of the headers.
"""

import re
import subprocess
import sys
from pathlib import Path

from csource import ROOT, c_files, read, report, without_comments

LIST = "include/symbols-in-versions.txt"
DECLARATION = re.compile(r"\bAP_API\b[^;{}]*?\b(ap_\w+)\s*(?:\(|;|\[)")
VERSION = re.compile(r'#define AP_VERSION_STRING "(\d+\.\d+)')
HEADER = """\
# Every symbol that libaccelpipe exports, and the version that added it. `tools/check_symbols.py --write LIBRARY`
# adds what is new; the tests compare this list with the library and with the headers.
"""


def exported(library):
    done = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"nm: {done.stderr}")
    rows = [line.split() for line in done.stdout.splitlines()]
    # Type A is the name of a version node of the version script.
    return {row[2].split("@")[0] for row in rows if len(row) == 3 and row[1] != "A"}


def declared(root):
    """{symbol: header} of the declarations marked AP_API."""
    found = {}
    for path in c_files(root, ["include/accelpipe"], (".h",)):
        text = without_comments(read(root / path))
        text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", text, flags=re.MULTILINE)
        for match in DECLARATION.finditer(text):
            found[match.group(1)] = path.as_posix()
    return found


def listed(root):
    """{symbol: version} of the list."""
    path = root / LIST
    lines = [line.split("#")[0].split() for line in read(path).splitlines()] if path.exists() else []
    return {words[0]: words[1] for words in lines if len(words) == 2}


def write(root, symbols):
    version = VERSION.search(read(root / "include/accelpipe/api.h")).group(1)
    known = listed(root)
    rows = {symbol: known.get(symbol, version) for symbol in {*known, *symbols}}
    width = max(map(len, rows))
    text = HEADER + "".join(f"{symbol:<{width}} {rows[symbol]}\n" for symbol in sorted(rows))
    (root / LIST).write_text(text, encoding="utf-8")
    print(f"{LIST}: {len(rows)} symbols, {len(rows) - len(known)} new")


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--write"]
    if not args:
        sys.exit(__doc__)
    root = Path(args[1]).resolve() if len(args) > 1 else ROOT
    library, headers = exported(args[0]), declared(root)
    if "--write" in sys.argv:
        write(root, headers)
    in_list = listed(root)
    problems = []
    problems += [f"{symbol}: exported, but no public header declares it AP_API" for symbol in sorted(library - set(headers))]
    problems += [f"{headers[s]}: {s} is declared AP_API, but the library does not export it" for s in sorted(set(headers) - library)]
    problems += [f"{s}: declared, but not in {LIST}; add it with --write" for s in sorted(set(headers) - set(in_list))]
    problems += [f"{s}: in {LIST}, but no longer declared; that breaks programs" for s in sorted(set(in_list) - set(headers))]
    sys.exit(report("symbols", problems, f"{len(library)} exported"))


if __name__ == "__main__":
    main()
