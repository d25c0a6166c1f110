#!/usr/bin/env bash
exec python3 "$AP_SOURCE_DIR/tools/check_symbols.py" "$AP_BUILD_DIR/lib/libaccelpipe.so" "$AP_SOURCE_DIR"
