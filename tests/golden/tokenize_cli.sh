#!/usr/bin/env bash
# What `accelpipe tokenize --jsonl` prints is what the reference gives, in every field, for every tokenizer of the kit.
# Environment: ACCELPIPE, AP_SOURCE_DIR, AP_SHARED_DIR. Exit status 77: the kit is not here.
set -uo pipefail
kit=$AP_SHARED_DIR/tokenizers
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
[ -d "$kit/goldens" ] || { echo "skipped: $kit is not here"; exit 77; }
exec python3 "$AP_SOURCE_DIR/tests/golden/tokenize_cli.py" --program "$ACCELPIPE" --kit "$kit"
