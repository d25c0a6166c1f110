"""The peers of bench/decode: who generates the same tokens in Python. Takes turns as bench/common.h says.

  peer.py optimum|genai|openvino MODEL --threads N --prompt N --new N [--rows N]

optimum: ORTModelForCausalLM.generate() with its default session options, but for the number of threads. genai:
onnxruntime-genai, and openvino: openvino-genai, each on a model in its own form.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def serve_turns(call: Callable[[], Any]) -> None:
    call()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        n_calls = int(line)
        wall = []
        cpu_before = time.process_time()
        for _ in range(n_calls):
            before = time.perf_counter()
            call()
            wall.append(time.perf_counter() - before)
        cpu_s = (time.process_time() - cpu_before) / n_calls
        print(json.dumps({"n": n_calls, "wall_s": statistics.median(wall), "cpu_s": cpu_s}), flush=True)


def prompt(args: argparse.Namespace) -> list[list[int]]:
    """As bench_prompt() makes it."""
    ids = [11 + i * 37 % 20000 for i in range(args.rows * args.prompt)]
    return [ids[row * args.prompt:(row + 1) * args.prompt] for row in range(args.rows)]


def optimum(args: argparse.Namespace) -> Callable[[], Any]:
    import torch
    from onnxruntime import SessionOptions
    from optimum.onnxruntime import ORTModelForCausalLM

    torch.set_num_threads(args.threads)
    options = SessionOptions()
    options.intra_op_num_threads = args.threads
    model = ORTModelForCausalLM.from_pretrained(args.model, subfolder="onnx", file_name=args.file,
                                                session_options=options)
    ids = torch.tensor(prompt(args))
    return lambda: model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0,
                                  max_new_tokens=args.new, min_new_tokens=args.new)


def genai(args: argparse.Namespace) -> Callable[[], Any]:
    import numpy
    import onnxruntime_genai as og

    config = og.Config(args.model)
    config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": args.threads}}}}))
    model = og.Model(config)
    ids = numpy.array(prompt(args), dtype=numpy.int32)

    def call() -> None:
        params = og.GeneratorParams(model)
        length = args.prompt + args.new
        params.set_search_options(do_sample=False, max_length=length, min_length=length, batch_size=args.rows)
        generator = og.Generator(model, params)
        generator.append_tokens(ids)
        while not generator.is_done():
            generator.generate_next_token()

    return call


def openvino(args: argparse.Namespace) -> Callable[[], Any]:
    import numpy
    import openvino as ov
    import openvino_genai as ovg

    pipe = ovg.LLMPipeline(args.model, "CPU", INFERENCE_NUM_THREADS=args.threads, INFERENCE_PRECISION_HINT="f32",
                           KV_CACHE_PRECISION="f32", PERFORMANCE_HINT="LATENCY")
    ids = ov.Tensor(numpy.array(prompt(args), dtype=numpy.int64))
    config = ovg.GenerationConfig(max_new_tokens=args.new, min_new_tokens=args.new, do_sample=False)
    return lambda: pipe.generate(ids, config)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=("optimum", "genai", "openvino"))
    parser.add_argument("model")
    for name, default in (("threads", 1), ("prompt", 16), ("new", 32), ("rows", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--file", default="model.onnx")
    args = parser.parse_args()
    serve_turns({"optimum": optimum, "genai": genai, "openvino": openvino}[args.peer](args))


if __name__ == "__main__":
    main()
