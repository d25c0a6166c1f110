#!/usr/bin/env bash
# SIGINT and SIGTERM while lines are read: whole lines, exit status 130, at once.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

whole_lines() {
    check "something was printed" test -s "$work/out"
    check "the last line is whole" test -z "$(tail -c 1 "$work/out" | tr -d '\n')"
    check "every line is a result" test -z "$(grep -v '^{"label":"[A-Z]*","score":[0-9.e-]*}$' "$work/out")"
}

# While results come as fast as they can.
for signal in INT TERM; do
    last_command="SIG$signal while busy"
    yes text | timeout --preserve-status -s $signal 3 "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines \
        >"$work/out" 2>"$work/err"
    status=${PIPESTATUS[1]}
    expect 130 - ''
    whole_lines
done

# While it waits for a line: what was answered is there, and it ends although the input does not.
mkfifo "$work/lines"
exec 9<>"$work/lines"
for signal in INT TERM; do
    last_command="SIG$signal while waiting"
    SECONDS=0
    echo text >&9
    timeout --preserve-status -s $signal 3 "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines \
        >"$work/out" 2>"$work/err" <"$work/lines" 9>&-
    status=$?
    expect 130 - ''
    whole_lines
    check "one line" test "$(wc -l <"$work/out")" = 1
    check "it did not wait for the input" test $SECONDS -lt 30
done
exec 9>&-

# A background job ignores SIGINT, and goes on doing so.
last_command='SIGINT, ignored'
(
    trap '' INT
    { echo text && sleep 2 && echo text; } | "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines \
        >"$work/out" 2>"$work/err" &
    job=$!
    sleep 1
    kill -INT $job
    wait $job
)
status=$?
expect 0 - ''
check "two lines" test "$(wc -l <"$work/out")" = 2

finish
