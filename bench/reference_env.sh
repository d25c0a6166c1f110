#!/usr/bin/env bash
# Makes the Python environment that the comparison with optimum needs; one that is complete is left as it is.
#
#   bench/reference_env.sh [FOLDER]       default: $ACCELPIPE_BENCH_ENV, else build/bench-env
#
# Installs what `pip install` gives on this platform, CUDA packages included: that is what is compared. 7 GB.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-${ACCELPIPE_BENCH_ENV:-$root/build/bench-env}}

# The releases whose results the parity kit holds; the ONNX Runtime is the one of tools/deps.lock.
packages=(transformers==4.55.4 torch==2.8.0 optimum==2.0.0 optimum-onnx==0.0.3 onnxruntime==1.32.0)
needs_kb=$((8 * 1024 * 1024))

is_complete() {
    [ -x "$folder/bin/python" ] && "$folder/bin/python" - "${packages[@]}" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version
try:
    pinned = dict(package.split("==") for package in sys.argv[1:])
    # A wheel may carry a local suffix, 2.8.0+cu128.
    sys.exit(any(version(name).split("+")[0] != pin for name, pin in pinned.items()))
except PackageNotFoundError:
    sys.exit(1)
PYTHON
}

if is_complete; then exit 0; fi
mkdir -p "$folder"
if [ "$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')" -lt $needs_kb ]; then
    echo "reference_env: $folder needs 8 GB of free disk" >&2
    exit 1
fi
echo "reference_env: installing ${packages[*]} into $folder (3 GB to download)"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
is_complete
