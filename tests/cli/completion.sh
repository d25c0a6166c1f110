#!/usr/bin/env bash
# The bash completion, as the shell would call it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
# shellcheck source-path=SCRIPTDIR/../../cli/completion
. "$AP_SOURCE_DIR/cli/completion/accelpipe.bash"
compopt() { :; } # Only a running completion has options.

# completes EXPECTED WORD...: the candidates for the last word, in any order.
completes() {
    local expected=$1 found
    shift
    COMP_WORDS=("$ACCELPIPE" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    last_command="completion of: $*"
    _accelpipe
    found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' ')
    n_checks=$((n_checks + 1))
    [ "$found" = "$expected" ] || fail "found $found, expected $expected"
}
# has WORD TEXT...: one of the candidates for TEXT... is WORD.
has() {
    local wanted=$1
    shift
    COMP_WORDS=("$ACCELPIPE" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _accelpipe
    check "$wanted completes $*" grep -qx -- "$wanted" <(printf '%s\n' "${COMPREPLY[@]}")
}

completes "--help --version backends bench explain help inspect run tasks tokenize" ""
completes "run" r
completes "" frobnicate
completes "" frobnicate ""
completes "backends bench explain help inspect run tasks tokenize" help ""
completes "sentiment-analysis" run senti
completes "text-classification" run text-cl
has auto run ""
completes "text-classification" bench text-cl
completes "" bench aut
completes "--batch-size --batch-sizes" bench text-classification --batch
completes "ort ov" bench text-classification --vs o
completes "json table" bench text-classification --output ""
completes "sentiment-analysis" tasks senti
completes "--help --output --version" tasks --
completes "--help --json --output --version" backends -
completes "--task" explain --ta
completes "--threads" explain --thr
completes "text-classification" explain --task text-c
completes "ort ov" explain --accelerator o
completes "--accelerator" inspect --acc

completes "--top-k" run text-classification --top
completes "--tokenizer" run text-classification --tokeni
completes "--threads" run text-classification --thr
completes "--json --jsonl" run text-classification --js
has --model run text-classification --
completes "--verbose" run text-classification --verb
completes "--model --model-kwargs" run no-such-task --mod

completes "json jsonl" run text-classification --output j
completes "json jsonl" run text-classification --output = j
completes "json jsonl table" run text-classification --output =
completes "none" run text-classification --function-to-apply n
completes "null" run text-classification --top-k ""
completes "only_first only_second" run text-classification --truncation only
completes "true" run text-classification --return-all-scores t
completes "ort ov" run text-classification --accelerator o
completes "ort ov" inspect --accelerator o
completes "" run text-classification some

mkdir -p "$work/files/folder"
touch "$work/files/file"
completes "$work/files/file $work/files/folder" run text-classification --model "$work/files/"
completes "$work/files/folder" run text-classification --out-dir "$work/files/"
completes "$work/files/folder" inspect "$work/files/"
completes "$work/files/file $work/files/folder" tokenize "$work/files/"
completes "--truncation --truncation-side" tokenize model --trunc
completes "only_first only_second" tokenize model --truncation only
completes "json jsonl text" tokenize model --output ""
completes "left right" tokenize --padding-side ""
completes "" tokenize model --max-length ""
completes "" tokenize model some

cli __complete
expect 2
finish
