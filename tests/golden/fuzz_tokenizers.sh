#!/usr/bin/env bash
# A short comparison of random tokenizers and texts with the reference, the `tokenizers` package in deps/reference.
# Environment: AP_BUILD_DIR, AP_SOURCE_DIR, AP_SHARED_DIR. Exit status 77: it is not there.
set -uo pipefail

export PYTHONPATH=$AP_SOURCE_DIR/deps/reference
if ! python3 -c 'import numpy, tokenizers' 2>/dev/null; then
    echo "skipped: no tokenizers package in deps/reference for this Python"
    exit 77
fi
exec python3 "$AP_SOURCE_DIR/tools/fuzz_tokenizers.py" --program "$AP_BUILD_DIR/bench/tokenizer_lines" \
    --kit "$AP_SHARED_DIR/tokenizers" --seed 7 --cases 10000
