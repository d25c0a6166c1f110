#!/usr/bin/env bash
# accelpipe bench: what it measures, what it compares, and what it refuses.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend
quick=(--duration 0.05 --accelerator ort)

# ---- the table ----

cli bench text-classification --model "$bert" "${quick[@]}" --lengths 4,12 --batch-sizes 1,3,auto
expect 0 - ""
check "a row for each length and size" test "$(grep -c '^ort .*[0-9]$' "$work/out")" = 7
check "the columns" grep -Eq '^backend +words +batch +p50 ms +p90 ms +p99 ms +inputs/s +tokens/s +padding % +pre % +collate % +forward % +unbatch % +post %$' "$work/out"
check "auto is a size" grep -Eq '^ort +12 +auto ' "$work/out"
check "memory and loading" grep -Eq '^ort +[0-9]+\.[0-9] +[0-9]+\.[0-9]$' "$work/out"

# ---- JSON, and what its numbers have to do with each other ----

cli bench sentiment-analysis --model "$bert" "${quick[@]}" --lengths 8 --batch-sizes 1,4,auto --output json
expect 0 - ""
check "the numbers" python3 - "$work/out" <<'PYTHON'
import json, sys
found = json.load(open(sys.argv[1], encoding="utf-8"))
assert found["task"] == "text-classification"
(worker,) = found["accelerators"]
assert worker["accelerator"] == "ort" and worker["load_ns"] > 0 and worker["peak_memory_bytes"] > 1 << 20
assert [(c["n_words"], c["batch_size"], c["inputs_per_call"]) for c in found["cells"]] == [(8, 1, 1), (8, 4, 4), (8, None, 64)]
for cell in found["cells"]:
    t = cell["timings"]
    assert 0 < cell["p50_ns"] <= cell["p90_ns"] <= cell["p99_ns"], cell
    assert t["n_inputs"] == cell["n_calls"] * cell["inputs_per_call"], cell
    assert abs(cell["inputs_per_s"] - t["n_inputs"] / t["total_ns"] * 1e9) < 1e-6 * cell["inputs_per_s"], cell
    assert abs(cell["padding"] - t["n_padding_tokens"] / (t["n_tokens"] + t["n_padding_tokens"])) < 1e-9, cell
    assert "speed" not in cell
one, four, auto = found["cells"]
assert one["padding"] == 0 and four["padding"] > 0 and one["timings"]["n_batches"] == one["n_calls"]
assert auto["padding"] < four["padding"], "batches by length have less padding"
PYTHON

# ---- every task, with inputs that are made ----

while read -r task model; do
    cli bench "$task" --model "$models/$model" "${quick[@]}" --lengths 5 --batch-sizes 1,2
    expect 0 - ""
    check "two rows of $task" test "$(grep -c '^ort  *5 ' "$work/out")" = 2
done <<'TASKS'
text-classification bert-sst2
token-classification bert-ner
feature-extraction minilm-embed
fill-mask bert-mlm
fill-mask roberta-mlm
question-answering bert-squad
zero-shot-classification bert-mnli
table-question-answering tapas-wtq
document-question-answering layoutlm-docvqa
text-ranking electra-pairs
sentence-similarity minilm-embed
TASKS

# ---- inputs that are given, and parameters ----

cli bench text-classification --model "$bert" "${quick[@]}" --batch-sizes 2 "the the" "the"
expect 0 - ""
check "they have no length" grep -Eq '^ort +given +2 ' "$work/out"
cli bench question-answering --model "$models/bert-squad" "${quick[@]}" --batch-sizes 1 --json --max-seq-len 30 \
    '{"question": "Who?", "context": "Anna went to Oslo."}'
expect 0 - ""
cli bench zero-shot-classification --model "$models/bert-mnli" "${quick[@]}" --lengths 4 --batch-sizes 1 \
    --candidate-labels "a, b" --output json
check "labels that are given count" grep -q '"n_feeds":\([0-9]*\)' "$work/out"
check "two for an input" python3 -c 'import json, sys; t = json.load(open(sys.argv[1]))["cells"][0]["timings"]; assert t["n_feeds"] == 2 * t["n_inputs"]' "$work/out"

# ---- comparing ----

cli backends --output json
if grep -q '"name":"ov","available":true' "$work/out"; then
    cli bench text-classification --model "$bert" --duration 0.05 --lengths 4 --batch-sizes 1,2 --vs ort,ov
    expect 0 - ""
    check "the first is 1" test "$(grep -Ec '^ort .* 1$' "$work/out")" = 2
    check "the second a multiple" test "$(grep -Ec '^ov .* [0-9.]+x$' "$work/out")" = 2
fi

# ---- what is refused ----

cli bench
expect_error 2 'TASK comes first: accelpipe bench TASK [OPTIONS] [INPUT...]; `accelpipe tasks` lists them [AP_EINVAL]'
cli bench no-such-task
expect 2 "" -
expect_err_has 'unknown task "no-such-task"'
cli bench text-classification --duration 0
expect_error 2 '--duration: expected seconds, 0.001 to 86400, found "0" [AP_EINVAL]'
cli bench text-classification --duration 1s
expect_error 2 '--duration: expected seconds, 0.001 to 86400, found "1s" [AP_EINVAL]'
for sizes in 0 1, 1,,2 x 1048577 -1; do
    cli bench text-classification --batch-sizes=$sizes
    expect 2 "" -
    expect_err_has '--batch-sizes: expected up to 16 numbers from 1 to 1048576, or auto with commas between, found "'$sizes'"'
done
cli bench text-classification --lengths auto
expect 2 "" -
expect_err_has '--lengths: expected up to 16 numbers from 1 to 1048576 with commas between, found "auto"'
cli bench text-classification --lengths 5 "a text"
expect 2 "" -
expect_err_has '--lengths is of inputs that are made, and INPUT is given'
cli bench text-classification --accelerator ort --vs ort
expect_error 2 '--vs: ort is compared with itself: name it once [AP_EINVAL]'
cli bench text-classification --vs ort,
expect 2 "" -
expect_err_has '--vs: expected names of backends'
cli bench text-classification --model "$bert" --vs ort,onnx
expect 2 "" -
expect_err_has 'accelerator "onnx"'
cli bench text-classification --model "$bert" "${quick[@]}" --json 42
expect_error 2 'text input: expected a string, found int [AP_EINVAL]'
cli bench text-classification --model "$work/none" "${quick[@]}"
expect 1 "" -

finish
