#!/usr/bin/env bash
# What `accelpipe tokenize --jsonl` prints is what the reference gives, in every field, for every tokenizer of the committed
# part of the kit, and of the whole kit where it is there.
# Environment: ACCELPIPE, AP_SOURCE_DIR, AP_SHARED_DIR. Exit status 77: nothing can be compared.
set -uo pipefail
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
status=0
for kit in "$AP_SOURCE_DIR/tests/data/tokenizers" "$AP_SHARED_DIR/tokenizers"; do
    [ -d "$kit/goldens" ] || continue
    python3 "$AP_SOURCE_DIR/tests/golden/tokenize_cli.py" --program "$ACCELPIPE" --kit "$kit" || status=1
done
exit $status
