"""Where everything is, what the library chose, and the inputs that every measurement shares."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import workload

ROOT = Path(__file__).resolve().parents[1]

# Two lengths of one sentence: what a command line would be given, and what a review would hold.
SHORT = "I loved every minute of it."
LONG = ("The plot made no sense and the acting was worse, but the music stayed with me for days and I would gladly sit "
        "through all of it again just to hear that last song.")
N_MIXED = 4096


@dataclass
class Setup:
    """One run of the benchmarks. The library is the one of `build_dir`; nothing is taken from outside the checkout."""

    build_dir: Path
    reference_python: Path | None = None
    intel_python: Path | None = None

    @property
    def ipex_python(self) -> Path | None:
        """Python of the environment beside that one, with the last optimum-intel that has pipelines for IPEX."""
        return self.intel_python.parents[1] / "ipex" / "bin" / "python" if self.intel_python else None

    @property
    def program(self) -> Path:
        return self.build_dir / "bin" / "accelpipe"

    @property
    def scratch(self) -> Path:
        return self.build_dir / "bench" / "scratch"

    @property
    def encoder_dir(self) -> Path:
        """The encoder that the measurement `backends` makes once."""
        return self.build_dir / "bench" / "encoder"

    @property
    def cache_dir(self) -> Path:
        """The library's start-up cache, apart from the user's own."""
        return self.scratch / "cache"

    @property
    def env(self) -> dict[str, str]:
        """For the program, which reads the cache folder from its environment."""
        return {"ACCELPIPE_CACHE": str(self.cache_dir)}

    def tool(self, name: str, *arguments: str | Path) -> list[str]:
        """The command of one of the programs that bench/CMakeLists.txt builds."""
        return [str(self.build_dir / "bench" / name), *map(str, arguments)]

    def api(self, name: str, *arguments: str | Path) -> list[str]:
        return self.tool(name, "--accelerator", "ort", "--cache-dir", self.cache_dir, *arguments)

    def run_command(self, *arguments: str, accelerator: str = "ort") -> list[str]:
        """`accelpipe run text-classification` with the bundled model."""
        return [str(self.program), "run", "text-classification", "--accelerator", accelerator, "--quiet", *arguments]

    # ---- what the library chose --------------------------------------------------------------------

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """ap_pipeline_describe() of the bundled model with every default."""
        return json.loads(subprocess.check_output(self.api("bench_inspect", "--what", "describe")))

    @property
    def n_threads(self) -> int:
        return int(self.chosen["num_threads"])

    @cached_property
    def model_file(self) -> Path:
        return (ROOT / self.chosen["file"]).resolve()

    @cached_property
    def model_dir(self) -> Path:
        """The bundled model's folder: the one above its ONNX file that has a config.json."""
        return next(folder for folder in self.model_file.parents if (folder / "config.json").is_file())

    @cached_property
    def runtimes(self) -> dict[str, Path]:
        """The libraries that ours loads, of the backends that are here, so that floors and peers load the same."""
        backends = json.loads(subprocess.check_output([self.program, "backends", "--output", "json"]))
        return {row["name"]: Path(row["path"]) for row in backends if row["available"]}

    @property
    def backends(self) -> list[str]:
        return list(self.runtimes)

    @property
    def runtime(self) -> Path:
        """The ONNX Runtime library."""
        return self.runtimes["ort"]

    # ---- inputs ------------------------------------------------------------------------------------

    def text(self, name: str) -> Path:
        return self.scratch / f"{name}.txt"

    def ids(self, name: str) -> Path:
        return self.scratch / f"{name}.ids"

    def prepare(self) -> None:
        """Writes the texts, and the token ids that our library makes of them for the floor."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.cache_dir.mkdir(parents=True)
        texts = {"short": [SHORT], "long": [LONG], "mixed": list(workload.sentences(N_MIXED))}
        texts["mixed-512"] = texts["mixed"][:512]
        for name, lines in texts.items():
            self.text(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            with open(self.ids(name), "wb") as out:
                subprocess.run(self.api("bench_inspect", "--what", "ids", "--text", self.text(name)), check=True,
                               stdout=out)

    # ---- the floor ---------------------------------------------------------------------------------

    def floor(self, mode: str, text: str, *options: str | Path, threads: int | None = None) -> list[str]:
        """The floor on the same model file, runtime and number of threads, in float32 arithmetic like ours."""
        return self.tool("bench_floor", "--runtime", self.runtime, "--model", self.model_file, "--mode", mode, "--ids",
                         self.ids(text), "--threads", str(threads or self.n_threads), "--fold", "1", *options)

    def floor_cache(self, threads: int | None = None) -> Path:
        """The floor's own file of prepacked weights, made once for each number of threads."""
        path = self.scratch / f"floor-cache-{threads or self.n_threads}" / "model.onnx"
        if not path.exists():
            path.parent.mkdir(parents=True)
            subprocess.run(self.floor("cache", "short", "--cache", path, threads=threads), check=True)
        return path


def show(command: list[str], **env: str) -> str:
    """A command as a reader would type it from the root of the checkout."""
    words = [f"{key}={value}" for key, value in env.items()]
    for word in command:
        if word.startswith(str(ROOT)):
            word = os.path.relpath(word, ROOT)
        words.append(f'"{word}"' if " " in word or not word else word)
    return " ".join(words)
