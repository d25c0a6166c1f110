#!/usr/bin/env bash
exec "$AP_SOURCE_DIR/tools/format.sh" --check
