#!/usr/bin/env bash
# explain: what would be used, and why.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend
only_ort

cli explain "$bert" --no-cache --output json
expect 0 - ''
check "one line, an object" test "$(grep -c '^{"decisions":\[{"what":"model",.*"error":null}$' "$work/out")" = 1
for what in model config task tokenizer processor threads backend file device precision 'start-up cache'; do
    expect_out_has "{\"what\":\"$what\",\"choice\":\""
done
expect_out_has '"passed_over":[{"what":"backend","choice":"ov","why":"not available: '
cp "$work/out" "$work/json"
cli explain "$bert" --no-cache
check "JSON when piped" cmp -s "$work/json" "$work/out"

cli explain "$bert" --output table
expect 0 - ''
check "three tables" test "$(grep -c '^used \|^passed over \|^faster ' "$work/out")" -ge 2
check "a row" grep -q '^file  *onnx/model.onnx  *the float32 file' "$work/out"

# The options of `run`.
cli explain "$bert" --accelerator ort --threads 1 --no-cache --device cpu --dtype float32 --top-k 2 --output json
expect 0 - ''
expect_out_has '{"what":"threads","choice":"1","why":"num_threads"}'
expect_out_has '{"what":"start-up cache","choice":"off"'
expect_out_has '{"what":"backend","choice":"ort","why":"named by accelerator"}'
cli explain "$bert" --init '{"accelerator": "ort"}' --output json
expect_out_has '"why":"named by accelerator"'
cli explain --task sentiment-analysis --output json
expect 0 - ''
expect_out_has 'no model was named: the one bundled for the task'
cli explain "$bert" --task text-classification --output json
expect_out_has '"why":"named by task"'
ACCELPIPE_NUM_THREADS=3 cli explain "$bert"
expect_out_has '{"what":"threads","choice":"3","why":"ACCELPIPE_NUM_THREADS"}'

# What is wrong.
cli explain "$work/missing"
expect 1 - -
expect_out_has '"error":{"code":"AP_ENOTFOUND","message":"model '
expect_err_has 'no such folder'
cli explain "$bert" --torch-dtype q4
expect 1 - -
expect_out_has '"what":"threads"'
expect_err_has 'has no model_q4.onnx'
cli explain "$bert" --batch-size -1
expect 2 "" -
expect_err_has 'parameter batch_size'
cli explain "$bert" --frobnicate 3
expect 2 "" -
expect_err_has 'unknown option --frobnicate'
cli explain "$bert" --model "$bert"
expect_error 2 'MODEL and "model" of --init or --model are both given: give one of them [AP_EINVAL]'
hide ort
cli explain "$bert"
expect 3 - -
expect_out_has '"error":{"code":"AP_ENOBACKEND"'

finish
