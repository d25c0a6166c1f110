#!/usr/bin/env bash
# Measures generation and prints a table; one command, a quarter of an hour once environments and models are there (their making
# takes a few more, 10 GB of disk and a download of 3.5 GB).
#
#   bench/decode/run.sh [--threads N] [--rounds N]
#
#   AP_BUILD_DIR           another build than build/release
#   ACCELPIPE_BENCH_ENV    a virtual environment that has optimum-onnx; without it one is made in build/bench-env
#   BENCH_NO_GENAI=1       do without onnxruntime-genai and openvino-genai
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${AP_BUILD_DIR:-$root/build/release}
environment=${ACCELPIPE_BENCH_ENV:-$root/build/bench-env}
models=$root/build/bench-models

cmake --build "$build" --target product bench_programs >&2
"$root/bench/reference_env.sh" "$environment" >&2
"$environment/bin/python" "$root/bench/decode/models.py" "$models" >&2
genai=()
if [ -z "${BENCH_NO_GENAI:-}" ]; then
    if "$root/bench/decode/genai_env.sh" "$root/build/genai-env" "$environment/bin/python" "$models" >&2; then
        genai=(--genai-python "$root/build/genai-env/bin/python")
    else
        echo "bench: no environment with the genai packages; going on without" >&2
    fi
fi
exec python3 "$root/bench/decode/measure.py" --build-dir "$build" --models "$models" \
    --reference-python "$environment/bin/python" "${genai[@]}" "$@"
