#!/usr/bin/env bash
# A model in which each token counts beside the next, masked or not: a text has the result that it has alone, whatever
# else the call is given, unless a batch size is asked for. expected.json has what transformers says.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

model=$AP_SOURCE_DIR/tests/data/neighbours
texts=("a b c" "c b a a b c c b a a a" "b" "a a a b b b c c c a a a b b b c c c a a a b b b c c c a b")
alone=("LABEL_1 0.5358" "LABEL_0 0.9413" "LABEL_0 0.6503" "LABEL_1 0.6218")
padded=("LABEL_0 0.9217" "LABEL_0 0.9243" "LABEL_0 0.9413" "LABEL_1 0.6218")

# Four digits of each result.
digits() { grep -o '"label":"[A-Z_0-9]*","score":[0-9.]*' "$1" | sed 's/"label":"//; s/","score":/ /' | xargs printf '%s %.4f\n'; }

for backend in ort ov ipex; do
    cli backends --output json
    grep -q "\"name\":\"$backend\",\"available\":true" "$work/out" || continue
    run_model "$model" --accelerator "$backend" "${texts[@]}"
    expect 0 - ''
    check "$backend: each as if it were alone" test "$(digits "$work/out")" = "$(printf '%s\n' "${alone[@]}")"
    for i in 0 1 2 3; do
        run_model "$model" --accelerator "$backend" "${texts[$i]}"
        check "$backend: text $i alone" test "$(digits "$work/out")" = "${alone[$i]}"
    done
    run_model "$model" --accelerator "$backend" --batch-size 4 "${texts[@]}"
    check "$backend: padded where it is asked for" test "$(digits "$work/out")" = "$(printf '%s\n' "${padded[@]}")"
done
cli inspect "$model" --accelerator ort
expect_out_has 'equal lengths, padded where batch_size asks for it'
finish
