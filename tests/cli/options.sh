#!/usr/bin/env bash
# The parameters of pipeline() and of the task as options: how their values are read, and where they go.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

# Runs the five labels of the small model; options are the arguments.
labels() { run_model "$stars" "$@" && grep -o '"label":"[^"]*"' "$work/out" | sed 's/"label":"\(.\).*/\1/' | tr -d '\n' >"$work/labels"; }
# expect_count N: that many labels came, and nothing was said.
expect_count() {
    expect 0 - ""
    check "$1 labels" test "$(wc -c <"$work/labels")" = "$1"
}

# ---- int, null, and where the value ends ----

labels "Fine."
expect_count 1
labels --top-k 3 "Fine."
expect_count 3
labels --top-k=3 "Fine."
expect_count 3
labels --top_k 3 "Fine."
expect_count 3
labels "Fine." --top-k 3
expect_count 3
labels --top-k null "Fine."
expect_count 5
labels --top-k -1 "Fine."
expect_count 4
labels --params '{"top_k": 2}' "Fine."
expect_count 2
labels --params '{"top_k": null}' "Fine."
expect_count 5
labels --init '{"top_k": 2}' "Fine."
expect_count 2
labels --init '{"top_k": 2}' --top-k 4 "Fine." # The call goes before the creation.
expect_count 4

# ---- choices ----

labels --top-k null --function-to-apply none "Fine."
expect_count 5
cp "$work/out" "$work/logits"
labels --top-k null --function-to-apply=NONE "Fine."
check "choices are the library's to compare" cmp -s "$work/logits" "$work/out"
labels --top-k null --function-to-apply '"none"' "Fine."
check "text may be quoted as JSON" cmp -s "$work/logits" "$work/out"
run_model "$stars" --function-to-apply bogus "Fine."
expect_error 2 'parameter function_to_apply: expected one of none, softmax, sigmoid, found "bogus" [AP_EKEY]'
run_model "$stars" --truncation=onlyfirst "Fine."
expect 2 "" -
expect_err_has 'did you mean "only_first"? [AP_EINVAL]'

# ---- what stands alone ----

labels --return-all-scores "Fine."
expect 0 - "accelpipe: warning: text-classification: return_all_scores is deprecated: use top_k=null or top_k=1"
check "all labels" test "$(wc -c <"$work/labels")" = 5
labels --quiet --return-all-scores true "Fine."
expect_count 5
labels --quiet --return-all-scores=true "Fine."
expect_count 5
labels --quiet --return-all-scores false "Fine."
expect_count 1
labels --quiet --no-return-all-scores "Fine."
expect_count 1

# The argument behind is an input unless it is one of the values: two texts give two lists.
labels --truncation "Fine." "Awful."
expect_count 2
labels --truncation only_first "Fine."
expect_count 1
labels --truncation "only first"
expect_count 1
labels ""
cp "$work/out" "$work/empty"
labels --truncation true # Its value; the input is the empty standard input.
check "true is the value" cmp -s "$work/empty" "$work/out"
labels --truncation -- true
expect_count 1
labels --no-truncation true
expect_count 1

# ---- parameters of pipeline() ----

labels --batch-size 1 --num-threads 1 --device cpu --accelerator ort "Fine."
expect_count 1
labels --threads 1 --device -1 --no-cache "Fine."
expect_count 1
labels --cache-dir "$work/elsewhere" "Fine."
expect_count 1
labels --init '{"batch_size": 2, "device": "cpu"}' --init-is-no-option "Fine."
expect_error 2 'unknown option --init-is-no-option; --help lists them, and -- goes before an input that begins with - [AP_EKEY]'
labels --batch-size 0.5 "Fine."
expect_error 2 '--batch-size: expected INT, found "0.5" [AP_EINVAL]'
labels --batch-size -1 "Fine."
expect 2 "" -
expect_err_has 'parameter batch_size: -1 is not within'
labels --device cpu --device-map auto "Fine."
expect_error 2 'device and device_map cannot be used together; give one of them [AP_EINVAL]'
labels --accelerator otr "Fine."
expect 2 "" -
expect_err_has '"ort"'
labels --model-kwargs '{"file_name": "model.onnx", "subfolder": "onnx"}' "Fine."
expect_count 1
labels --model-kwargs '{"file_name": "missing.onnx"}' "Fine."
expect 1 "" -
expect_err_has 'missing.onnx'
labels --model-kwargs text "Fine."
expect 2 "" -
expect_err_has 'model_kwargs: expected a dict, found string [AP_ETYPE]'
labels --revision 5 --dtype float32 --trust-remote-code "Fine."
expect_count 1
cli run auto --model "$stars" --accelerator ort --top-k 3 "Fine."
expect 0 - ""
check "the task of the model" test "$(grep -o label "$work/out" | wc -l)" = 3

# ---- what is said ----

chosen="accelpipe: using the bundled model minilm-sst2 on ort"
cli run text-classification --accelerator ort "Fine."
expect 0 - "$chosen; --model names another"
cli run text-classification --quiet "Fine."
expect 0 - ""
cli run text-classification -q "Fine."
expect 0 - ""
cli run text-classification --accelerator ort --init '{"model": null}' "Fine."
expect 0 - "$chosen; --model names another"
cli run text-classification --accelerator ort --model "$bert" "Fine."
expect 0 - ""
cli run text-classification --accelerator ort --model "$bert" --verbose "Fine."
expect 0 - -
expect_err_has 'accelpipe: task: text-classification, model: '
expect_err_has ', accelerator: ort, '
# Which backend was chosen, and why, where none was named.
only_ort
cli run text-classification "Fine."
expect 0 - "$chosen (the first of ov, ort, ipex that can run it; ov: not available); --model and --accelerator name others"
cli run text-classification --model "$bert" "Fine."
expect 0 - "accelpipe: using ort (the first of ov, ort, ipex that can run it; ov: not available); --accelerator names another"
cli run text-classification --model "$bert" --quiet "Fine."
expect 0 - ""

finish
