#!/usr/bin/env bash
# Results equal those of transformers: the committed part of the parity kit, and the whole kit where it is there.
# Environment: ACCELPIPE, AP_BUILD_DIR, AP_SOURCE_DIR, AP_SHARED_DIR. Exit status 77: nothing could be run.
set -uo pipefail

command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

status=0
judged=0
for kit in "$AP_SOURCE_DIR/tests/data/parity" "$AP_SHARED_DIR/parity"; do
    [ -d "$kit/cases" ] || continue
    echo "== $kit"
    runner=$AP_BUILD_DIR/bench/parity_api_runner
    [ -x "$runner" ] || { echo "no $runner: the C API is not judged"; runner=; }
    python3 "$AP_SOURCE_DIR/tests/parity/collect.py" --program "$ACCELPIPE" ${runner:+--runner "$runner"} \
        --kit "$kit"
    result=$?
    if [ $result -ne 2 ]; then
        judged=1
        [ $result -eq 0 ] || status=1
    fi
done
[ $judged -eq 1 ] || { echo "skipped: no backend, or no cases"; exit 77; }
exit $status
