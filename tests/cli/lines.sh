#!/usr/bin/env bash
# --jsonl and --text-lines: order, bad lines, bounds, and answers that come in time.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend
input=$work/in

run() { run_model "$bert" "$@"; }
lines() {
    run --jsonl "$@"
    mask_scores
}
answer='{"label":"NEGATIVE","score":N}'

# ---- one line for each line ----

printf '%s\n' '"Fine."' '{"text": "Fine.", "text_pair": "Awful."}' '"Awful."' >"$input"
lines
expect 0 "$answer
$answer
$answer"
printf '"Fine."\n"Fine."' >"$input" # No line end at the end, or CR LF.
lines
expect 0 "$answer
$answer"
printf '"Fine."\r\n "Fine." \r\n' >"$input"
lines
expect 0 "$answer
$answer"
: >"$input"
lines
expect 0 ''
printf '"Fine."\n' >"$input"
lines --top-k null
expect 0 '[{"label":"NEGATIVE","score":N},{"label":"POSITIVE","score":N}]'
lines --output jsonl
expect 0 "$answer"
lines -
expect 0 "$answer"
printf '{"$kwargs": {"inputs": "Fine."}}\n' >"$input"
lines
expect 0 "$answer"

# ---- text ----

printf 'Fine.\n"Fine."\n\nFine.\r\n' >"$input"
run --text-lines
cp "$work/out" "$work/text"
check "four lines" test "$(wc -l <"$work/text")" = 4
check "CR LF is a line end" test "$(sed -n 1p "$work/text")" = "$(sed -n 4p "$work/text")"
printf '"Fine."\n"\\"Fine.\\""\n""\n"Fine."\n' >"$input"
run --jsonl
check "the same as JSON" cmp -s "$work/text" "$work/out"
# A NUL is a character like others.
printf 'a\0b\n' >"$input"
run --text-lines
cp "$work/out" "$work/text"
printf '"a\\u0000b"\n' >"$input"
run --jsonl
check "NUL, as JSON" cmp -s "$work/text" "$work/out"

# ---- bad lines ----

error() { printf '{"error":{"code":"%s","type":"%s","message":"%s"}}' "$1" "$2" "$3"; }
printf '%s\n' '"Fine."' '42' '"Fine."' 'null' '["a", "b"]' >"$input"
lines
expect 1 "$answer
$(error AP_EINVAL ValueError 'text input: expected a string, found int')
$answer
$(error AP_EINVAL ValueError 'text input: expected a string, found null')
$(error AP_EINVAL ValueError 'text input: found a list in a list; a pair of texts is a dict {\"text\": ..., \"text_pair\": ...}')" \
    'accelpipe: error: 3 of 5 lines failed, the first is line 2: text input: expected a string, found int [AP_EINVAL]'
# bad_line LINE CODE TYPE TEXT: the line fails with a message that has TEXT, and the line behind it does not.
bad_line() {
    printf '%b\n"Fine."\n' "$1" >"$input"
    lines
    expect 1 - -
    check "the rest goes on" test "$(sed -n 2p "$work/out")" = "$answer"
    check "two lines" test "$(wc -l <"$work/out")" = 2
    expect_out_has "{\"error\":{\"code\":\"$2\",\"type\":\"$3\",\"message\":\""
    expect_out_has "$4"
    expect_err_has 'accelpipe: error: 1 of 2 lines failed, the first is line 1: '
    expect_err_has " [$2]"
}
bad_line 'Fine.' AP_EINVAL ValueError 'a text stands in quotes, or use --text-lines'
bad_line '' AP_EINVAL ValueError 'it is empty'
bad_line '"Fine.' AP_EINVAL ValueError 'at byte '
bad_line '"Fine\\xff"' AP_EINVAL ValueError 'at byte '
bad_line '{"text": "a"} {"text": "b"}' AP_EINVAL ValueError 'at byte '
bad_line '{"txt": "a"}' AP_EINVAL ValueError 'txt'
bad_line '{"$kwargs": {"inputs": "a", "top_k": 1}}' AP_EINVAL ValueError 'may hold \"inputs\" only'
bad_line '{"$kwargs": {"text": "a"}}' AP_ETYPE TypeError 'has no \"inputs\"'
bad_line '{"$npy": "missing.npy"}' AP_ENOTFOUND OSError 'missing.npy: No such file or directory'
bad_line '{"$image": "a.png"}' AP_EUNSUPPORTED NotImplementedError 'not supported by this version'
bad_line "$(printf '[%.0s' {1..2000})" AP_EINVAL ValueError 'at byte '
bad_line "$(printf '[%.0s' {1..2000})$(printf ']%.0s' {1..2000})" AP_ELIMIT ValueError 'deeper'
printf 'ab\xff\nFine.\n' >"$input"
run --text-lines
mask_scores
expect 1 - 'accelpipe: error: 1 of 2 lines failed, the first is line 1: text is not UTF-8: byte 0xff at offset 2; convert it to UTF-8 first [AP_EUTF8]'
check "the rest goes on" test "$(sed -n 2p "$work/out")" = "$answer"

# Bad parameters end it before the first line.
printf '"Fine."\n"Fine."\n' >"$input"
run --jsonl --params '{"topk": 1}'
expect_error 2 'task text-classification has no parameter "topk"; did you mean "top_k"? [AP_EINVAL]'

# ---- long lines: up to 64 MiB, and then on behind ----

{
    printf '"Fine."\n'
    head -c 67108865 /dev/zero | tr '\0' a
    printf '\n"Fine."\n'
} >"$input"
lines
expect 1 "$answer
$(error AP_ELIMIT ValueError 'the line is longer than the limit of 67108864 bytes')
$answer" -
{
    printf 'Fine.\n'
    head -c 67108863 /dev/zero | tr '\0' a
} >"$input"
run --text-lines --truncation
expect 0 - ''
check "one answer each" test "$(wc -l <"$work/out")" = 2
rm "$input"

# ---- many lines: in order, the same as alone ----

awk 'BEGIN { for (i = 0; i < 3000; i++) { n = i * 7919 % 8 + 1; s = ""; for (j = 0; j < n; j++) s = s " " (i * 31 + j * 17) % 1000; print s } }' >"$input"
run --text-lines --batch-size 1
expect 0 - ''
cp "$work/out" "$work/many"
check "3000 answers" test "$(wc -l <"$work/many")" = 3000
head -n 2000 "$input" | tail -n 3 >"$work/three"
input=$work/three
run --text-lines --batch-size 1
check "lines 1998 to 2000 alone" cmp -s <(sed -n 1998,2000p "$work/many") "$work/out"

# ---- in time: each line typed gets its answer before the next one ----

coproc "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --jsonl 2>"$work/err"
coproc_pid=$COPROC_PID
last_command='accelpipe run --jsonl, line by line'
for line in '"Fine."' 'bad' '"Awful."'; do
    printf '%s\n' "$line" >&"${COPROC[1]}"
    reply=
    read -r -t 60 reply <&"${COPROC[0]}"
    check "an answer to $line" test -n "$reply"
done
exec {COPROC[1]}>&-
wait "$coproc_pid"
check "exit status 1" test $? = 1

finish
