#!/usr/bin/env bash
exec python3 "$AP_SOURCE_DIR/tools/check_complexity.py" "$AP_SOURCE_DIR"
