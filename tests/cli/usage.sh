#!/usr/bin/env bash
# Help, version, and every way to use the program wrongly. No backend is needed.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/support/lib.sh"
golden=$AP_SOURCE_DIR/tests/golden/cli
version=$(sed -n 's/^#define AP_VERSION_STRING "\(.*\)"/\1/p' "$AP_SOURCE_DIR/include/accelpipe/api.h")
see_help='--help lists them, and -- goes before an input that begins with -'

# ---- help and version ----

cli --help
expect 0 "$(cat "$golden/help.txt")"
for arguments in -h help "help help" "help --help"; do
    # shellcheck disable=SC2086
    cli $arguments
    expect 0 "$(cat "$golden/help.txt")"
done
for command in run tasks backends inspect explain tokenize bench; do
    cli $command --help
    expect 0 "$(cat "$golden/help_$command.txt")"
    cli help $command
    expect 0 "$(cat "$golden/help_$command.txt")"
    cli $command -h
    expect 0 "$(cat "$golden/help_$command.txt")"
    cli $command --version
    expect 0 "accelpipe $version"
done
cli --version
expect 0 "accelpipe $version"
cli -V
expect 0 "accelpipe $version"
cli run text-classification --version
expect 0 "accelpipe $version"

cli run text-classification --help
expect 0 -
expect_out_has "Parameters of text-classification"
expect_out_has "--top-k INT|null"
expect_out_has "Parameters of pipeline()"
expect_out_has "--num-threads, --threads INT"
check "the task's parameter verbose is hidden by the program's option" test "$(grep -c -- --verbose "$work/out")" = 1
cp "$work/out" "$work/task_help"
cli help run sentiment-analysis
expect 0 "$(cat "$work/task_help")"

# ---- commands ----

cli
expect_error 2 'no command; `accelpipe --help` lists them [AP_EINVAL]'
cli rnu
expect_error 2 'unknown command rnu; did you mean run? [AP_EKEY]'
cli frobnicate
expect_error 2 'unknown command frobnicate; `accelpipe --help` lists the commands [AP_EKEY]'
for later in download export serve; do
    cli $later
    expect_error 2 "unknown command $later; \`accelpipe --help\` lists the commands [AP_EKEY]"
done
cli --frobnicate
expect_error 2 'unknown option --frobnicate; `accelpipe --help` lists the commands [AP_EKEY]'
cli help taks
expect_error 2 'unknown command taks; did you mean tasks? [AP_EKEY]'

# ---- options ----

cli tasks --otput json
expect_error 2 'unknown option --otput; did you mean --output? [AP_EKEY]'
cli tasks --output yaml
expect_error 2 '--output: expected json|table, found "yaml" [AP_EINVAL]'
cli tasks --output
expect_error 2 '--output needs a value; a value that begins with -- is given as --output=VALUE [AP_EINVAL]'
cli tasks --output --help
expect_error 2 '--output needs a value; a value that begins with -- is given as --output=VALUE [AP_EINVAL]'
cli tasks --output json --output json
expect_error 2 '--output is given twice [AP_EINVAL]'
cli tasks --help=yes
expect_error 2 '--help takes no value, "yes" was given [AP_EINVAL]'
cli tasks text-classification other
expect_error 2 'unexpected argument "other": accelpipe tasks [NAME] [--output json|table] [AP_EINVAL]'
cli backends all
expect_error 2 'unexpected argument "all": accelpipe backends [--output json|table] [--json] [AP_EINVAL]'
cli inspect
expect_error 2 'an argument is missing: accelpipe inspect MODEL [--accelerator NAME] [--output json|table] [AP_EINVAL]'
cli explain
expect_error 2 'an argument is missing: accelpipe explain [MODEL] [OPTIONS] [AP_EINVAL]'
cli explain a b
expect_error 2 'unexpected argument "b": accelpipe explain [MODEL] [OPTIONS] [AP_EINVAL]'
cli backends --json --output table
expect_error 2 '--json and --output table exclude each other: give one of them [AP_EINVAL]'
cli tasks -x
expect_error 2 'unknown option -x; -- goes before an input that begins with - [AP_EKEY]'

# ---- run ----

cli run
expect_error 2 'TASK comes first: accelpipe run TASK [OPTIONS] [INPUT...]; `accelpipe tasks` lists them [AP_EINVAL]'
cli run --quiet text-classification x
expect_error 2 'TASK comes first: accelpipe run TASK [OPTIONS] [INPUT...]; `accelpipe tasks` lists them [AP_EINVAL]'
cli run text-classification --topk 3 x
expect_error 2 'unknown option --topk; did you mean --top-k? [AP_EKEY]'
cli run text-classification --modle x y
expect_error 2 'unknown option --modle; did you mean --model? [AP_EKEY]'
cli run text-classification --frobnicate x
expect_error 2 "unknown option --frobnicate; $see_help [AP_EKEY]"
cli run text-classification --no-verbose x
expect_error 2 'unknown option --no-verbose; did you mean --verbose? [AP_EKEY]'
cli run text-classification --no-model x
expect_error 2 "unknown option --no-model; $see_help [AP_EKEY]"
cli run text-classification -5
expect_error 2 'unknown option -5; -- goes before an input that begins with - [AP_EKEY]'
cli run text-classifikation x --top-k 1
expect 2 "" -
expect_err_has 'text-classification'

excludes() {
    # shellcheck disable=SC2086
    cli run text-classification $1 x
    expect_error 2 "$2 [AP_EINVAL]"
}
excludes '--json --jsonl' '--json and --jsonl exclude each other: give one of them'
excludes '--json --text-lines' '--json and --text-lines exclude each other: give one of them'
excludes '--jsonl --text-lines' '--jsonl and --text-lines exclude each other: give one of them'
excludes '--quiet --verbose' '--quiet and --verbose exclude each other: give one of them'
excludes '-qv' '--quiet and --verbose exclude each other: give one of them'
excludes '--jsonl' '--jsonl reads standard input: INPUT "x" cannot be given too'
excludes '--text-lines' '--text-lines reads standard input: INPUT "x" cannot be given too'
excludes '-' 'INPUT - is standard input and must be the only one; behind -- it is text'
excludes '--jsonl --output table' '--output table and --jsonl exclude each other: lines give lines'
excludes '--text-lines --output json' '--output json and --text-lines exclude each other: lines give lines'
excludes '--output xml' '--output: expected json|jsonl|table, found "xml"'
excludes '--model a --model b' '--model: "model" is given twice'
excludes '--cache --no-cache' '--no-cache: "cache" is given twice'
excludes '--no-cache=1' '--no-cache takes no value'
excludes '--top-k 1 --params {"top_k":2}' '--params has "top_k", and --top-k is given too: give one of them'
excludes '--batch-size 1 --init {"batch_size":2}' '--init has "batch_size", and --batch-size is given too: give one of them'
excludes '--init {"task":"ner"}' '--init has the task "ner", and TASK is text-classification'
excludes '--params [1]' '--params: expected a JSON object, found list'
excludes '--init 5' '--init: expected a JSON object, found int'
excludes '--top-k two' '--top-k: expected INT|null, found "two"'
excludes '--top-k 2.5' '--top-k: expected INT|null, found "2.5"'
excludes '--return-all-scores=maybe' '--return-all-scores: expected true|false, found "maybe"'

cli run auto x
expect_error 2 'TASK auto needs --model, whose task it is [AP_EINVAL]'
cli run text-classification --params '{"top_k":'
expect 2 "" -
expect_err_has 'accelpipe: error: --params: '
expect_err_has ' at byte '
cli run text-classification --model-kwargs '{"a"' x
expect 2 "" -
expect_err_has 'accelpipe: error: --model-kwargs: '

# ---- arguments that are not UTF-8 ----

cli run text-classification $'ab\xff'
expect_error 2 'argument 3 is not UTF-8: byte 0xFF at offset 2 [AP_EUTF8]'
cli $'\xc3('
expect_error 2 'argument 1 is not UTF-8: byte 0xC3 at offset 0 [AP_EUTF8]'

# ---- no input: of a terminal, nobody is made to wait ----

if command -v script >/dev/null; then
    script -qec "'$ACCELPIPE' run text-classification 2>'$work/err'" /dev/null </dev/null >"$work/out"
    status=$?
    last_command="accelpipe run text-classification (on a terminal)"
    check "nothing is printed on the terminal" test -z "$(tr -d '\r\n\004\b^D' <"$work/out")"
    : >"$work/out"
    expect_error 2 'no INPUT: give one as argument, or write it to standard input [AP_EINVAL]'
fi

finish
