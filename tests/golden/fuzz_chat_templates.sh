#!/usr/bin/env bash
# A short comparison of random chat templates with the reference, the `jinja2` package in deps/reference.
# Environment: AP_BUILD_DIR, AP_SOURCE_DIR. Exit status 77: it is not there.
set -uo pipefail

export PYTHONPATH=$AP_SOURCE_DIR/deps/reference PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1
if ! python3 -c 'import jinja2' 2>/dev/null; then
    echo "skipped: no jinja2 package in deps/reference for this Python"
    exit 77
fi
exec python3 "$AP_SOURCE_DIR/tools/fuzz_chat_templates.py" --program "$AP_BUILD_DIR/bench/chat_lines" --seed 7 --cases 3000
