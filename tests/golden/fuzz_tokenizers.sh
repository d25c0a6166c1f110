#!/usr/bin/env bash
# A short comparison of random tokenizers and texts with the reference, where the `tokenizers` package is there: in the
# environment that `make fuzz-tokenizers` makes, or in the python3 of the PATH. Environment: AP_BUILD_DIR, AP_SOURCE_DIR,
# AP_SHARED_DIR. Exit status 77: it is not there.
set -uo pipefail

python=
for candidate in "$AP_SOURCE_DIR"/build/*/tokenizers-env/bin/python python3; do
    if "$candidate" -c 'import numpy, tokenizers; assert tokenizers.__version__ >= "0.23"' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "skipped: no tokenizers package; make fuzz-tokenizers installs it"; exit 77; }
exec "$python" "$AP_SOURCE_DIR/tools/fuzz_tokenizers.py" --program "$AP_BUILD_DIR/bench/tokenizer_lines" \
    --kit "$AP_SHARED_DIR/tokenizers" --seed 7 --cases 10000
