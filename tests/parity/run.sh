#!/usr/bin/env bash
# Parity with transformers, as a table: task x backend, cases passed of all, through the program, the C API and the
# Python package.
#
#   tests/parity/run.sh [--accelerator ort|ov|ipex]... [TASK...]
#
# The cases are those of the parity kit (AP_SHARED_DIR/parity, by default ../shared/parity beside the checkout); without
# it the part of it that is committed, tests/data/parity. AP_BUILD_DIR names another build than build/release.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${AP_BUILD_DIR:-$root/build/release}
shared=${AP_SHARED_DIR:-$root/../shared}

kit=$shared/parity
[ -d "$kit/cases" ] || kit=$root/tests/data/parity

cmake --build "$build" --target product bench_programs >&2
package=$build/python
[ -e "$package/accelpipe/_generated.py" ] || package=
exec python3 "$root/tests/parity/collect.py" --program "$build/bin/accelpipe" \
    --runner "$build/bench/parity_api_runner" ${package:+--package "$package"} --kit "$kit" --out "$build/parity" "$@"
