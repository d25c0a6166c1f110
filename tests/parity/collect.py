#!/usr/bin/env python3
"""Runs the cases of a parity kit through accelpipe, judges the results and prints a table.

  tests/parity/collect.py --program build/release/bin/accelpipe --kit ../shared/parity [OPTIONS] [TASK...]

Three faces are judged, each in a column for each backend: the program (`accelpipe run`, one process a case, in the kit's
folder so that relative paths are right), the C API (parity_api_runner, one process for all cases) and the Python
package (python_runner.py, likewise; errors by the class of the exception). What they gave is kept in --out: results-FACE-BACKEND.jsonl, in the form that the kit's compare.py reads; that judge is run as well
where numpy and Pillow are installed. Standard library only.

Exit status: 0 when every case passes or fails as unsupported.txt says, 1 otherwise, 2 when nothing could be run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import judge

HERE = Path(__file__).resolve().parent
CASE_TIMEOUT_S = 300
FACES = ("cli", "api", "python")
TITLES = {"cli": "", "api": " (C API)", "python": " (Python)"}

# Whether this interpreter has what arrays and pictures are read with.
HAS_ARRAYS = all(map(importlib.util.find_spec, ("numpy", "PIL")))

Case = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class Score:
    """What came of the cases of one task on one face and backend."""

    n_passed: int = 0
    n_expected_failures: int = 0
    differences: list[tuple[str, str]] = field(default_factory=list)

    @property
    def n_all(self) -> int:
        return self.n_passed + self.n_expected_failures + len(self.differences)


# ---- cases --------------------------------------------------------------------------------------------


def read_cases(kit: Path, tasks: Iterable[str]) -> dict[str, list[Case]]:
    """The cases of each task of the kit, in the kit's order; of all its tasks where none is named."""
    names = list(tasks) or sorted(path.stem for path in (kit / "cases").glob("*.jsonl"))
    cases = {}
    for name in names:
        with open(kit / "cases" / f"{name}.jsonl", encoding="utf-8") as lines:
            cases[name] = [json.loads(line) for line in lines if line.strip()]
    return cases


def read_unsupported(path: Path, accelerator: str) -> dict[str, str]:
    """Model, or case, to the code with which it has to be refused."""
    rows = (line.split(maxsplit=3) for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: row[2] for row in rows if row and not row[0].startswith("#") and row[1] == accelerator}


def is_plain(value: Any) -> bool:
    """Whether inputs are JSON alone: arrays and pictures have a form for the program only."""
    if isinstance(value, dict):
        return all((not key.startswith("$") or key == "$kwargs") and is_plain(item) for key, item in value.items())
    return not isinstance(value, list) or all(map(is_plain, value))


# ---- running ------------------------------------------------------------------------------------------


def failure(code: str, message: str) -> Answer:
    return {"error": {"code": code, "message": message, "type": code}}


class Program:
    """One run of `accelpipe`, or of the API runner, in the kit's folder with a start-up cache of its own."""

    def __init__(self, args: argparse.Namespace, scratch: str) -> None:
        self.program, self.kit, self.out = args.program, args.kit, args.out
        self.runners = {"api": args.runner and [str(args.runner)],
                        "python": args.package and [sys.executable, str(HERE / "python_runner.py")]}
        self.env = {**os.environ, "ACCELPIPE_CACHE": scratch}
        if args.package:
            self.env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(args.package), os.environ.get("PYTHONPATH")]))

    def run(self, words: list[str], text: str | None = None,
            timeout_s: float = CASE_TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, input=text, stdin=subprocess.DEVNULL if text is None else None,
                              capture_output=True, encoding="utf-8", errors="replace", cwd=self.kit, env=self.env,
                              timeout=timeout_s)

    def describe(self, *words: str) -> Any:
        """The JSON that a subcommand prints."""
        done = self.run([str(self.program), *words, "--output", "json"])
        if done.returncode != 0:
            raise RuntimeError(f"accelpipe {' '.join(words)}: exit status {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def run_case(self, case: Case, accelerator: str) -> Answer:
        """One case through the program."""
        words = [str(self.program), "run", case["task"], "--model", case["model"], "--accelerator", accelerator,
                 "--init", dump(case["init"]), "--params", dump(case["call"]), "--output", "json"]
        if has_files(case):
            words += ["--out-dir", str(self.out / "files" / accelerator / case["id"])]
        words += ["--json", "--", dump(case["inputs"])]
        try:
            done = self.run(words)
        except subprocess.TimeoutExpired:
            return failure("TIMEOUT", f"no end after {CASE_TIMEOUT_S} s")
        if done.returncode == 0:
            try:
                return {"result": json.loads(done.stdout)}
            except ValueError as error:
                return failure("BAD_OUTPUT", f"{error}: {done.stdout[:200]!r}")
        return read_failure(done)

    def run_all(self, face: str, cases: list[Case], accelerator: str) -> dict[str, Answer]:
        """All cases through the C API or the Python package, in one process."""
        lines = "".join(dump({"id": case["id"], "inputs": case["inputs"], "call": case["call"],
                              "init": {"task": case["task"], "model": case["model"], "accelerator": accelerator,
                                       **case["init"]}}) + "\n" for case in cases)
        runner = self.runners[face]
        done = self.run(runner, lines, len(cases) * CASE_TIMEOUT_S)
        answers: dict[str, Answer] = {}
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            if "error" in answer:
                answer["error"].setdefault("type", answer["error"]["code"])
            answers[answer["id"]] = answer
        if done.returncode != 0:
            print(f"{runner[-1]}: exit status {done.returncode}\n{done.stderr}", file=sys.stderr)
        ended = failure("CRASH", f"the runner ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
        return {case["id"]: answers.get(case["id"], ended) for case in cases}


def has_files(case: Case) -> bool:
    """Whether the result holds arrays or pictures that are compared as files."""
    return "expect" in case and (judge.has_arrays(case["expect"]) or not judge.can_judge(case["expect"]))


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_failure(done: subprocess.CompletedProcess[str]) -> Answer:
    """The last line of standard error, `accelpipe: MESSAGE [AP_CODE]`."""
    lines = done.stderr.strip().splitlines() or [""]
    found = re.fullmatch(r"(.*?)\s*\[(AP_E[A-Z0-9]+)\]", lines[-1])
    if not found or done.returncode not in (1, 2, 3):
        return failure("CRASH", f"exit status {done.returncode}, standard error: {done.stderr.strip()[-300:]!r}")
    return failure(found[2], found[1])


# ---- judging ------------------------------------------------------------------------------------------


def equals_single_runs(program: Program, case: Case, accelerator: str, answer: Answer) -> bool:
    """Whether a batch that the reference refuses for a limit of its own gave what single runs give."""
    call = {key: value for key, value in case["call"].items() if key != "batch_size"}
    single = program.run_case({**case, "call": call}, accelerator)
    return "result" in answer and "result" in single and not judge.first_difference(
        single["result"], answer["result"], case["tol"])


def score_cases(cases: list[Case], answers: dict[str, Answer], unsupported: dict[str, str], program: Program,
                accelerator: str) -> Score:
    score = Score()
    for case in cases:
        answer, code = answers[case["id"]], unsupported.get(case["id"]) or unsupported.get(case["model"])
        difference = judge.judge(case, answer)
        if difference and judge.is_own_limit(case) and equals_single_runs(program, case, accelerator, answer):
            difference = ""
        if code and answer.get("error", {}).get("code") == code:
            score.n_expected_failures += 1
        elif code:
            score.differences.append((case["id"], f"it is in unsupported.txt as {code}, but "
                                      + (difference or "the case passes: remove the line")))
        elif difference:
            score.differences.append((case["id"], difference))
        else:
            score.n_passed += 1
    return score


def run_kit_judge(kit: Path, results: Path, tasks: Iterable[str]) -> str:
    """What the kit's own compare.py says; "" where it, numpy or Pillow is missing."""
    if not (kit / "compare.py").exists() or not HAS_ARRAYS:
        return ""
    return subprocess.run([sys.executable, str(kit / "compare.py"), str(results), *tasks], capture_output=True,
                          text=True, check=False).stdout


# ---- the table ----------------------------------------------------------------------------------------


def print_table(scores: dict[str, dict[str, Score]], columns: list[str], n_cases: dict[str, int]) -> None:
    width = max(map(len, n_cases)) + 2
    print(f"{'task':<{width}}" + "".join(f"{column:>16}" for column in columns))
    for task, n in n_cases.items():
        cells = []
        for column in columns:
            score = scores.get(task, {}).get(column)
            cells.append(f"{score.n_passed} of {score.n_all}" if score else "-")
        print(f"{task:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
    missing = [task for task in n_cases if task not in scores]
    if missing:
        print(f"-: {len(missing)} tasks with {sum(n_cases[task] for task in missing)} cases that this version has not")


def save_results(path: Path, cases: Iterable[Case], answers: dict[str, Answer]) -> None:
    with open(path, "w", encoding="utf-8") as out:
        for case in cases:
            answer = answers[case["id"]]
            out.write(dump({"id": case["id"], **{k: answer[k] for k in ("result", "error") if k in answer}}) + "\n")


def run_column(program: Program, face: str, accelerator: str, cases: list[Case], n_jobs: int) -> dict[str, Answer]:
    if face != "cli":
        return program.run_all(face, cases, accelerator)
    with ThreadPoolExecutor(n_jobs) as pool:
        return dict(zip((case["id"] for case in cases),
                        pool.map(lambda case: program.run_case(case, accelerator), cases)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="default: every task of the kit that we have")
    parser.add_argument("--program", type=Path, required=True, help="the accelpipe program")
    parser.add_argument("--runner", type=Path, help="parity_api_runner; without it the C API is not judged")
    parser.add_argument("--package", type=Path, help="the folder that has the Python package; without it, it is not judged")
    parser.add_argument("--kit", type=Path, required=True, help="folder with cases/, models/, inputs/")
    parser.add_argument("--accelerator", action="append", help="default: every backend that is available here")
    parser.add_argument("--out", type=Path, help="folder for the results; default: a temporary one")
    parser.add_argument("--brief", action="store_true",
                        help="every backend through the C API, program and package on one: what differs is the backend")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes at a time")
    args = parser.parse_args()
    args.program, args.kit = args.program.resolve(), args.kit.resolve()
    args.runner = args.runner.resolve() if args.runner else None
    args.package = args.package.resolve() if args.package else None
    return args


def choose(args: argparse.Namespace, program: Program) -> tuple[dict[str, list[Case]], list[str]]:
    """The cases of the tasks that this program has, and the backends to run them on."""
    known = {task["name"] for task in program.describe("tasks")}
    cases = {task: rows for task, rows in read_cases(args.kit, args.tasks).items() if task in known}
    backends = args.accelerator or [row["name"] for row in program.describe("backends") if row["available"]]
    return cases, [name for name in backends if name != "replay"]


def main() -> int:
    args = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="accelpipe-parity-") as scratch:
        args.out = (args.out or Path(scratch) / "out").resolve()
        args.out.mkdir(parents=True, exist_ok=True)
        program = Program(args, scratch)
        cases, accelerators = choose(args, program)
        if not cases or not accelerators:
            print("parity: no task of the kit, or no backend, is available", file=sys.stderr)
            return 2
        return run(args, program, cases, accelerators)


def is_judged(args: argparse.Namespace, program: Program, face: str, accelerator: str, accelerators: list[str]) -> bool:
    if face != "cli" and not program.runners[face]:
        return False
    one = "ort" if "ort" in accelerators else accelerators[0]
    return not args.brief or face == "api" or accelerator == one or not program.runners["api"]


def run(args: argparse.Namespace, program: Program, cases: dict[str, list[Case]], accelerators: list[str]) -> int:
    scores: dict[str, dict[str, Score]] = {task: {} for task in cases}
    columns, kit_reports = [], []
    for accelerator in accelerators:
        unsupported = read_unsupported(HERE / "unsupported.txt", accelerator)
        for face in FACES:
            if not is_judged(args, program, face, accelerator, accelerators):
                continue
            column = accelerator + TITLES[face]
            columns.append(column)
            chosen = [c for rows in cases.values() for c in rows if face == "cli" or is_plain(c["inputs"])
                      or face == "python" and HAS_ARRAYS]
            answers = run_column(program, face, accelerator, chosen, args.jobs)
            results = args.out / f"results-{face}-{accelerator}.jsonl"
            save_results(results, chosen, answers)
            for task, rows in cases.items():
                scores[task][column] = score_cases([c for c in rows if c["id"] in answers], answers, unsupported,
                                                   program, accelerator)
            if report := run_kit_judge(args.kit, results, cases):
                kit_reports.append(f"{column}: the kit's compare.py\n{report}")
    return report_all(scores, columns, {task: len(rows) for task, rows in read_cases(args.kit, args.tasks).items()},
                      kit_reports)


def report_all(scores: dict[str, dict[str, Score]], columns: list[str], n_cases: dict[str, int],
               kit_reports: list[str]) -> int:
    failed = 0
    for task, of_column in scores.items():
        for column, score in of_column.items():
            failed += len(score.differences)
            for case_id, difference in score.differences:
                print(f"{case_id}  {column}  {difference}")
    for report in kit_reports:
        print(report)
    print_table(scores, columns, n_cases)
    n_expected = sum(score.n_expected_failures for row in scores.values() for score in row.values())
    if n_expected:
        print(f"{n_expected} results are refusals that unsupported.txt lists")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
