#!/usr/bin/env bash
# The complete programs in the comments of public headers compile and link against the built library.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
found=0
for header in "$AP_SOURCE_DIR"/include/accelpipe/*.h; do
    # From the line of the comment that includes accelpipe.h to the first line that is not indented.
    sed -n '/^ \*     #include <accelpipe\/accelpipe.h>/,/^ \*$/p' "$header" | sed 's/^ \* \{0,5\}//' >"$work/example.c"
    [ -s "$work/example.c" ] || continue
    found=$((found + 1))
    "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$AP_SOURCE_DIR/include" "$work/example.c" \
        -L "$AP_BUILD_DIR/lib" -laccelpipe -o "$work/example" || { echo "the example in $header does not compile"; exit 1; }
    LD_LIBRARY_PATH=$AP_BUILD_DIR/lib "$work/example" >"$work/out" || { echo "the example in $header fails"; exit 1; }
    grep -q POSITIVE "$work/out" || { echo "the example in $header prints:"; cat "$work/out"; exit 1; }
done
[ "$found" -gt 0 ] || { echo "no header has an example any more"; exit 1; }
