#!/usr/bin/env python3
"""Writes layers.json of tests/data/generate/: which values a call of transformers 4.55.4's TextGenerationPipeline generates with.

  pip install torch==2.8.0 transformers==4.55.4
  python tools/golden/make_generation_layers.py

[{"file", "init", "call", "expect": {values that are not GenerationConfig()'s} | "error": type}]: generation_config.json of the
model, parameters of the creation, and of the call, a generation_config among them.
"""

from __future__ import annotations

import json
import logging
import random
import warnings

from make_generation import OUT, Markov, MarkovConfig
from transformers import GenerationConfig, TextGenerationPipeline

VALUES = {"max_new_tokens": [3, 256, None], "max_length": [20, 30], "temperature": [1.0, 0.7, 0.0, 0.4], "top_k": [50, 5, 0],
          "top_p": [1.0, 0.9], "do_sample": [True, False], "num_beams": [1, 3], "repetition_penalty": [1.0, 1.3],
          "min_new_tokens": [1, 2], "eos_token_id": [5, None], "pad_token_id": [3, None], "bos_token_id": [4],
          "early_stopping": [False, True], "length_penalty": [1.0, 2.0], "num_return_sequences": [1], "min_p": [0.1, None]}
# Of what is compared; the others say nothing about which values count.
NAMES = sorted(VALUES)


def values(rng: random.Random, most: int) -> dict:
    return {name: rng.choice(VALUES[name]) for name in rng.sample(NAMES, rng.randint(0, most))}


def run(case: dict) -> dict:
    model = Markov(MarkovConfig())
    model.generation_config = GenerationConfig.from_dict(dict(case["file"]))
    pipe = TextGenerationPipeline(model=model, tokenizer=None, framework="pt", **case["init"])
    call = dict(case["call"])
    if "generation_config" in call:
        call["generation_config"] = GenerationConfig(**call["generation_config"])
    _, forward, _ = pipe._sanitize_parameters(**call)
    forward = {**pipe._forward_params, **forward}
    forward.setdefault("generation_config", pipe.generation_config)
    use = forward.pop("use_model_defaults", None)
    config, _ = model._prepare_generation_config(forward.pop("generation_config"), use, **forward)
    default = GenerationConfig()
    return {name: getattr(config, name) for name in NAMES if getattr(config, name) != getattr(default, name)}


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.ERROR)
    rng = random.Random(3)
    cases = []
    while len(cases) < 150:
        case = {"file": {**values(rng, 5), "transformers_version": rng.choice(["4.30.2", "4.50.0", "4.55.4"])},
                "init": values(rng, 4), "call": values(rng, 4)}
        if rng.random() < 0.7:
            case["call"]["generation_config"] = values(rng, 6)
        if rng.random() < 0.3:
            case["call"]["use_model_defaults"] = rng.choice([True, False])
        try:
            case["expect"] = run(case)
        except ValueError as error:
            case["error"] = type(error).__name__
        cases.append(case)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (OUT / "layers.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
