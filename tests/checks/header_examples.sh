#!/usr/bin/env bash
# The complete programs in the comments of public headers compile, link against the built library and print what
# they are there to print; so do those of examples/, which the build compiles. They run in a folder that has a model as
# my-model.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$AP_SOURCE_DIR/models/minilm-sst2" "$work/my-model"
declare -A expected=([pipeline.h]='POSITIVE' [tokenizer.h]='3866 loved')
found=0
for header in "$AP_SOURCE_DIR"/include/accelpipe/*.h; do
    # From the line of the comment that includes accelpipe.h to the first line that is not indented.
    sed -n '/^ \*     #include <accelpipe\/accelpipe.h>/,/^ \*$/p' "$header" | sed 's/^ \* \{0,5\}//' >"$work/example.c"
    [ -s "$work/example.c" ] || continue
    found=$((found + 1))
    name=$(basename "$header")
    [ -n "${expected[$name]:-}" ] || { echo "$header: what does its example print? Say so in this script"; exit 1; }
    "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$AP_SOURCE_DIR/include" "$work/example.c" \
        -L "$AP_BUILD_DIR/lib" -laccelpipe -o "$work/example" || { echo "the example in $header does not compile"; exit 1; }
    (cd "$work" && LD_LIBRARY_PATH=$AP_BUILD_DIR/lib ./example >out) || { echo "the example in $header fails"; exit 1; }
    grep -q "^${expected[$name]}" "$work/out" || { echo "the example in $header prints:"; cat "$work/out"; exit 1; }
done
[ "$found" = "${#expected[@]}" ] || { echo "$found headers have an example, ${#expected[@]} should"; exit 1; }

echo "I loved it." | "$AP_BUILD_DIR/examples/tokenize" "$work/my-model" >"$work/out" || { echo "examples/tokenize.c fails"; exit 1; }
grep -q '^ *3866  loved  *loved$' "$work/out" && grep -q 'decoded: i loved it\.$' "$work/out" ||
    { echo "examples/tokenize.c prints:"; cat "$work/out"; exit 1; }

"$AP_BUILD_DIR/examples/custom_task" "$work/my-model" "The acting was superb. The ending was a letdown." >"$work/out" ||
    { echo "examples/custom_task.c fails"; exit 1; }
python3 - "$work/out" <<'PYTHON' || { echo "examples/custom_task.c prints:"; cat "$work/out"; exit 1; }
import json, sys
verdict, sure, unsure = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert list(verdict) == ["The acting was superb.", "The ending was a letdown."], verdict
assert verdict["The acting was superb."] > 0.9 > 0.1 > verdict["The ending was a letdown."], verdict
assert sure[0]["label"] in ("POSITIVE", "NEGATIVE") and sure[0]["score"] > 0.5, sure
assert unsure == [{"label": "UNSURE", "score": sure[0]["score"]}], unsure
PYTHON
