#!/usr/bin/env bash
# Runs every fuzzer of a build tree in turn: run_fuzz.sh BUILD_DIR SECONDS_EACH
#
# New inputs are kept in BUILD_DIR/corpus/NAME and inputs that crash in BUILD_DIR/crashes; a crash is also the exit
# status. To keep one for good, copy it into tests/data/fuzz/NAME: every test run reads that folder.
set -euo pipefail
build=$1
seconds=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

found=0
status=0
mkdir -p "$build/crashes"
for fuzzer in "$build"/fuzz/*; do
    if [ ! -x "$fuzzer" ] || [ -d "$fuzzer" ]; then continue; fi
    found=1
    name=$(basename "$fuzzer")
    options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1
        -artifact_prefix="$build/crashes/$name-")
    if [ -e "$root/fuzz/$name.dict" ]; then options+=(-dict="$root/fuzz/$name.dict"); fi
    mkdir -p "$build/corpus/$name"
    echo "== $name, $seconds s"
    "$fuzzer" "${options[@]}" "$build/corpus/$name" "$root/tests/data/fuzz/$name" || status=1
done
if [ "$found" = 0 ]; then
    echo "$build/fuzz: no fuzzers" >&2
    exit 1
fi
exit "$status"
