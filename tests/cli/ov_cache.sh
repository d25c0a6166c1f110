#!/usr/bin/env bash
# OpenVINO's part of the start-up cache: several processes at once, killed ones, a full disk, a folder that cannot be
# written. Whatever happens, the answer is right, and the next start works.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
cli backends --output json
grep -q '"name":"ov","available":true' "$work/out" || { echo "skipped: no OpenVINO"; exit 77; }

expected=
# start FOLDER: one process with its cache there.
start() { ACCELPIPE_CACHE=$1 "$ACCELPIPE" run text-classification --model "$bert" --accelerator ov Fine.; }
entries() { find "$1/sessions" -mindepth 1 -maxdepth 1 -name "ov-*" ! -name "*.tmp.*" | wc -l; }
check_start() {
    last_command="start with the cache in $1"
    check "the same answer" test "$(start "$1" 2>"$work/err")" = "$expected"
}

expected=$(start "$work/first" 2>/dev/null)
check "an answer" test -n "$expected"
check_start "$work/first"
check "one entry" test "$(entries "$work/first")" = 1

# ---- several at once ----
for i in 1 2 3 4 5 6; do start "$work/many" >"$work/many.$i" 2>/dev/null & done
wait
for i in 1 2 3 4 5 6; do check "process $i" test "$(cat "$work/many.$i")" = "$expected"; done
check "one entry of all" test "$(entries "$work/many")" = 1

# ---- killed at any time ----
for delay in 0.02 0.05 0.08 0.11 0.14 0.17 0.2 0.25; do
    ACCELPIPE_CACHE=$work/killed timeout -s KILL "$delay" "$ACCELPIPE" run text-classification --model "$bert" \
        --accelerator ov Fine. >/dev/null 2>&1
done
check_start "$work/killed"
check_start "$work/killed"
check "an entry" test "$(entries "$work/killed")" = 1

# ---- a full disk: no file may grow beyond some blocks ----
for blocks in 0 1 8 64 512; do
    last_command="start with files of at most $blocks blocks"
    check "the same answer" test "$( (trap '' XFSZ && ulimit -f "$blocks" && start "$work/full.$blocks" 2>/dev/null) | cat)" = \
        "$expected"
    check_start "$work/full.$blocks"
    check_start "$work/full.$blocks"
done

# ---- a place that cannot be written ----
: >"$work/file"
check_start "$work/file"
check_start /proc/nothing

finish
