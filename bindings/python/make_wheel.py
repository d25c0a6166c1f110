#!/usr/bin/env python3
"""Makes a wheel of a build: the package with library, plugins, program and bundled model inside.

  make_wheel.py BUILD_FOLDER OUT_FOLDER

One wheel serves every CPython from 3.9 on; which Linux it needs is read from
the versions of the symbols that its libraries ask for. Standard library, and readelf and strip of binutils. The path of
the wheel is printed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# What each backend's runtime is installed as.
EXTRAS = {"ort": ["onnxruntime>=1.21"], "ov": ["openvino>=2025.4"],
          "ipex": ["torch==2.8.0", "intel-extension-for-pytorch==2.8.0"]}

# The glibc of the oldest distribution that has a libstdc++ with these symbols; source: pypa/auditwheel
# policy/manylinux-policy.json.
GLIBC_OF_GLIBCXX = {19: 17, 24: 24, 25: 28, 28: 31, 29: 34, 30: 35, 32: 39, 33: 40}

# Plugins that are for tests.
LEFT_OUT = {"accelpipe_replay.so"}


def metadata(version: str) -> str:
    lines = ["Metadata-Version: 2.1", "Name: accelpipe", f"Version: {version}",
             "Summary: Hugging Face pipelines on ONNX Runtime, OpenVINO or Intel Extension for PyTorch",
             "License: Apache-2.0", "Requires-Python: >=3.9", "Description-Content-Type: text/markdown"]
    for extra, requirements in EXTRAS.items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {requirement}; extra == "{extra}"' for requirement in requirements]
    return "\n".join(lines) + "\n\n" + (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def is_elf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def glibc_minor(paths: list[Path]) -> int:
    """The oldest glibc 2.N that has all that these files ask for."""
    newest = 17
    for path in paths:
        table = subprocess.run(["readelf", "--version-info", "--wide", path], capture_output=True, text=True, check=True,
                               env={**os.environ, "LC_ALL": "C"}).stdout
        needs = table.partition("Version needs section")[2]
        newest = max([newest, *map(int, re.findall(r"\bGLIBC_2\.(\d+)", needs))])
        for number in map(int, re.findall(r"\bGLIBCXX_3\.4\.(\d+)", needs)):
            newest = max(newest, next((n for lib, n in GLIBC_OF_GLIBCXX.items() if lib >= number), 99))
    return newest


def copy_native(build: Path, native: Path) -> None:
    """What is installed, without what is for C programs, and without links: a wheel has none."""
    with tempfile.TemporaryDirectory(prefix="accelpipe-wheel-") as scratch:
        prefix = Path(scratch) / "tree"
        subprocess.run(["cmake", "--install", build, "--prefix", prefix, "--strip"], check=True,
                       stdout=subprocess.DEVNULL)
        native.mkdir(parents=True)
        for place in ("bin/accelpipe", "share/accelpipe", "lib/accelpipe/plugins"):
            source, target = prefix / place, native / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
        for name in LEFT_OUT:
            (native / "lib/accelpipe/plugins" / name).unlink(missing_ok=True)
    soname = native / "lib" / "libaccelpipe.so.0"
    shutil.copy2((build / "relocatable" / soname.name).resolve(), soname)
    subprocess.run(["strip", "--strip-unneeded", soname], check=True)


def copy_package(build: Path, package: Path) -> None:
    """The package of the build tree, whose sources are links."""
    for path in sorted((build / "python" / "accelpipe").rglob("*")):
        relative = path.relative_to(build / "python" / "accelpipe")
        if path.is_dir() or relative.parts[0] == "_native" or "__pycache__" in relative.parts:
            continue
        (package / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path.resolve(), package / relative)
    subprocess.run(["strip", "--strip-unneeded", package / "_core.abi3.so"], check=True)


def read_version() -> str:
    header = (ROOT / "include" / "accelpipe" / "api.h").read_text(encoding="utf-8")
    return re.search(r'#define AP_VERSION_STRING "([^"]+)"', header)[1]


def write_info(tree: Path, version: str, tag: str) -> Path:
    info = tree / f"accelpipe-{version}.dist-info"
    info.mkdir()
    texts = {"METADATA": metadata(version),
             "WHEEL": f"Wheel-Version: 1.0\nGenerator: accelpipe\nRoot-Is-Purelib: false\nTag: {tag}\n",
             "entry_points.txt": "[console_scripts]\naccelpipe = accelpipe.__main__:main\n"}
    for name, text in texts.items():
        (info / name).write_text(text, encoding="utf-8")
    (info / "licenses").mkdir()
    shutil.copyfile(ROOT / "LICENSE", info / "licenses" / "LICENSE")
    for name in ("yyjson", "oniguruma"):  # their code is inside the library
        source = ROOT / "deps" / name / "LICENSE"
        if source.exists():
            shutil.copyfile(source, info / "licenses" / f"LICENSE.{name}")
    return info


def entries(tree: Path) -> Iterator[tuple[str, bytes, int]]:
    """Name, content and permissions of every file, in an order that does not change."""
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            yield path.relative_to(tree).as_posix(), path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644


def write_wheel(tree: Path, info: Path, out: Path) -> None:
    record = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:

        def add(name: str, content: bytes, mode: int) -> None:
            member = zipfile.ZipInfo(name)  # of 1980, so that the same build gives the same wheel
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(member, content)

        for name, content, mode in entries(tree):
            add(name, content, mode)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}\n")
        record_name = f"{info.name}/RECORD"
        add(record_name, "".join([*record, f"{record_name},,\n"]).encode(), 0o644)


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    build, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="accelpipe-wheel-") as scratch:
        tree = Path(scratch) / "wheel"
        package = tree / "accelpipe"
        copy_native(build, package / "_native")
        copy_package(build, package)
        minor = glibc_minor([path for path in package.rglob("*") if path.is_file() and is_elf(path)])
        tag = f"cp39-abi3-manylinux_2_{minor}_{platform.machine()}"
        version = read_version()
        info = write_info(tree, version, tag)
        wheel = out / f"accelpipe-{version}-{tag}.whl"
        for old in out.glob("accelpipe-*.whl"):
            old.unlink()
        write_wheel(tree, info, wheel)
    print(wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
