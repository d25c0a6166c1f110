#!/usr/bin/env bash
# Tasks that generate: --stream, chats, and what excludes each other.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

gpt2=$models/gpt2-lm qwen=$models/qwen2-chat
generate() { cli run text-generation --accelerator ort --no-do-sample --max-new-tokens 6 "$@"; }

# ---- text in pieces is the new text ----

generate --model "$gpt2" --no-return-full-text --output jsonl "Light passes through the prism and"
expect 0 '[{"generated_text":" exceptirstirstirstirstarg"}]'
generate --model "$gpt2" --stream "Light passes through the prism and"
expect 0 ' exceptirstirstirstirstarg'
generate --model "$gpt2" --stream "Light passes through the prism and" "The capital of France is"
expect 0 ' exceptirstirstirstirstarg
Borm contro re increase outside'
input=$work/prompt
printf 'Light passes through the prism and' >"$input"
generate --model "$gpt2" --stream
expect 0 ' exceptirstirstirstirstarg'
input=/dev/null
generate --model "$gpt2" --num-beams 2 --num-return-sequences 2 --stream "The capital of France is"
check "two sequences are two lines" test "$(wc -l <"$work/out")" = 2
generate --model "$qwen" --json --stream '[{"role": "user", "content": "Where is the station?"}]'
check "a chat is one input" test "$(wc -l <"$work/out")" = 1

# ---- what excludes each other ----

generate --model "$gpt2" --stream --output json x
expect_error 2 '--stream and --output exclude each other: give one of them [AP_EINVAL]'
generate --model "$gpt2" --stream --jsonl
expect_error 2 '--stream and --jsonl or --text-lines exclude each other: give one of them [AP_EINVAL]'
run_model "$bert" --stream x
expect_error 2 '--stream shows text as it is generated, and task text-classification generates none [AP_EINVAL]'
generate --model "$gpt2" --penalty-alpha 0.6 x
expect_error 1 'parameter penalty_alpha: contrastive search is not supported [AP_EUNSUPPORTED]'

# ---- the seed ----

cli run text-generation --accelerator ort --model "$gpt2" --seed 3 --max-new-tokens 8 --output json "The"
cp "$work/out" "$work/first"
cli run text-generation --accelerator ort --model "$gpt2" --seed 3 --max-new-tokens 8 --output json "The"
check "the same seed gives the same text" cmp -s "$work/first" "$work/out"

finish
