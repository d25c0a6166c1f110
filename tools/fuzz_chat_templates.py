#!/usr/bin/env python3
"""Compares random chat templates with jinja2, set up as transformers does.

    PYTHONPATH=deps/reference tools/fuzz_chat_templates.py --program build/release/bench/chat_lines --seed 1 --cases 10000

A template that fails has to fail on both sides; otherwise the texts have to be equal. What differs is shown, and the exit
status is 1. Templates print nothing that has an address or depends on a hash.
"""
import argparse
import json
import subprocess
import sys
from datetime import datetime

import jinja2
import jinja2.ext
import jinja2.sandbox
from fuzz_chat_templates_random import Random

NOW = datetime(2024, 7, 26, 13, 5, 9)  # As TIME in tests/differential/chat_lines.c.
BATCH = 2000
# What Python can do and the product says that it does not support.
UNSUPPORTED = "AP_EUNSUPPORTED"
# Both sides bound their work, each at its own place.
LIMIT = "AP_ELIMIT"


class Generation(jinja2.ext.Extension):
    """{% generation %}: remembers where in the text its body is."""

    tags = {"generation"}

    def __init__(self, environment):
        super().__init__(environment)
        environment.extend(written=[], spans=[])

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_mark"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _mark(self, context, caller):
        text = caller()
        env = self.environment
        if env.written or env.spans:
            start = sum(map(len, env.written))
            env.spans.append([start, start + len(text)])
        return text


def make_environment():
    def raise_exception(message):
        raise jinja2.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols], cache_size=0
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def reference(env, case):
    env.written, env.spans = [], []
    try:
        for part in env.from_string(case["template"]).generate(**case["variables"]):
            env.written.append(part)
        return {"text": "".join(env.written), "spans": env.spans}
    except Exception as e:  # Any failure is an answer.
        return {"error": f"{type(e).__name__}: {e}"}


def ask(program, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(cases):
        sys.exit(f"{program}: exit status {done.returncode} after {len(answers)} of {len(cases)} templates: "
                 f"{done.stderr[-2000:]}\n{json.dumps(cases[min(len(answers), len(cases) - 1)])}")
    return answers


def is_same(expected, found):
    if "error" in found:
        return "error" in expected or found["status"] == UNSUPPORTED
    return expected == found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="build/release/bench/chat_lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--show", type=int, default=20, help="how many differences to show")
    options = parser.parse_args()
    env = make_environment()
    random = Random(options.seed)
    n_different = n_failed = n_unsupported = 0
    for first in range(0, options.cases, BATCH):
        cases = [random.case() for _ in range(min(BATCH, options.cases - first))]
        for case, found in zip(cases, ask(options.program, cases)):
            expected = reference(env, case)
            n_failed += "error" in expected
            n_unsupported += found.get("status") == UNSUPPORTED and "error" not in expected
            if is_same(expected, found):
                continue
            n_different += 1
            if n_different <= options.show:
                print(f"template {case['template']!r}\n  variables {json.dumps(case['variables'])}\n"
                      f"  jinja2    {expected}\n  accelpipe {found}")
    print(f"{options.cases} templates, {n_failed} fail in jinja2, {n_unsupported} not supported, "
          f"{n_different} different")
    sys.exit(n_different > 0)


main()
