#!/usr/bin/env bash
# accelpipe tokenize: texts and ids, JSON and lines, options, errors, and what a terminal shows. No backend is needed.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
model=$AP_SOURCE_DIR/models/minilm-sst2

tokenize() { cli tokenize "$model" "$@"; }
ids() { tokenize --fields ids "$@"; }

# ---- one text ----

whole='{"ids":[101,1045,3866,2009,1010,7668,102],"tokens":["[CLS]","i","loved","it",",","cafe","[SEP]"],"type_ids":[0,0,0,0,0,0,0],"offsets":[0,0,0,1,2,7,8,10,10,11,12,16,0,0],"byte_offsets":[0,0,0,1,2,7,8,10,10,11,12,17,0,0],"special_tokens_mask":[1,0,0,0,0,0,1],"attention_mask":[1,1,1,1,1,1,1],"word_ids":[null,0,1,2,3,4,null],"sequence_ids":[null,0,0,0,0,0,null],"decode":{"keep":"[CLS] i loved it, cafe [SEP]","skip":"i loved it, cafe"}}'
tokenize 'I loved it, café'
expect 0 "$whole"
input=$work/text
printf 'I loved it, café\n' >"$input"
tokenize
expect 0 "$whole"
tokenize -
expect 0 "$whole"
input=/dev/null
cli tokenize "$model/tokenizer.json" 'I loved it, café'
expect 0 "$whole"
tokenize --json '{"text": "I loved it, café"}'
expect 0 "$whole"
tokenize -- -
expect_out_has '"tokens":["[CLS]","-","[SEP]"]'
tokenize --fields tokens,word_ids ''
expect 0 '{"tokens":["[CLS]","[SEP]"],"word_ids":[null,null]}'
tokenize --fields tokens '"\'$'\t'
expect 0 '{"tokens":["[CLS]","\"","\\","[SEP]"]}'
tokenize --fields decode,ids 'It'
expect 0 '{"ids":[101,2009,102],"decode":{"keep":"[CLS] it [SEP]","skip":"it"}}'
cli tokenize "$model" -v It
expect 0 - -
expect_err_has '"tokenizer_class":"'

# ---- conversations ----

cp "$model/tokenizer.json" "$work"
printf '{"chat_template": "{%% for m in messages %%}<{{ m.role }}>{{ m.content }}{%% endfor %%}{{ tools }}{{ x }}"}' >"$work/tokenizer_config.json"
cli tokenize "$work" --chat '[{"role": "user", "content": "Hi\nthere"}]'
expect 0 '"<user>Hi\u000athereNone"'
cli tokenize "$work" --chat --output text '{"messages": [{"role": "user", "content": "a"}], "tools": [{"f": 1}], "variables": {"x": 2}}'
expect 0 "<user>a[{'f': 1}]2"
cli tokenize "$work" --chat '{"messages": [{}], "chat_template": "{{ 1 + }}"}'
expect 1 - 'accelpipe: error: chat_template: line 1, column 8: expected an expression, found "}}" [AP_EFORMAT]'
cli tokenize "$work" --chat '{"message": []}'
expect_err_has '"message" is no field of a conversation'
cli tokenize "$work" --chat --decode 1
expect_err_has '--chat and --decode exclude each other'

# ---- several ----

ids It 'I loved it'
expect 0 '[{"ids":[101,2009,102]},{"ids":[101,1045,3866,2009,102]}]'
ids It 'I loved it' --padding longest --output jsonl
expect 0 '{"ids":[101,2009,102,0,0]}
{"ids":[101,1045,3866,2009,102]}'
ids --json '"It"' '{"pair": ["It", "it"]}'
expect 0 '[{"ids":[101,2009,102]},{"ids":[101,2009,102,2009,102]}]'
ids --json '"It"' '"it"' --output jsonl
expect 0 '{"ids":[101,2009,102]}
{"ids":[101,2009,102]}'

# ---- options ----

ids --no-add-special-tokens 'I loved it'
expect 0 '{"ids":[1045,3866,2009]}'
ids --max-length 4 'I loved it'
expect 0 '{"ids":[101,1045,3866,102]}'
ids --truncation only_first --max-length 4 --truncation-side left 'I loved it'
expect 0 '{"ids":[101,3866,2009,102]}'
ids --padding max_length --max-length 6 --padding-side left 'I loved it'
expect 0 '{"ids":[0,101,1045,3866,2009,102]}'
ids --padding longest --pad-to-multiple-of 8 'I loved it'
expect 0 '{"ids":[101,1045,3866,2009,102,0,0,0]}'
tokenize --fields ids,overflowing --max-length 4 --stride 1 'I loved it'
expect 0 '{"ids":[101,1045,3866,102],"n_overflowing":1,"overflowing":[{"ids":[101,3866,2009,102]}]}'
ids --max-length 0 --no-add-special-tokens 'I loved it'
expect 0 '{"ids":[]}'

# ---- lines ----

input=$work/in
printf '%s\n' '"It"' '{"pair": ["It", "it"], "add_special_tokens": false}' '{"words": ["I", "loved it"]}' \
    '{"batch": ["It", ["it", "I loved"]], "padding": {}}' '{"ids_in": [101, 2009, 102]}' \
    '{"text": "I loved it", "truncation": {"max_length": 3, "stride": 0, "strategy": "longest_first", "direction": "left"}}' \
    '{"text": "It", "padding": {"direction": "left", "pad_id": 7, "pad_type_id": 1, "pad_token": "x", "length": 5, "pad_to_multiple_of": 3}}' \
    '{"text": "It", "truncation": null, "stored_options": false}' '{"batch": []}' >"$input"
ids --jsonl
expect 0 '{"ids":[101,2009,102]}
{"ids":[2009,2009]}
{"ids":[101,1045,3866,2009,102]}
{"encodings":[{"ids":[101,2009,102,0,0,0]},{"ids":[101,2009,102,1045,3866,102]}]}
{"decode":{"keep":"[CLS] it [SEP]","skip":"it"}}
{"ids":[101,2009,102]}
{"ids":[7,7,7,101,2009,102]}
{"ids":[101,2009,102]}
{"encodings":[]}'
# What a line says of an option goes before the command line.
printf '%s\n' '{"text": "I loved it"}' '{"text": "I loved it", "truncation": {"max_length": 3}}' \
    '{"text": "I", "add_special_tokens": true}' >"$input"
ids --jsonl --max-length 2 --no-add-special-tokens
expect 0 '{"ids":[1045,3866]}
{"ids":[1045,3866,2009]}
{"ids":[101,102]}'
printf 'It\n"It"\n\r\n' >"$input"
ids --text-lines
expect 0 '{"ids":[101,2009,102]}
{"ids":[101,1000,2009,1000,102]}
{"ids":[101,102]}'
: >"$input"
ids --jsonl
expect 0 ''

error() { printf '{"error":{"code":"%s","type":"%s","message":"%s"}}' "$1" "$2" "$3"; }
# bad_line LINE CODE TYPE MESSAGE: the line fails, and the one behind it does not.
bad_line() {
    printf '%b\n"It"\n' "$1" >"$input"
    ids --jsonl
    expect 1 "$(error "$2" "$3" "$4")
{\"ids\":[101,2009,102]}" -
    expect_err_has 'accelpipe: error: 1 of 2 lines failed, the first is line 1: '
    expect_err_has " [$2]"
}
bad_line '42' AP_ETYPE TypeError 'input: expected a string or an object, found int'
bad_line '{}' AP_EINVAL ValueError 'there is none of text, pair, words, batch and ids_in'
bad_line '{"text": 1}' AP_ETYPE TypeError 'text: expected a string, found int'
bad_line '{"pair": ["a"]}' AP_ETYPE TypeError 'pair: expected a list of two strings'
bad_line '{"words": ["a", null]}' AP_ETYPE TypeError 'words: expected a string, found null'
bad_line '{"batch": "a"}' AP_ETYPE TypeError 'batch: expected a list of texts and pairs, found string'
bad_line '{"ids_in": [-1]}' AP_EINVAL ValueError 'ids_in: expected 0 to 4294967295, found -1'
bad_line '{"ids_in": ["a"]}' AP_ETYPE TypeError 'ids_in: expected a count, found string'
bad_line '{"text": "a", "pair": ["a", "b"]}' AP_EINVAL ValueError 'text and pair exclude each other: give one of them'
bad_line '{"text": "a", "truncaton": {}}' AP_EINVAL ValueError 'there is no field \"truncaton\"; did you mean truncation'
bad_line '{"text": "a", "add_special_tokens": 1}' AP_ETYPE TypeError 'add_special_tokens: expected true or false, found int'
bad_line '{"text": "a", "truncation": {}}' AP_EINVAL ValueError 'truncation: max_length is missing'
bad_line '{"text": "a", "truncation": {"max_length": 3, "stride": 9}}' AP_EINVAL ValueError 'stride is 9, but with max_length 3 only 1 tokens are left for the text; make stride smaller or max_length larger'
bad_line '{"text": "a", "truncation": {"max_length": 3, "strategy": "x"}}' AP_EINVAL ValueError 'truncation.strategy: expected longest_first|only_first|only_second, found \"x\"'
bad_line '{"text": "a", "padding": {"lenght": 3}}' AP_EINVAL ValueError 'padding: there is no field \"lenght\"; did you mean length'
bad_line '{"text": "a", "padding": {"pad_id": 4294967295}}' AP_EINVAL ValueError 'padding.pad_id: expected 0 to 4294967294, found 4294967295'
bad_line '{"text": "a", "stored_options": true, "padding": {}}' AP_EINVAL ValueError 'stored_options and padding exclude each other: the first takes truncation and padding from tokenizer.json'
printf 'It\nab\xff\n' >"$input"
ids --text-lines
expect 1 "{\"ids\":[101,2009,102]}
$(error AP_EUTF8 UnicodeDecodeError 'text is not UTF-8: byte 0xff at offset 2; convert it to UTF-8 first')" -
# A file is never looked at.
bad_line '{"$npy": "missing.npy"}' AP_EINVAL ValueError 'there is no field \"$npy\"'

# Each line typed gets its answer before the next one.
coproc "$ACCELPIPE" tokenize "$model" --jsonl 2>"$work/err"
coproc_pid=$COPROC_PID
last_command='accelpipe tokenize --jsonl, line by line'
for line in '"It"' 'bad' '"it"'; do
    printf '%s\n' "$line" >&"${COPROC[1]}"
    reply=
    read -r -t 60 reply <&"${COPROC[0]}"
    check "an answer to $line" test -n "$reply"
done
exec {COPROC[1]}>&-
wait "$coproc_pid"
check "exit status 1" test $? = 1

# Memory does not grow with the number of lines, nor with the length of a result.
if command -v /usr/bin/time >/dev/null && [ -z "${AP_SANITIZE:-}" ]; then
    peak_kb() { /usr/bin/time -f %M -o "$work/peak" "$ACCELPIPE" tokenize "$model" --text-lines >/dev/null && cat "$work/peak"; }
    few=$(yes 'I loved it' | head -n 100 | peak_kb)
    many=$(yes 'I loved it' | head -n 100000 | peak_kb)
    check "memory of 100 lines ($few kB) and of 100,000 ($many kB)" test "$many" -lt $((few + 1024))
fi

for signal in INT TERM; do
    last_command="SIG$signal while busy"
    yes text | timeout --preserve-status -s $signal 1 "$ACCELPIPE" tokenize "$model" --text-lines \
        >"$work/out" 2>"$work/err"
    status=${PIPESTATUS[1]}
    expect 130 - ''
    check "the last line is whole" test -z "$(tail -c 1 "$work/out" | tr -d '\n')"
done
input=/dev/null

# ---- ids ----

tokenize --decode 101 1045 3866 2009 1012 102
expect 0 '"[CLS] i loved it. [SEP]"'
tokenize --decode --skip-special-tokens '[101, 1045, 3866, 2009, 1012, 102]'
expect 0 '"i loved it."'
tokenize --decode --output text 101 1045
expect 0 '[CLS] i'
tokenize --decode --json '[1045]' '[2009]'
expect 0 '["i","it"]'
printf '1045,2009\n' >"$work/ids"
input=$work/ids
tokenize --decode
expect 0 '"i it"'
printf '[1045]\n"2009 1045"\n[[]]\n' >"$work/ids"
tokenize --decode --jsonl
expect 1 "\"i\"
\"it i\"
$(error AP_ETYPE TypeError 'ids_in: expected a count, found list')" -
input=/dev/null
tokenize --decode 1 x
expect_error 2 '"x" is not an id [AP_EINVAL]'
tokenize --decode 4294967296
expect_error 2 '"4294967296" is not an id [AP_EINVAL]'
python3 - "$model/tokenizer.json" "$work/cleaning" 2>/dev/null <<'PYTHON' || cp -r "$model" "$work/cleaning"
import json, os, sys
data = json.load(open(sys.argv[1], encoding="utf-8"))
data["decoder"]["cleanup"] = False
os.makedirs(sys.argv[2])
json.dump(data, open(sys.argv[2] + "/tokenizer.json", "w", encoding="utf-8"))
PYTHON
cli tokenize "$work/cleaning" --decode --clean-up-tokenization-spaces 2009 1012
expect 0 '"it."'

# ---- what cannot be ----

cli tokenize
expect_error 2 'an argument is missing: accelpipe tokenize MODEL|FILE [OPTIONS] [INPUT...] [AP_EINVAL]'
cli tokenize /no/such/model text
expect_error 1 'tokenizer /no/such/model: no such folder or file; name a model folder or a tokenizer.json [AP_ENOTFOUND]'
echo '{"model": {"type": "Quantum"}}' >"$work/quantum.json"
cli tokenize "$work/quantum.json" text
expect 1 '' -
expect_err_has Quantum
expect_err_has '[AP_EUNSUPPORTED]'
tokenize --json '"a' 
expect 2 '' -
tokenize --json '"a"' '{"txt": "b"}'
expect_error 2 'INPUT 2: there is no field "txt"; did you mean text [AP_EINVAL]'
tokenize --max-length x a
expect_error 2 '--max-length: expected a count, found "x" [AP_EINVAL]'
tokenize --stride 99999999999 a
expect_error 2 '--stride: expected a count, found "99999999999" [AP_EINVAL]'
tokenize --fields ids,token a
expect_error 2 '--fields: there is no field "token"; did you mean tokens [AP_EINVAL]'
tokenize --fields '' a
expect_error 2 '--fields: there is no field ""; `accelpipe tokenize --help` lists them [AP_EINVAL]'
tokenize --output table a
expect_error 2 '--output: expected json|jsonl|text, found "table" [AP_EINVAL]'
tokenize --stored-options --max-length 3 a
expect_error 2 'stored_options and max_length exclude each other: the first takes truncation and padding from tokenizer.json [AP_EINVAL]'
tokenize --jsonl a
expect_error 2 '--jsonl and --text-lines read standard input: INPUT cannot be given too [AP_EINVAL]'
tokenize --decode --max-length 3 1
expect_error 2 '--decode takes no options of encoding [AP_EINVAL]'
tokenize --skip-special-tokens a
expect_error 2 '--skip-special-tokens and --clean-up-tokenization-spaces go with --decode [AP_EINVAL]'
tokenize --json --jsonl
expect_error 2 '--json and --jsonl exclude each other: give one of them [AP_EINVAL]'
tokenize --frobnicate
expect 2 '' -
"$ACCELPIPE" tokenize "$model" text >/dev/full 2>"$work/err"
status=$?
: >"$work/out"
expect 1 '' -
expect_err_has 'standard output: cannot write'

# ---- a terminal ----

if command -v script >/dev/null; then
    command="'$ACCELPIPE' tokenize '$model'"
    on_terminal "$command 'I loved it'"
    expect 0 $'\033[7m[CLS]\033[0m \033[36mi\033[0m    \033[33mloved\033[0m \033[32mit\033[0m   \033[7m[SEP]\033[0m
\033[2m101\033[0m   \033[2m1045\033[0m \033[2m3866\033[0m  \033[2m2009\033[0m \033[2m102\033[0m
5 tokens' -
    plain='[CLS] i    loved it   [SEP]
101   1045 3866  2009 102
5 tokens'
    NO_COLOR=1 on_terminal "$command 'I loved it'"
    expect 0 "$plain" -
    TERM=dumb on_terminal "$command 'I loved it'"
    expect 0 "$plain" -
    NO_COLOR=1 on_terminal "$command It it --padding longest --pad-to-multiple-of 4"
    expect 0 '[CLS] it   [SEP] [PAD]
101   2009 102   0
4 tokens

[CLS] it   [SEP] [PAD]
101   2009 102   0
4 tokens' -
    NO_COLOR=1 on_terminal "$command --max-length 3 'It it'"
    expect_out_has 'overflowing 1'
    NO_COLOR=1 on_terminal "stty columns 40; $command '$(printf 'word %.0s' {1..40})'"
    check "rows fit the terminal" test "$(awk '{ if (length > n) n = length } END { print n }' "$work/out")" -le 40
    on_terminal "$command --output json It"
    expect_out_has '{"ids":[101,2009,102],'
    on_terminal "$command"
    expect_has out 'no INPUT: give one as argument, or write it to standard input'
    on_terminal "$command --decode 1045 2009"
    expect 0 'i it' -
fi

finish
