#!/usr/bin/env bash
# Formats all C files in place, or with --check reports those that are not formatted.
#
# Releases of clang-format differ in small ways, so that only the pinned one decides: 14, which is Debian 12's and
# is on PyPI for everyone else (pip install clang-format==14.0.6). Exit status 77: it is not here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatter=
for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then
        formatter=$name
        break
    fi
done
if [ -z "$formatter" ]; then
    echo "clang-format 14 is not installed" >&2
    exit 77
fi

mode=(-i)
if [ "${1:-}" = --check ]; then mode=(--dry-run -Werror); fi

folders=()
for folder in include src plugins cli server bindings tests fuzz bench examples; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
done
find "${folders[@]}" \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print0 | sort -z |
    xargs -0 -r "$formatter" "${mode[@]}" --
