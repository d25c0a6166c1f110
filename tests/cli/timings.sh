#!/usr/bin/env bash
# --timings: where the time of a call went, on standard error.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

# says_table COUNTS: the six lines of the table, and the line of counts.
says_table() {
    sed 's/  *[0-9]*\.[0-9]\{3\}  *[0-9.]* %$/ MS SHARE/' "$work/err" >"$work/masked"
    compare "the table" "phase                 ms     share
preprocess MS SHARE
collate MS SHARE
forward MS SHARE
unbatch MS SHARE
postprocess MS SHARE
total MS SHARE
$1" "$work/masked"
}

run_model "$bert" --timings "the the"
expect 0 - -
says_table "1 input, 1 feed, 1 batch, 4 tokens and 0 of padding (0.0 %)"
expect_out_has '"label"'
run_model "$bert" --timings --batch-size 3 "the the" "" "the the the"
expect 0 - -
says_table "3 inputs, 3 feeds, 1 batch, 11 tokens and 4 of padding (26.7 %)"
run_model "$bert" --timings --quiet --output table "the the"
says_table "1 input, 1 feed, 1 batch, 4 tokens and 0 of padding (0.0 %)"

cli run zero-shot-classification --model "$models/bert-mnli" --accelerator ort --timings --output json \
    --candidate-labels "the, a" "the the"
expect 0 - -
check "one line of JSON" test "$(wc -l <"$work/err")" = 1
check "its entries" python3 - "$work/err" <<'PYTHON'
import json, sys
timings = json.load(open(sys.argv[1], encoding="utf-8"))["timings"]
names = ["total", "preprocess", "collate", "forward", "unbatch", "postprocess"]
assert list(timings) == [f"{n}_ns" for n in names] + [f"n_{n}" for n in ("inputs", "feeds", "batches", "tokens", "padding_tokens")]
assert all(timings[f"{n}_ns"] > 0 for n in names), timings
assert sum(timings[f"{n}_ns"] for n in names[1:]) <= timings["total_ns"], timings
assert timings["n_inputs"] == 1 and timings["n_feeds"] == 2, timings
PYTHON

# Of lines, all of them.
input=$work/lines
yes '"the the"' | head -n 3000 >"$input"
run_model "$bert" --timings --jsonl
expect 0 - -
check "a result a line" test "$(wc -l <"$work/out")" = 3000
check "all lines count" grep -Eq '^3000 inputs, 3000 feeds, [0-9]+ batches, 12000 tokens and 0 of padding' "$work/err"
run_model "$bert" --timings --jsonl --output jsonl
check "JSON of lines" grep -q '^{"timings":{"total_ns":[0-9]*,.*"n_inputs":3000,' "$work/err"
input=/dev/null

# A call that fails has its error and no table.
run_model "$bert" --timings --json 42
expect 2 "" "accelpipe: error: text input: expected a string, found int [AP_EINVAL]"
run_model "$bert" --timings=yes "the"
expect_error 2 '--timings takes no value, "yes" was given [AP_EINVAL]'

finish
