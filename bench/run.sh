#!/usr/bin/env bash
# Measures speed, memory and size, and prints tables; docs/performance.md explains them. Some 15 minutes in all.
#
#   bench/run.sh [single|start|callers|batch|memory|links|python|optimum|tasks]...      default: all
#   bench/run.sh growth                      memory over 100,000 calls on each backend; an hour
#   bench/run.sh backends                    the three runtimes side by side, against their floors and optimum; ten minutes or more,
#                                            because optimum-intel compiles its IPEX models with each start
#
#   AP_BUILD_DIR           another build than build/release
#   ACCELPIPE_BENCH_ENV    a virtual environment that has optimum-onnx; without it one is made in build/bench-env, which
#                          downloads 3 GB and takes 7 GB of disk
#   ACCELPIPE_INTEL_ENV    the same with optimum-intel, OpenVINO and IPEX, for `backends`; default: build/bench-env-intel
#   BENCH_NO_OPTIMUM=1     do without the comparison with optimum
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${AP_BUILD_DIR:-$root/build/release}
environment=${ACCELPIPE_BENCH_ENV:-$root/build/bench-env}

cmake --build "$build" --target product bench_programs >&2

wants_optimum=yes
[ $# -eq 0 ] || [[ " $* " =~ " "(optimum|python|tasks|backends)" " ]] || wants_optimum=
intel_environment=
[[ " $* " != *" backends "* ]] || intel_environment=${ACCELPIPE_INTEL_ENV:-$root/build/bench-env-intel}
[ -z "${BENCH_NO_OPTIMUM:-}" ] || wants_optimum=
reference=()
if [ -n "$wants_optimum" ]; then
    if "$root/bench/reference_env.sh" "$environment" ${intel_environment:+"$intel_environment"} >&2; then
        reference=(--reference-python "$environment/bin/python")
        [ -z "$intel_environment" ] || reference+=(--intel-python "$intel_environment/bin/python")
    else
        echo "bench: no environment with optimum; going on without" >&2
    fi
fi
exec python3 "$root/bench/run.py" --build-dir "$build" "${reference[@]}" "$@"
