#!/usr/bin/env python3
"""Runs the measurements and prints their tables: bench/run.sh builds what is needed and calls this.

  bench/run.py --build-dir build/release [--reference-python PYTHON] [MEASUREMENT...]

Measurements: single, callers, start, batch, memory, links, python, optimum, tasks (default: all of these); by name alone:
growth, which takes an hour, and backends. Each also writes BUILD_DIR/bench/NAME.json.
Exit status: 0 when all demands are met, 1 when one is not.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import time
from pathlib import Path

import setup as bench_setup

MEASUREMENTS = ("links", "start", "single", "callers", "python", "optimum", "tasks", "batch", "memory")
LONG_MEASUREMENTS = ("growth", "backends")  # Not among the default ones.


def machine() -> str:
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return f"{model}, {platform.system()} {platform.release()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, required=True)
    parser.add_argument("--reference-python", type=Path, help="Python of the environment that has optimum")
    parser.add_argument("--intel-python", type=Path, help="Python of the one that has optimum-intel and IPEX beside it")
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", choices=[*MEASUREMENTS, *LONG_MEASUREMENTS, []])
    args = parser.parse_args()
    # Not resolved: the python of a virtual environment is a link, and knows its environment by its own path.
    reference, intel = (path.absolute() if path else None for path in (args.reference_python, args.intel_python))
    setup = bench_setup.Setup(args.build_dir.resolve(), reference, intel)
    setup.prepare()
    print(f"{machine()}; ONNX Runtime {setup.chosen['runtime_version']}, {setup.n_threads} threads; "
          f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}")
    failed = [name for name in args.measurements or MEASUREMENTS if not importlib.import_module(name).measure(setup)]
    print(f"\n{'not ok: ' + ', '.join(failed) if failed else 'every demand is met'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
