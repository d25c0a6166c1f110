#!/usr/bin/env bash
# Results equal those of transformers on every backend that is there: the whole parity kit, or where it is not there the
# committed part of it. Program and Python package are judged on one backend (`make parity`: on all). Sanitizers run it on ONNX Runtime alone: each case is a process, and what is ours is the same.
# Environment: ACCELPIPE, AP_BUILD_DIR, AP_SOURCE_DIR, AP_SHARED_DIR, AP_SANITIZE. Exit status 77: nothing could be run.
set -uo pipefail

command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

kit=$AP_SHARED_DIR/parity
[ -d "$kit/cases" ] || kit=$AP_SOURCE_DIR/tests/data/parity
runner=$AP_BUILD_DIR/bench/parity_api_runner
[ -x "$runner" ] || { echo "no $runner: the C API is not judged"; runner=; }
package=$AP_BUILD_DIR/python
[ -e "$package/accelpipe/_generated.py" ] || package=
python3 "$AP_SOURCE_DIR/tests/parity/collect.py" --program "$ACCELPIPE" ${runner:+--runner "$runner"} \
    ${package:+--package "$package"} --kit "$kit" --brief \
    ${AP_SANITIZE:+--accelerator ort}
result=$?
[ $result -ne 2 ] || { echo "skipped: no backend, or no cases"; exit 77; }
exit $result
