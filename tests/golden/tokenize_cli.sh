#!/usr/bin/env bash
# What `accelpipe tokenize --jsonl` prints is what the reference gives, in every field, for every tokenizer of the whole
# kit, or where that is not there, and under sanitizers, of the committed part of it.
# Environment: ACCELPIPE, AP_SOURCE_DIR, AP_SHARED_DIR, AP_SANITIZE. Exit status 77: nothing can be compared.
set -uo pipefail
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
kit=$AP_SHARED_DIR/tokenizers
[ -d "$kit/goldens" ] && [ -z "${AP_SANITIZE:-}" ] || kit=$AP_SOURCE_DIR/tests/data/tokenizers
exec python3 "$AP_SOURCE_DIR/tests/golden/tokenize_cli.py" --program "$ACCELPIPE" --kit "$kit"
