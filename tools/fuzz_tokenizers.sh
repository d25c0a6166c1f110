#!/usr/bin/env bash
# Random texts and tokenizers through the reference and through ours, until a result differs.
#
#   tools/fuzz_tokenizers.sh [BUILD_DIR [OPTIONS of tools/fuzz_tokenizers.py]]
#
# The reference is the `tokenizers` package in deps/reference (tools/deps.sh test). Without options: 100,000 cases with a
# seed of the day, over the kit where it is present.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${1:-$root/build/release}
shift || true
cmake --build "$build" --target tokenizer_lines >/dev/null
[ $# -gt 0 ] || set -- --seed "$(date +%Y%m%d)" --cases 100000
PYTHONPATH=$root/deps/reference exec python3 "$root/tools/fuzz_tokenizers.py" \
    --program "$build/bench/tokenizer_lines" --kit "${AP_SHARED_DIR:-$root/../shared}/tokenizers" "$@"
