#!/usr/bin/env bash
# The manual page and docs/cli.md keep up with the program.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
page=$AP_SOURCE_DIR/docs/man/accelpipe.1

if command -v mandoc >/dev/null; then
    check "mandoc has nothing to say" test -z "$(mandoc -T lint -W warning "$page" 2>&1)"
    mandoc -T ascii "$page" | sed 's/.\x08//g' >"$work/page"
elif command -v groff >/dev/null; then
    check "groff has nothing to say" test -z "$(groff -mdoc -ww -z "$page" 2>&1)"
    groff -mdoc -T ascii -P -c "$page" | sed 's/.\x08//g' >"$work/page"
else
    skip "neither mandoc nor groff"
fi

options() { grep -o -- '--[a-z-]*[a-z]' | sort -u; }

# Every command, with its options.
for command in $("$ACCELPIPE" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    check "the page has $command" grep -q "^ *accelpipe $command" "$work/page"
    [ "$command" = help ] && continue
    for option in $("$ACCELPIPE" "$command" --help | sed -n 's/^  \(-., \)*\(--[a-z-]*\).*/\2/p'); do
        check "the page has $option of $command" grep -q -- "$option\b" "$work/page"
    done
done

# Every parameter of pipeline(). Those of tasks change with the tasks: `accelpipe run TASK --help` has them.
"$ACCELPIPE" run text-classification --help | sed -n '/^Parameters of pipeline()$/,$p' | sed -n 's/^  \(--[a-z-]*\).*/\1/p' |
    sort -u >"$work/params"
check "there are some" test "$(wc -l <"$work/params")" -gt 10
while read -r option; do
    check "the page has $option" grep -q -- "$option\b\|--no-${option#--}\b" "$work/page"
done <"$work/params"

# No option that there is not.
{
    for command in run tasks backends inspect explain tokenize bench; do "$ACCELPIPE" $command --help; done
    for task in $("$ACCELPIPE" tasks --output json | grep -o '"name":"[a-z-]*","aliases"' | cut -d'"' -f4); do
        "$ACCELPIPE" run "$task" --help
    done
    printf '%s\n' --no-cache --no-truncation --no-NAME
} | options >"$work/known"
for file in "$work/page" "$AP_SOURCE_DIR/docs/cli.md"; do
    sed 's/cmake --[a-z]*//' "$file" | options | grep -vxF -f "$work/known" | grep -vx -- '--batch\|--no' >"$work/unknown"
    check "$(basename "$file") has no other options: $(paste -sd' ' "$work/unknown")" test ! -s "$work/unknown"
done

# The program's own options are all in docs/cli.md.
for option in $({ "$ACCELPIPE" run --help; "$ACCELPIPE" tokenize --help; "$ACCELPIPE" bench --help; } | sed -n 's/^  \(-., \)*\(--[a-z-]*\).*/\2/p'); do
    check "docs/cli.md has $option" grep -q -- "$option\b" "$AP_SOURCE_DIR/docs/cli.md"
done

finish
