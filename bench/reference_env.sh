#!/usr/bin/env bash
# Makes the Python environments that the comparisons need; one that is complete is left as it is.
#
#   bench/reference_env.sh [FOLDER [INTEL_FOLDER]]       default of FOLDER: $ACCELPIPE_BENCH_ENV, else build/bench-env
#
# FOLDER has optimum with ONNX Runtime. Installs what `pip install` gives on this platform, CUDA packages included: that
# is what is compared. 7 GB. INTEL_FOLDER has optimum-intel with OpenVINO beside the packages of FOLDER, which it sees through a
# .pth file; INTEL_FOLDER/ipex the same with Intel Extension for PyTorch. 2 GB more.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-${ACCELPIPE_BENCH_ENV:-$root/build/bench-env}}
intel_folder=${2:-}

# The releases whose results the parity kit holds; the runtimes are those of tools/deps.lock. optimum-intel 1.26 is the one for
# optimum 2.0; it has no pipelines for IPEX any more. The last that has wants an optimum before 2.0, and transformers of then.
packages=(transformers==4.55.4 torch==2.8.0 optimum==2.0.0 optimum-onnx==0.0.3 onnxruntime==1.32.0)
intel_packages=(optimum-intel==1.26.1 openvino==2026.4.1)
ipex_packages=(optimum-intel==1.25.2 optimum==1.27.0 transformers==4.52.4 intel-extension-for-pytorch==2.8.0 accelerate==1.15.0)

is_complete() { # FOLDER PACKAGE...
    [ -x "$1/bin/python" ] && "$1/bin/python" - "${@:2}" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version
try:
    pinned = dict(package.split("==") for package in sys.argv[1:])
    # A wheel may carry a local suffix, 2.8.0+cu128; and the fourth number of a release may differ.
    sys.exit(any(not (version(name).split("+")[0] + ".").startswith(pin + ".") for name, pin in pinned.items()))
except PackageNotFoundError:
    sys.exit(1)
PYTHON
}

make_env() { # FOLDER GIGABYTES BASE PACKAGE...     BASE: an environment whose packages are seen too; "": none
    if is_complete "$1" "${@:4}"; then return; fi
    mkdir -p "$1"
    if [ "$(df -Pk "$1" | awk 'NR == 2 { print $4 }')" -lt $(($2 * 1024 * 1024)) ]; then
        echo "reference_env: $1 needs $2 GB of free disk" >&2
        return 1
    fi
    echo "reference_env: installing ${*:4} into $1"
    python3 -m venv "$1"
    if [ -n "$3" ]; then
        "$3/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
            > "$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
    fi
    "$1/bin/pip" install --quiet --disable-pip-version-check "${@:4}"
    is_complete "$1" "${@:4}"
}

make_env "$folder" 8 "" "${packages[@]}"
if [ -n "$intel_folder" ]; then
    make_env "$intel_folder" 2 "$folder" "${intel_packages[@]}"
    make_env "$intel_folder/ipex" 2 "$folder" "${ipex_packages[@]}"
fi
