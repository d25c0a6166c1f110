#!/usr/bin/env bash
# Models that are missing, damaged or do not fit, and inputs that are too much: one line, the right exit status.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

run() { run_model "$work/m" "${@-Fine.}"; }
# fresh: an undamaged copy of the small model at $work/m.
fresh() {
    rm -rf "$work/m"
    copy_model m
}
# expect_one_line STATUS CODE TEXT...: nothing printed, one line said that has the texts.
expect_one_line() {
    local wanted_status=$1 code=$2 text
    shift 2
    expect "$wanted_status" "" -
    check "one line" test "$(wc -l <"$work/err")" = 1
    expect_err_has 'accelpipe: error: '
    expect_err_has " [$code]"
    for text in "$@"; do expect_err_has "$text"; done
}

fresh
run
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'

# ---- the folder ----

cli run text-classification --model "$work/missing" "Fine."
expect_one_line 1 AP_ENOTFOUND "$work/missing"
cli run text-classification --model "" "Fine."
expect_error 2 'model is an empty string; name a folder [AP_EINVAL]'
cli run text-classification --model "$bert/config.json" "Fine."
expect_error 2 "model $bert/config.json is a file; name the folder that holds config.json [AP_EINVAL]"
cli inspect "$work/missing"
expect_one_line 1 AP_ENOTFOUND "$work/missing"
cli run auto --model "$work/missing" "Fine."
expect_one_line 1 AP_ENOTFOUND "$work/missing"
fresh
rm "$work/m/config.json"
run
expect_error 1 "$work/m has no config.json; it is no model folder in Hugging Face layout [AP_ENOTFOUND]"
fresh
rm -r "$work/m/onnx"
run
expect_one_line 1 AP_ENOTFOUND "$work/m" onnx
fresh
rm "$work/m/tokenizer.json"
run
expect_one_line 1 AP_ENOTFOUND "$work/m/tokenizer.json"

# ---- config.json ----

fresh
printf '{"model_type": "bert",' >"$work/m/config.json"
run
expect_one_line 1 AP_EFORMAT "$work/m/config.json" ' at byte '
printf '[]' >"$work/m/config.json"
run
expect_one_line 1 AP_EFORMAT "$work/m/config.json"
: >"$work/m/config.json"
run
expect_one_line 1 AP_EFORMAT "$work/m/config.json" 'it is empty'
fresh
sed -i -E 's/"id2label": *\{/"id2label": {"2": "THIRD",/' "$work/m/config.json"
run
expect_one_line 2 AP_EINVAL 'config.json: id2label has 3 entries, logits have 2 columns'

# ---- the model's file ----

fresh
size=$(stat -c %s "$work/m/onnx/model.onnx")
truncate -s $((size / 2)) "$work/m/onnx/model.onnx"
run
expect_one_line 1 AP_EFORMAT "$work/m/onnx/model.onnx" 'download or export it again'
head -c 4096 /dev/urandom >"$work/m/onnx/model.onnx"
run
expect_one_line 1 AP_EFORMAT "$work/m/onnx/model.onnx" 'download or export it again'
: >"$work/m/onnx/model.onnx"
run
expect_one_line 1 AP_EFORMAT "$work/m/onnx/model.onnx"
printf '{"not": "a model"}' >"$work/m/onnx/model.onnx"
run
expect_one_line 1 AP_EFORMAT "$work/m/onnx/model.onnx"

# ---- tokenizer.json ----

tokenizer() { # tokenizer CODE TEXT...
    local code=$1
    shift
    run
    expect_one_line 1 "$code" "$work/m/tokenizer.json" "$@"
}
fresh
printf 'not JSON' >"$work/m/tokenizer.json"
tokenizer AP_EFORMAT ' at byte 0'
: >"$work/m/tokenizer.json"
tokenizer AP_EFORMAT 'it is empty'
printf '{}' >"$work/m/tokenizer.json"
tokenizer AP_EFORMAT
printf '[1]' >"$work/m/tokenizer.json"
tokenizer AP_EFORMAT
head -c 1000000 /dev/zero | tr '\0' '[' >"$work/m/tokenizer.json"
tokenizer AP_EFORMAT
{
    printf '{"model":'
    head -c 1000000 /dev/zero | tr '\0' '['
    head -c 1000000 /dev/zero | tr '\0' ']'
    printf '}'
} >"$work/m/tokenizer.json"
run
expect 1 "" -
check "one line" test "$(wc -l <"$work/err")" = 1
truncate -s 300M "$work/m/tokenizer.json" # Without a byte on disk.
tokenizer AP_ELIMIT
fresh
sed -i 's/"WordPiece"/"NoSuchPiece"/' "$work/m/tokenizer.json"
run
expect 1 "" -
expect_err_has NoSuchPiece
fresh
sed -i 's/"model_max_length": *[0-9]*/"model_max_length": "many"/' "$work/m/tokenizer_config.json"
run
check "no crash" test $status -le 2

# ---- inputs ----

fresh
input=$work/in
awk 'BEGIN { for (i = 0; i < 2000000; i++) printf "word " }' >"$input" # 10 MB
run_model "$work/m" --truncation
expect 0 - ''
run_model "$work/m"
expect 1 "" -
check "one line" test "$(grep -c 'accelpipe: error: ' "$work/err")" = 1
tr -d ' ' <"$input" >"$work/in2" # One word of 8 MB.
input=$work/in2
run_model "$work/m" --truncation
expect 0 - ''
input=/dev/null
run ""
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'
run --json '[]'
expect 0 '[]'
run --json '42'
expect_error 2 'text input: expected a string, found int [AP_EINVAL]'
run --json '["Fine.", 42]'
expect_error 2 'input 1: text input: expected a string, found int [AP_EINVAL]'
run --json null
expect_error 2 'text input: expected a string, found null [AP_EINVAL]'
run --json true
expect_error 2 'text input: expected a string, found bool [AP_EINVAL]'
run --json '{}'
expect_error 2 'text input: the dict has no "text"; give {"text": ..., "text_pair": ...} [AP_EINVAL]'

# ---- names ----

cli run text-classifikation --model "$work/m" "Fine."
expect_one_line 2 AP_EKEY text-classifikation 'did you mean "text-classification"?'
cli run frobnication "Fine."
expect_one_line 2 AP_EKEY frobnication text-classification
cli tasks text-classifikation
expect_one_line 2 AP_EKEY 'did you mean "text-classification"?'
run --accelerator otr "Fine."
expect_one_line 2 AP_EINVAL otr ort ov ipex
cli inspect "$work/m" --accelerator otr
expect_one_line 2 AP_EINVAL otr ort ov ipex
run --params '{"topk": 1}' "Fine."
expect_error 2 'task text-classification has no parameter "topk"; did you mean "top_k"? [AP_EINVAL]'
run --init '{"modle": "x"}' "Fine."
expect_one_line 2 AP_EINVAL modle 'did you mean "model"?'

# ---- no backend ----

# A library that is named is the only one tried.
export ACCELPIPE_ORT_LIBRARY=$work/no.so ACCELPIPE_OV_LIBRARY=$work/no.so ACCELPIPE_IPEX_LIBRARY=$work/no.so
cli run text-classification --model "$work/m" "Fine."
expect_one_line 3 AP_ENOBACKEND "$work/no.so"
run --accelerator ort "Fine."
expect_one_line 3 AP_ENOBACKEND ort "$work/no.so" 'pip install onnxruntime'
cli run text-classification --jsonl
expect_one_line 3 AP_ENOBACKEND
cli backends
expect 0 - ''
expect_out_has 'install with: pip install onnxruntime'
check "none is available" test -z "$(awk 'NR > 1 && $2 == "yes"' "$work/out")"
cli inspect "$work/m" # What needs no backend is shown.
expect 0 - -
expect_out_has text-classification

finish
