# Shared by tests/cli/*.sh: runs the program and compares what it says, to the byte.
#
#   cli ARG...              runs it with standard input from file $input; sets $status, fills $work/out and $work/err
#   run_model MODEL ARG...      the same, of `run text-classification`
#   expect STATUS [OUT] [ERR]   compares; - for OUT or ERR: not looked at
#   expect_err_has TEXT     standard error has it; expect_out_has likewise
#   mask_scores             before expect: numbers behind "score": are not compared
#   finish                  ends the script: 0 when nothing failed
#
# shellcheck shell=bash
set -uo pipefail
: "${ACCELPIPE:?}" "${AP_SOURCE_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
models=$AP_SOURCE_DIR/tests/data/parity/models
bert=$models/bert-sst2
stars=$models/distilbert-stars
input=/dev/null
n_failed=0 n_checks=0 status=0 last_command=

# The user's own settings must not show.
export XDG_CACHE_HOME=$work/cache LC_ALL=C.UTF-8 TERM=xterm
unset NO_COLOR ACCELPIPE_CACHE

cli() {
    last_command="accelpipe $*"
    "$ACCELPIPE" "$@" >"$work/out" 2>"$work/err" <"$input"
    status=$?
}

# run_model MODEL ARG...: text-classification with it, on ONNX Runtime unless --accelerator names another backend: which
# one would be chosen depends on the machine, and the line that says so would be in the way.
run_model() {
    local model=$1 accelerator=(--accelerator ort)
    shift
    [[ " $* " != *" --accelerator "* ]] || accelerator=()
    cli run text-classification --model "$model" "${accelerator[@]}" "$@"
}

fail() {
    n_failed=$((n_failed + 1))
    printf 'FAILED: %.300s\n  %s\n' "$last_command" "$1"
}

# compare NAME EXPECTED FILE; text in EXPECTED has its last line end added.
compare() {
    local expected=$2
    [ -z "$expected" ] || expected+=$'\n'
    if [ "$expected" != "$(cat "$3" && printf x)" ] && [ "${expected}x" != "$(cat "$3" && printf x)" ]; then
        fail "$1 differs (expected <, found >)"
        diff <(printf %s "$expected") "$3" | cut -c1-600 | sed 's/^/  /'
    fi
}

expect() {
    n_checks=$((n_checks + 1))
    if [ "$status" != "$1" ]; then
        fail "exit status $status, expected $1"
        head -c 600 "$work/err" | sed 's/^/  /'
    fi
    [ "${2-}" = - ] || compare "standard output" "${2-}" "$work/out"
    [ "${3-}" = - ] || compare "standard error" "${3-}" "$work/err"
}

# expect_error STATUS MESSAGE: nothing printed, and this one line said.
expect_error() { expect "$1" "" "accelpipe: error: $2"; }

expect_has() {
    n_checks=$((n_checks + 1))
    grep -Fq -- "$2" "$work/$1" || {
        fail "standard $1 lacks: $2"
        head -c 600 "$work/$1" | sed 's/^/  /'
    }
}
expect_err_has() { expect_has err "$1"; }
expect_out_has() { expect_has out "$1"; }

# Scores differ in their last digits from one CPU to another: every one becomes N.
mask_scores() { sed -i -E 's/("score":) ?-?[0-9][0-9.e-]*/\1N/g' "$work/out"; }

# check DESCRIPTION COMMAND...: the command has to succeed.
check() {
    n_checks=$((n_checks + 1))
    last_command=$1
    shift
    "$@" || fail "does not hold: $*"
}

skip() {
    printf 'skipped: %s\n' "$1"
    exit 77
}

# Most tests need a backend; ONNX Runtime is the one that the build installs.
need_backend() { "$ACCELPIPE" backends | grep -q '^ort *yes' || skip "ONNX Runtime is not available"; }

# hide NAME...: these runtimes cannot be found from now on.
hide() {
    local name
    for name; do export "ACCELPIPE_${name^^}_LIBRARY=$work/no/such/library.so"; done
}

# From now on no other backend than ONNX Runtime is there.
only_ort() { hide ov ipex; }

# copy_model NAME: a copy of the small model to damage, at $work/NAME.
copy_model() {
    cp -rL "$bert" "$work/$1"
    chmod -R u+w "$work/$1"
}

finish() {
    printf '%d checks, %d failed\n' "$n_checks" "$n_failed"
    exit $((n_failed > 0))
}
