"""The peer: optimum's own pipeline with accelerator="ort". Runs in the environment that reference_env.sh makes.

  optimum_peer.py start  MODEL_DIR SENTENCE                 one process: import, load, one answer, printed
  optimum_peer.py single MODEL_DIR TEXT_FILE                stays loaded; a call is pipe(first line)
  optimum_peer.py batch  MODEL_DIR TEXT_FILE BATCH_SIZE     stays loaded; a call is pipe(all lines, batch_size=...)
  optimum_peer.py task   MODEL_DIR TASK INPUTS PARAMS BATCH_SIZE
                                                            stays loaded; prints the result of pipe(inputs, **params,
                                                            batch_size=...), which is a call, as bench_api_task does

All but the first take turns as bench/common.h says. The pipeline is made as optimum's documentation makes it, with its
default session options; it finds onnx/model.onnx in the folder by itself.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def load(model: str, task: str = "text-classification") -> Any:
    from optimum.pipelines import pipeline

    return pipeline(task, model=model, accelerator="ort")


def serve_turns(call: Callable[[], object]) -> None:
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


def read_lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines if line.strip()]


def read_json(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def serve_task(model: str, task: str, inputs_path: str, params_path: str, batch_size: str) -> None:
    pipe, inputs = load(model, task), read_json(inputs_path)
    params = {**read_json(params_path), "batch_size": int(batch_size)}
    print(json.dumps({"result": pipe(inputs, **params)}), flush=True)
    serve_turns(lambda: pipe(inputs, **params))


def main() -> None:
    mode, model, text = sys.argv[1:4]
    if mode == "task":
        serve_task(model, *sys.argv[3:])
        return
    pipe = load(model)
    if mode == "start":
        print(json.dumps(pipe(text)))
    elif mode == "single":
        sentence = read_lines(text)[0]
        serve_turns(lambda: pipe(sentence))
    else:
        sentences, batch_size = read_lines(text), int(sys.argv[4])
        serve_turns(lambda: pipe(sentences, batch_size=batch_size))


if __name__ == "__main__":
    main()
