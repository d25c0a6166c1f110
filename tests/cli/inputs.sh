#!/usr/bin/env bash
# Inputs from arguments and standard input, as text and as JSON, and what stands for arrays and keywords in it.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
need_backend

run() { run_model "$bert" "$@"; }
# same DESCRIPTION FILE: what was printed last is what FILE holds.
same() { check "$1" cmp -s "$2" "$work/out"; }

# ---- arguments ----

run "Fine."
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'
run "Fine." "Awful."
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N},{"label":"NEGATIVE","score":N}]'
run ""
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'
run -- -5 --json
expect 0 -
run "naïve café — “quoted” €14.99 小男孩 😀"
expect 0 -

# ---- standard input ----

run "Two words"
cp "$work/out" "$work/two_words"
input=$work/in
printf 'Two words' >"$input"
run
same "standard input is one text" "$work/two_words"
printf 'Two words\n' >"$input"
run
same "a line end is left out" "$work/two_words"
printf 'Two words\r\n' >"$input"
run -
same "also CR LF, also with -" "$work/two_words"
input=/dev/null
run
mask_scores
expect 0 '[{"label":"NEGATIVE","score":N}]'
run -- -
expect 0 -
input=$work/in
printf 'ab\xff' >"$input"
run
expect_error 2 'standard input: text is not UTF-8: byte 0xff at offset 2; convert it to UTF-8 first [AP_EUTF8]'
last_command="accelpipe run with standard input closed"
"$ACCELPIPE" run text-classification --accelerator ort --model "$bert" <&- >"$work/out" 2>"$work/err"
status=$?
expect_error 1 'standard input: Bad file descriptor [AP_EIO]'
input=$work
run
expect_error 1 'standard input: Is a directory [AP_EIO]'
input=/dev/null

# ---- JSON ----

run --json '"Two words"'
same "a string" "$work/two_words"
run --json '["Two words"]'
same "a list of one" "$work/two_words"
run --json '{"text": "Two words"}'
mask_scores
expect 0 '{"label":"POSITIVE","score":N}'
run --json '{"text": "Two words", "text_pair": "and more"}'
expect 0 -
run --json '"Two words"' '{"text": "Two words"}'
mask_scores
expect 0 '[{"label":"POSITIVE","score":N},{"label":"POSITIVE","score":N}]'
run --json '[]'
expect 0 '[]'
input=$work/in
printf '"Two\\u0020words"\n' >"$input"
run --json
same "JSON of standard input" "$work/two_words"
input=/dev/null
run --json
expect 2 "" -
expect_err_has 'accelpipe: error: standard input: '
run --json 'Two words'
expect 2 "" -
expect_err_has 'accelpipe: error: INPUT: '
expect_err_has ' at byte 0 [AP_EINVAL]'
run --json '"a"' '{"text"}'
expect 2 "" -
expect_err_has 'accelpipe: error: INPUT 2: '
run --json "$(printf '[%.0s' {1..600})$(printf ']%.0s' {1..600})"
expect 1 "" -
expect_err_has '[AP_ELIMIT]'

# ---- keywords ----

run --json '{"$kwargs": {"inputs": "Two words"}}'
same "inputs by keyword" "$work/two_words"
run --json '{"$kwargs": {"inputs": "Two words", "top_k": null}}'
mask_scores
expect 0 '[{"label":"POSITIVE","score":N},{"label":"NEGATIVE","score":N}]'
run --json '{"$kwargs": {"inputs": "Two words", "top_k": 1}}' --top-k 2
expect_error 2 '"$kwargs" has "top_k", which is given as a parameter too [AP_ETYPE]'
run --json '{"$kwargs": {"text": "Two words"}}'
expect_error 2 '"$kwargs" has no "inputs", which the call needs [AP_ETYPE]'
run --json '{"$kwargs": {"inputs": "Two words", "topk": 1}}'
expect 2 "" -
expect_err_has 'did you mean "top_k"?'

zero_shot() { cli run zero-shot-classification --model "$models/bert-mnli" --accelerator ort --quiet "$@"; }
zero_shot "Two words" --candidate-labels a
cp "$work/out" "$work/positional"
zero_shot --sequences "Two words" --candidate-labels a
same "an input as an option" "$work/positional"
zero_shot --json '{"$kwargs": {"sequences": "Two words", "candidate_labels": ["a"]}}'
same "an input by keyword" "$work/positional"
zero_shot --json '{"$kwargs": {"candidate_labels": ["a"]}}'
expect_error 2 '"$kwargs" has no "inputs", which the call needs [AP_ETYPE]'
zero_shot --json '{"$kwargs": {}}'
expect_error 2 '"$kwargs" has no "inputs", which the call needs [AP_ETYPE]'
zero_shot --sequences "Two words" --candidate-labels a "More words"
expect 2 "" -
expect_err_has 'both given'

# ---- arrays ----

# npy HEADER DATA: a file of version 1.0; both may have printf's escapes.
npy() {
    local header
    header=$(printf '%b' "$1" && printf x)
    header=${header%x}
    {
        printf '\x93NUMPY\x01\x00'
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((${#header} & 255)))\\x$(printf %02x $((${#header} >> 8)))"
        printf '%s' "$header"
        printf '%b' "$2"
    } >"$work/a.npy"
}
bad_npy() {
    npy "$1" "$2"
    run --json '{"$npy": "'"$work/a.npy"'"}'
    expect_error "$3" "INPUT: $work/a.npy: $4"
}
one='\x00\x00\x80\x3f'
npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n" "$one$one"
run --json '{"$npy": "'"$work/a.npy"'"}'
expect 2 "" -
expect_err_has 'found tensor'
run --json '[{"text": {"$npy": "'"$work/a.npy"'"}}]'
expect 2 "" -
expect_err_has 'found tensor'
run --json '{"$npy": "'"$work/missing.npy"'"}'
expect_error 1 "INPUT: $work/missing.npy: No such file or directory [AP_ENOTFOUND]"
run --json '{"$npy": "/dev/zero"}'
expect_error 1 "INPUT: /dev/zero: not a regular file [AP_EIO]"
run --json '{"$image": "a.png"}'
expect_error 1 'INPUT: {"$image": ...} is not supported by this version [AP_EUNSUPPORTED]'
run --json '{"$npy": "'"$bert/config.json"'"}'
expect_error 1 "INPUT: $bert/config.json: not a .npy file: expected \"\\x93NUMPY\" at byte 0 [AP_EFORMAT]"
bad_npy "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }" "$one" 1 \
    'array of type ">f4"; save it as float32, little-endian [AP_EUNSUPPORTED]'
bad_npy "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }" "$one" 1 \
    'array in Fortran order; save it with numpy.ascontiguousarray() [AP_EUNSUPPORTED]'
bad_npy "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }" "$one" 1 \
    '.npy file: 4 bytes of data do not fit its shape and type [AP_EFORMAT]'
bad_npy "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904), }" "$one" 1 \
    '.npy file: 4 bytes of data do not fit its shape and type [AP_EFORMAT]'
bad_npy "{'descr': '<f4', 'shape': (1,), }" "$one" 1 \
    'not a .npy file: expected descr, fortran_order and shape before the end of the header at byte 43 [AP_EFORMAT]'
bad_npy "{'descr': '<f4'" "$one" 1 'not a .npy file: expected "," or "}" at byte 25 [AP_EFORMAT]'
bad_npy "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }" "$one" 1 \
    'array of structures [AP_EUNSUPPORTED]'
bad_npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }" "$one" 1 \
    'array of more than 8 dimensions [AP_EUNSUPPORTED]'
printf '\x93NUMPY\x01\x00\xff\xff{' >"$work/a.npy"
run --json '{"$npy": "'"$work/a.npy"'"}'
expect_error 1 "INPUT: $work/a.npy: not a .npy file: header of 65535 bytes, 1 are there [AP_EFORMAT]"

finish
