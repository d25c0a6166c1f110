#!/usr/bin/env bash
# What is printed, where, and what happens when it cannot be.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

run() { run_model "$bert" "$@"; }
masked() {
    run "$@"
    mask_scores
}

# ---- json ----

masked --output json "Fine." "Awful."
expect 0 '[{"label":"NEGATIVE","score":N},{"label":"NEGATIVE","score":N}]'
masked --output json --top-k null "Fine."
expect 0 '[{"label":"NEGATIVE","score":N},{"label":"POSITIVE","score":N}]'
# Floats are read back exactly: what is printed and given as a value of JSON is printed the same.
run "Fine."
score=$(sed -E 's/.*"score":([^}]*)}.*/\1/' "$work/out")
check "a float has digits enough" test "${#score}" -ge 8

# ---- jsonl ----

masked --output jsonl "Fine." "Awful."
expect 0 '{"label":"NEGATIVE","score":N}
{"label":"NEGATIVE","score":N}'
masked --output jsonl --top-k null "Fine." "Awful."
expect 0 '[{"label":"NEGATIVE","score":N},{"label":"POSITIVE","score":N}]
[{"label":"NEGATIVE","score":N},{"label":"POSITIVE","score":N}]'
masked --output jsonl "Fine."
expect 0 '[{"label":"NEGATIVE","score":N}]'
masked --output jsonl --json '[]'
expect 0 ''

# ---- table ----

mask_table() { sed -i -E 's/-?[0-9]+\.[0-9]{4}/0.0000/' "$work/out"; }
table() {
    run --output table "$@"
    mask_table
}
table "Fine."
expect 0 'label      score
NEGATIVE  0.0000'
table --top-k null "Fine."
expect 0 'label      score
NEGATIVE  0.0000
POSITIVE  0.0000'
table --top-k null "Fine." "小男孩" "a"
sed -i -E 's/(POSITIVE|NEGATIVE)/LABEL   /' "$work/out"
expect 0 'input   label      score
Fine.   LABEL     0.0000
        LABEL     0.0000
小男孩  LABEL     0.0000
        LABEL     0.0000
a       LABEL     0.0000
        LABEL     0.0000'
table --json '[{"text": "a", "text_pair": "b"}]'
expect_out_has '{"text":"a","text_pair":"b"}'
table "$(printf 'tab\tline\nescape\033[31m red')" "b"
check "control characters are not passed on" test "$(grep -c $'\033' "$work/out")" = 0
expect_out_has $'tab line escape\xef\xbf\xbd[31m red'
table "$(printf 'x%.0s' {1..200})" "b"
expect_out_has "$(printf 'x%.0s' {1..57})...  "
table --json '[]'
expect 0 'no results'
table --top-k 0 "Fine."
expect 0 'no results'

# ---- a terminal ----

# on_terminal COMMAND: its output as a terminal gets it, in $work/out.
on_terminal() {
    last_command="on a terminal: $1"
    script -qec "$1" /dev/null </dev/null 2>"$work/err" | tr -d '\r\004\b' | sed 's/^^D//' >"$work/out"
    status=${PIPESTATUS[0]}
}
if command -v script >/dev/null; then
    command="'$ACCELPIPE' run text-classification --accelerator ort --model '$bert'"
    on_terminal "$command --top-k null Fine."
    expect_out_has $'\033[1mlabel      score\033[0m'
    expect_out_has $'\xe2\x96\x88\xe2\x96\x88'
    LC_ALL=C on_terminal "$command Fine."
    expect_out_has '  ####'
    NO_COLOR=1 on_terminal "$command Fine."
    mask_table
    expect 0 'label      score
NEGATIVE  0.0000' -
    TERM=dumb on_terminal "$command Fine."
    mask_table
    expect 0 'label      score
NEGATIVE  0.0000' -
    on_terminal "$command --output json Fine."
    expect_out_has '    "label": "NEGATIVE",'
    on_terminal "stty columns 40; $command '$(printf 'word %.0s' {1..20})' b"
    check "rows fit the terminal" test "$(sed 's/\x1b\[[0-9]*m//g; s/\xe2\x96\x88/#/g' "$work/out" | awk '{ if (length > n) n = length } END { print n }')" -le 40
    # Messages stay apart from what is piped.
    on_terminal "$command Fine. | cat"
    expect_out_has '[{"label":"NEGATIVE","score":0.'
fi

# ---- arrays ----

run --out-dir "$work/arrays/deep" "Fine."
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'
check "the folder is made" test -d "$work/arrays/deep"
run --out-dir "$work/arrays/deep" "Fine."
expect 0 -
run --out-dir "$work/out/deep" "Fine."
expect_error 1 "--out-dir $work/out/deep: Not a directory [AP_EIO]"
run --out-dir '' "Fine."
expect_error 2 '--out-dir: not a path [AP_EINVAL]'

# ---- what cannot be written ----

to() { # to FILE ARG...: standard output goes to FILE
    last_command="accelpipe ${*:2} > $1"
    : >"$work/out"
    "$ACCELPIPE" "${@:2}" >"$1" 2>"$work/err" </dev/null
    status=$?
}
no_space='standard output: cannot write: No space left on device [AP_EIO]'
if [ -w /dev/full ]; then
    to /dev/full run text-classification --accelerator ort --model "$bert" "Fine."
    expect_error 1 "$no_space"
    to /dev/full --help
    expect_error 1 "$no_space"
    to /dev/full --version
    expect_error 1 "$no_space"
    to /dev/full tasks --output json
    expect_error 1 "$no_space"
    last_command='accelpipe run --text-lines > /dev/full'
    yes text | head -n 100000 | "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines >/dev/full 2>"$work/err"
    status=$?
    expect_error 1 "$no_space"
fi
last_command='accelpipe run with standard output closed'
: >"$work/out"
"$ACCELPIPE" run text-classification --accelerator ort --model "$bert" "Fine." >&- 2>"$work/err" </dev/null
status=$?
expect_error 1 'standard output: cannot write: Bad file descriptor [AP_EIO]'
last_command='accelpipe --version with everything closed'
"$ACCELPIPE" --version <&- >&- 2>&-
check "exit status 1" test $? = 1

# The reader of a pipe has gone: not a word. With SIGPIPE ignored, as some parents leave it, neither.
last_command='yes | accelpipe | head'
yes text | "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines 2>"$work/err" | head -n 1 >"$work/out"
mask_scores
status=0
expect 0 '{"label":"POSITIVE","score":N}' ''
(
    trap '' PIPE
    yes text 2>/dev/null | "$ACCELPIPE" run text-classification --accelerator ort --model "$bert" --text-lines 2>"$work/err" | head -n 1 >"$work/out"
    exit "${PIPESTATUS[1]}"
)
status=$?
mask_scores
expect 1 '{"label":"POSITIVE","score":N}' ''

finish
