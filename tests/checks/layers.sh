#!/usr/bin/env bash
exec python3 "$AP_SOURCE_DIR/tools/check_layers.py" "$AP_SOURCE_DIR"
