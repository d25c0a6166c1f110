"""Which shared libraries a text task loads: no image, audio, video or network library may be among them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from harness import Report, Result
from setup import Setup, show

# What a text task may load beside ours and the runtime. Any other library is a finding, whatever it does.
ALLOWED = re.compile(r"(linux-vdso|ld-linux[\w-]*|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|onig|yyjson))[.-].*")


def needed(path: Path) -> list[str]:
    """The names of the libraries that `ldd` lists for a program or library."""
    listing = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    return [Path(line.split()[0]).name for line in listing.splitlines() if line.strip()]


def measure(setup: Setup) -> bool:
    report = Report("links", "Libraries that the text path loads (`ldd`)", setup.build_dir)
    plugin = setup.build_dir / "lib" / "accelpipe" / "plugins" / "accelpipe_ort.so"
    for path in (setup.program, plugin, setup.runtime):
        names = [name for name in needed(path) if not name.startswith("libaccelpipe.")]
        strangers = [name for name in names if not ALLOWED.fullmatch(name)]
        report.add(Result(path.name, ", ".join(names), "", "", "libc, libm, libstdc++, libonig and the like",
                          not strangers, show(["ldd", str(path)]), {"libraries": names, "strangers": strangers}))
    return report.finish()
