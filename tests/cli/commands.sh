#!/usr/bin/env bash
# tasks, backends and inspect: tables for people, JSON for programs.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"

# ---- tasks ----

cli tasks
expect 0 - ''
check "a header, and a row for text-classification" test \
    "$(sed -n '1p; /^text-classification /p' "$work/out" | sed -E 's/ +/ /g')" = "task aliases input bundled model
text-classification sentiment-analysis text minilm-sst2"
cli tasks --output table
expect_out_has sentiment-analysis
cli tasks --output json
expect 0 - ''
check "one line, a list" test "$(grep -c '^\[{"name":".*}\]$' "$work/out")" = 1
cli tasks text-classification
expect 0 - ''
expect_out_has 'bundled model           minilm-sst2'
expect_out_has '  top_k INT|null          How many labels'
expect_out_has '  function_to_apply none|softmax|sigmoid'
expect_out_has '  truncation true|false|longest_first|'
expect_out_has 'accelpipe run text-classification --help'
cp "$work/out" "$work/table"
cli tasks sentiment-analysis
check "a task has its other names" cmp -s "$work/table" "$work/out"
cli tasks text-classification --output json
expect 0 - ''
expect_out_has '{"name":"text-classification","aliases":["sentiment-analysis"]'
expect_out_has '{"name":"top_k","type":"int"'
# The option of every parameter that is listed is taken by `run`, and has a value or stands alone.
cli run text-classification --help
cp "$work/out" "$work/help"
for name in $(sed -n 's/^  \([a-z_]*\) .*|.*/\1/p; s/^  \([a-z_]*\) [A-Z]*|*.*/\1/p' "$work/table" | sort -u | grep -vx 'does\|takes\|other\|bundled\|verbose'); do
    check "--${name//_/-} is in the help of run" grep -q -- "^  --${name//_/-}[ ,]" "$work/help"
done

# ---- backends ----

cli backends
expect 0 - ''
check "the order in which they are tried" test "$(awk 'NR > 1 && NF > 1 && ($2 == "yes" || $2 == "no") { printf "%s ", $1 }' "$work/out")" = "ov ort ipex "
check "who is missing has a reason" test \
    "$(awk '$2 == "no"' "$work/out" | wc -l)" = "$(grep -c '^[a-z]*: .' "$work/out")"
cli backends --output json
expect 0 - ''
check "one line, a list" test "$(grep -c '^\[{"name":"ov","available":.*}\]$' "$work/out")" = 1

# ---- inspect ----

cli inspect "$bert"
expect 0 - ''
for field in "model " "model_type  *bert" "architectures  *BertForSequenceClassification" "task  *text-classification" \
    "labels  *NEGATIVE, POSITIVE" "file "; do
    check "a row like $field" grep -q "^$field" "$work/out"
done
# TAPAS has no tokenizer.json, and needs none.
cli inspect "$models/tapas-wtq" --output json
expect_out_has '"task":"table-question-answering"'
expect_out_has '"tokenizer":{"tokenizer_class":"TapasTokenizer","model_max_length":128,"pad_token":"[PAD]","padding_side":"right"}'
cli inspect "$bert" --output json
expect 0 - ''
expect_out_has '"labels":["NEGATIVE","POSITIVE"]'
if "$ACCELPIPE" backends | grep -q '^ort *yes'; then
    cli inspect "$bert" --accelerator ort
    expect 0 - ''
    check "inputs" grep -q '^inputs  *name: input_ids, dtype: int64' "$work/out"
    check "further inputs below" grep -q '^  *name: attention_mask' "$work/out"
    check "outputs" grep -q '^outputs  *name: logits, dtype: float32' "$work/out"
    check "shapes" grep -q 'shape: \[' "$work/out"
fi

finish
