#!/usr/bin/env bash
# Random texts and tokenizers through the reference and through ours, until a result differs.
#
#   tools/fuzz_tokenizers.sh [BUILD_DIR [OPTIONS of tools/fuzz_tokenizers.py]]
#
# The reference is the `tokenizers` package, in an environment of its own in BUILD_DIR/tokenizers-env, which is made when
# it is not there. Without options: 100,000 cases with a seed of the day, over the kit where it is present.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${1:-$root/build/release}
shift || true
env=$build/tokenizers-env
packages=(tokenizers==0.23.3 numpy)

if ! "$env/bin/python" -c 'import numpy, sys, tokenizers; sys.exit(tokenizers.__version__ != "0.23.3")' 2>/dev/null; then
    echo "fuzz_tokenizers: installing ${packages[*]} into $env"
    python3 -m venv "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
fi
cmake --build "$build" --target tokenizer_lines >/dev/null
[ $# -gt 0 ] || set -- --seed "$(date +%Y%m%d)" --cases 100000
exec "$env/bin/python" "$root/tools/fuzz_tokenizers.py" --program "$build/bench/tokenizer_lines" \
    --kit "${AP_SHARED_DIR:-$root/../shared}/tokenizers" "$@"
