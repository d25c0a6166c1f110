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

# ---- guidance, a configuration, an assistant ----

prism='Light passes through the prism and'
piece() { generate --model "$gpt2" --no-return-full-text --output jsonl "$@" "$prism"; }
piece --guidance-scale 2
expect 0 '[{"generated_text":" exceptirstirst landous night"}]'
piece --guidance-scale 2 --negative-prompt-ids '[464, 1451]'
expect 0 '[{"generated_text":"ted outsideirstoudacesior"}]'
piece --guidance-scale 2 --num-beams 3
expect 0 '[{"generated_text":" exceptirsterc rec rec prov"}]'
cli run text-generation --accelerator ort --model "$gpt2" --generation-config '{"max_new_tokens": 4, "num_beams": 2}' \
    --no-return-full-text --output jsonl "$prism"
expect 0 '[{"generated_text":" commentirstirstirst"}]'
piece --assistant-model "$gpt2"
expect 0 '[{"generated_text":" exceptirstirstirstirstarg"}]'
generate --model "$gpt2" --assistant-model "$gpt2" --stream "$prism"
expect 0 ' exceptirstirstirstirstarg'
generate --model "$gpt2" --assistant-model "$qwen" x
expect_error 1 "assistant_model $qwen: config.json: vocab_size is 1200, and that of the model 3001: an assistant with another tokenizer is not supported [AP_EUNSUPPORTED]"
piece --assistant-model "$gpt2" --no-use-cache
expect_error 2 'assistant_model needs a cache, and use_cache is false [AP_EINVAL]'
run_model "$bert" --assistant-model "$gpt2" x
expect_error 2 'assistant_model is given, and task text-classification does not generate [AP_EINVAL]'

# ---- what excludes each other ----

generate --model "$gpt2" --stream --output json x
expect_error 2 '--stream and --output exclude each other: give one of them [AP_EINVAL]'
generate --model "$gpt2" --stream --jsonl
expect_error 2 '--stream and --jsonl or --text-lines exclude each other: give one of them [AP_EINVAL]'
run_model "$bert" --stream x
expect_error 2 '--stream shows text as it is generated, and task text-classification generates none [AP_EINVAL]'
generate --model "$gpt2" --penalty-alpha 0.6 x
expect_error 1 'parameter penalty_alpha: contrastive search, which needs hidden states that exported models do not give, is not supported [AP_EUNSUPPORTED]'

# ---- the seed ----

cli run text-generation --accelerator ort --model "$gpt2" --seed 3 --max-new-tokens 8 --output json "The"
cp "$work/out" "$work/first"
cli run text-generation --accelerator ort --model "$gpt2" --seed 3 --max-new-tokens 8 --output json "The"
check "the same seed gives the same text" cmp -s "$work/first" "$work/out"

finish
