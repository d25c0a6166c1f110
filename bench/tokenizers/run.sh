#!/usr/bin/env bash
# Tokenizers against the reference crate and the fastest others: builds what is needed, then measures (measure.py). The
# tokenizers and texts are those of $AP_SHARED_DIR/tokenizers.
#
#   bench/tokenizers/run.sh [--rounds N] [NAME...]
#
#   AP_BUILD_DIR                   another build than build/release
#   CARGO                          the cargo that builds the reference (Rust 1.80 or newer)
#   ACCELPIPE_TOKENIZERS_ENV       a virtual environment with the packages below; without it one is made in build/
#   BENCH_NO_OTHERS=1              the reference alone
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${AP_BUILD_DIR:-$root/build/release}
kit=${AP_SHARED_DIR:-$root/../shared}/tokenizers
cargo=${CARGO:-cargo}
environment=${ACCELPIPE_TOKENIZERS_ENV:-$root/build/bench-tokenizers-env}
packages=(tiktoken==0.14.0 sentencepiece==0.2.3 protobuf==7.36.2 blingfire==0.1.8 numpy==2.4.6 fastokens==0.3.5)

[ -d "$kit/texts" ] || { echo "bench/tokenizers: $kit is not here; AP_SHARED_DIR names the folder above it" >&2; exit 2; }
command -v "$cargo" >/dev/null || { echo "bench/tokenizers: cargo is needed to build the reference; see rustup.rs" >&2; exit 2; }

cmake --build "$build" --target bench_tokenize >&2
# Crates and objects stay in build/.
CARGO_HOME=$root/build/cargo CARGO_TARGET_DIR=$root/build/bench-reference "$cargo" build --release --locked --quiet \
    --manifest-path "$root/bench/tokenizers/reference/Cargo.toml" >&2

has_packages() {
    [ -x "$environment/bin/python" ] && "$environment/bin/python" - "${packages[@]}" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version
try:
    sys.exit(any(version(name) != pin for name, pin in (package.split("==") for package in sys.argv[1:])))
except PackageNotFoundError:
    sys.exit(1)
PYTHON
}

others=()
if [ -z "${BENCH_NO_OTHERS:-}" ]; then
    if ! has_packages; then
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2 || true
    fi
    if has_packages; then
        others=(--peer-python "$environment/bin/python")
    else
        echo "bench/tokenizers: ${packages[*]} cannot be installed; going on with the reference alone" >&2
    fi
fi
exec python3 "$root/bench/tokenizers/measure.py" --build-dir "$build" --kit "$kit" \
    --reference "$root/build/bench-reference/release/reference" "${others[@]}" "$@"
