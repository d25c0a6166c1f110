#!/usr/bin/env bash
# The wheel in an empty environment: without a runtime, with the runtimes' packages, and as a program.
# Environment: AP_BUILD_DIR, AP_SOURCE_DIR, CMAKE. Exit status 77: there is no Python package in this build.
set -euo pipefail

[ -e "$AP_BUILD_DIR/python/accelpipe/_generated.py" ] || { echo "skipped: no Python package (no Python.h)"; exit 77; }
python3 -m pip --version >/dev/null 2>&1 || { echo "skipped: no pip"; exit 77; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export ACCELPIPE_CACHE=$folder/cache
unset VIRTUAL_ENV CONDA_PREFIX PYTHONPATH
fail() { echo "FAILED: $*"; exit 1; }

"$CMAKE" --build "$AP_BUILD_DIR" --target wheel >/dev/null
wheel=$(echo "$AP_BUILD_DIR"/dist/accelpipe-*.whl)
[[ $wheel =~ -cp39-abi3-manylinux_2_[0-9]+_ ]] || fail "the wheel's name: $wheel"
python3 - "$wheel" "$AP_SOURCE_DIR" <<'PYTHON' || fail "the library in the wheel knows folders of this checkout"
import sys, zipfile
library = zipfile.ZipFile(sys.argv[1]).read("accelpipe/_native/lib/libaccelpipe.so.0")
sys.exit(sys.argv[2].encode() + b"/deps" in library)
PYTHON

venv=$folder/venv
python3 -m venv --without-pip "$venv"
python=$venv/bin/python
python3 -m pip --disable-pip-version-check --python "$python" install -q --no-index "$wheel"
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')

# Nothing but the wheel: it imports, tells what it lacks, and how to get it.
cd "$folder"
"$python" - "$packages" <<'PYTHON'
import importlib.metadata, sys
import accelpipe
assert accelpipe.__file__.startswith(sys.argv[1]), accelpipe.__file__
about = importlib.metadata.metadata("accelpipe")
assert about["Version"] == accelpipe.__version__
assert about.get_all("Provides-Extra") == ["ort", "ov", "ipex"], about.get_all("Provides-Extra")
assert any(row.startswith("onnxruntime") and "ort" in row for row in about.get_all("Requires-Dist"))
for given in ({}, {"accelerator": "ort"}, {"accelerator": "ov"}, {"accelerator": "ipex"}):
    try:
        accelpipe.pipeline("sentiment-analysis", **given)
    except ImportError as error:
        assert "pip install" in str(error), error
    else:
        raise AssertionError(f"{given}: a runtime from where?")
assert not {"numpy", "torch", "transformers"} & set(sys.modules)
PYTHON

# With a runtime's package, which an environment that is not activated has.
n_used=0
for row in onnxruntime:ort openvino:ov; do
    name=${row%%:*} accelerator=${row##*:}
    [ -d "$AP_SOURCE_DIR/deps/$name" ] || continue
    ln -s "$AP_SOURCE_DIR/deps/$name" "$packages/$name"
    "$python" - "$accelerator" "$packages" <<'PYTHON'
import sys
from accelpipe import backends, pipeline
accelerator, packages = sys.argv[1:]
pipe = pipeline("sentiment-analysis", accelerator=accelerator)
assert pipe("I loved it.")[0]["label"] == "POSITIVE"
path = next(row["path"] for row in backends() if row["name"] == accelerator)
assert path.startswith(packages), path
PYTHON
    "$python" -m accelpipe run text-classification --accelerator "$accelerator" --quiet "I loved it." |
        grep -q POSITIVE || fail "python -m accelpipe with $accelerator"
    "$venv/bin/accelpipe" run text-classification --accelerator "$accelerator" --quiet "I hated it." |
        grep -q NEGATIVE || fail "the program accelpipe with $accelerator"
    n_used=$((n_used + 1))
done
[ $n_used -gt 0 ] || { echo "skipped: no runtime in deps/"; exit 77; }

# Everything that was installed goes again.
python3 -m pip --disable-pip-version-check --python "$python" uninstall -q -y accelpipe
[ ! -e "$packages/accelpipe" ] || [ -z "$(find "$packages/accelpipe" -type f ! -name '*.pyc')" ] || fail "uninstall left files"
