#!/usr/bin/env python3
"""Writes searches.json and scores.json of tests/data/generate/: what generate() of transformers 4.55.4 does with a model that is a formula.

  pip install torch==2.8.0 transformers==4.55.4
  python tools/golden/make_generation.py

The model has 24 tokens; the logit of token k behind tokens a, b is a number in [-6, 6) made of a hash of (a, b, k), so that
the unit tests compute the same float32 numbers (tests/unit/generate/markov.c).

searches.json: [{"prompt", "params", "expect": [sequences]} | {..., "error": type}]: greedy, beams, groups, look-up, guidance,
guidance of beams and of groups, and away from a prompt.
watermarks.json: [{"config", "tokens", "expect": [ids]}]: which of 64 tokens are marked, the score of token k in case i being
((37 k + 11 i) mod 64) / 8.
scores.json: [{"tokens", "prompt_len", "params", "expect": [scores]}]: a row of logits behind all processors, null: -inf.
"""

from __future__ import annotations

import json
import logging
import random
import warnings
from pathlib import Path

import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.generation.logits_process import WatermarkLogitsProcessor
from transformers.modeling_outputs import CausalLMOutputWithPast

N_TOKENS = 24
EOS, PAD = 1, 0
LOOKUP = ("prompt_lookup_num_tokens", "max_matching_ngram_size")
OUT = Path(__file__).resolve().parents[2] / "tests/data/generate"
MASK = (1 << 64) - 1


def mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def logit(a: int, b: int, k: int) -> float:
    return (mix((a * N_TOKENS + b) * N_TOKENS + k + 1) >> 40) / 2**24 * 12 - 6


TABLE = torch.tensor([[[logit(a, b, k) for k in range(N_TOKENS)] for b in range(N_TOKENS)] for a in range(N_TOKENS)],
                     dtype=torch.float32)


class MarkovConfig(PretrainedConfig):
    model_type = "markov"

    def __init__(self, **kwargs):
        self.vocab_size = N_TOKENS
        self.num_hidden_layers = 1
        self.num_attention_heads = 1
        self.hidden_size = 1
        super().__init__(**kwargs)


class Markov(PreTrainedModel, GenerationMixin):
    config_class = MarkovConfig
    main_input_name = "input_ids"

    def __init__(self, config):
        super().__init__(config)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, past_key_values=None, cache_position=None, **kwargs):
        return {"input_ids": input_ids}

    def forward(self, input_ids, attention_mask=None, **kwargs):
        before = torch.nn.functional.pad(input_ids, (1, 0))[:, :-1]
        cache = Cropping(input_ids.shape[1])
        return CausalLMOutputWithPast(logits=TABLE[before, input_ids], past_key_values=cache)


class Cropping:
    """A cache of nothing, for look-up."""

    def __init__(self, n):
        self.n = n

    def crop(self, n):
        self.n = n

    def reorder_cache(self, rows):
        pass

    def get_seq_length(self):
        return self.n


def run(model, prompt, params):
    ids = torch.tensor([prompt])
    own = {"eos_token_id": EOS, "pad_token_id": PAD, **params}
    for name in ("negative_prompt_ids", "negative_prompt_attention_mask"):
        if name in own:  # Of beams the reference wants a row for each.
            rows = own.get("num_beams", 1) // own.get("num_beam_groups", 1)
            own[name] = torch.tensor([own[name]] * rows)
    sequences = model.generate(ids, attention_mask=torch.ones_like(ids), **own)
    return sequences.tolist()


def search_params(rng: random.Random, kind: str) -> dict:
    params: dict = {"max_new_tokens": rng.choice([1, 3, 8, 15])}
    if rng.random() < 0.3:
        params["eos_token_id"] = rng.sample(range(1, N_TOKENS), rng.choice([2, 3, 6]))
    if rng.random() < 0.2:
        params["pad_token_id"] = rng.choice([5, 7])
    marked, kind = kind.startswith("marked"), kind.removeprefix("marked-")
    if marked:
        values = {"greenlist_ratio": [0.1, 0.25, 0.5], "bias": [1.5, 2.0, 5.0], "hashing_key": [7, 15485863, -3, 1 << 62],
                  "seeding_scheme": ["lefthash"], "context_width": [1, 2, 4]}  # The other needs 40 tokens.
        names = rng.sample(sorted(values), rng.randint(0, len(values)))
        params["watermarking_config"] = {name: rng.choice(values[name]) for name in names}
    guidance, kind = kind.startswith("guided"), kind.removeprefix("guided-")
    if guidance:
        params["guidance_scale"] = rng.choice([0.5, 1.5, 3.0])
        params["use_cache"] = False  # The model here has none, and so reads all of what is not the prompt.
    if guidance and kind != "guided" and rng.random() < 0.5:
        params["negative_prompt_ids"] = [rng.randrange(2, N_TOKENS) for _ in range(rng.choice([1, 2, 5]))]
        if rng.random() < 0.3:
            params["negative_prompt_attention_mask"] = [1] * len(params["negative_prompt_ids"])
    if kind in ("beams", "groups"):
        params["num_beams"] = rng.choice([2, 3, 4, 5])
        params["length_penalty"] = rng.choice([1.0, 1.0, -1.0, 0.0, 0.5, 2.0])
        params["early_stopping"] = rng.choice([False, True, "never"])
        params["num_return_sequences"] = rng.randint(1, params["num_beams"])
    if kind == "groups":
        params["num_beams"] = rng.choice([2, 4, 6])
        params["num_beam_groups"] = rng.choice([g for g in (2, 3, 4) if params["num_beams"] % g == 0])
        params["diversity_penalty"] = rng.choice([0.1, 0.7, 2.0])
        params["num_return_sequences"] = rng.randint(1, params["num_beams"])
    if kind == "lookup":
        params["prompt_lookup_num_tokens"] = rng.choice([1, 2, 5])
        if rng.random() < 0.5:
            params["max_matching_ngram_size"] = rng.choice([1, 2, 3])
        params["max_new_tokens"] = 30
        params["repetition_penalty"] = rng.choice([0.3, 1.0])
    options = {"repetition_penalty": lambda: rng.choice([0.7, 1.3, 2.5]),
               "no_repeat_ngram_size": lambda: rng.choice([1, 2, 3]),
               "bad_words_ids": lambda: [[rng.randrange(2, N_TOKENS)], [rng.randrange(2, N_TOKENS), rng.randrange(2, N_TOKENS)]],
               "min_new_tokens": lambda: rng.choice([2, 5]),
               "forced_eos_token_id": lambda: EOS,
               "renormalize_logits": lambda: True,
               "exponential_decay_length_penalty": lambda: [2, 1.4],
               "encoder_repetition_penalty": lambda: rng.choice([0.8, 1.5]),
               "encoder_no_repeat_ngram_size": lambda: rng.choice([1, 2]),
               "sequence_bias": lambda: [[[rng.randrange(2, N_TOKENS)], 2.5], [[3, 4], -1.5]],
               "suppress_tokens": lambda: rng.sample(range(2, N_TOKENS), 3),
               "begin_suppress_tokens": lambda: rng.sample(range(2, N_TOKENS), 3)}
    for name in rng.sample(sorted(options), rng.choice([0, 0, 1, 2])):
        params.setdefault(name, options[name]())
    if "exponential_decay_length_penalty" in params:
        params.pop("min_new_tokens", None)  # Together they give nan.
    return params


def make_searches(model) -> list[dict]:
    rng = random.Random(1)
    cases = []
    for kind, n in (("greedy", 60), ("beams", 160), ("groups", 50), ("lookup", 30), ("guided", 20), ("guided-greedy", 20),
                    ("guided-beams", 40), ("guided-groups", 40), ("marked", 40), ("marked-beams", 20)):
        for _ in range(n):
            prompt = [rng.randrange(2, N_TOKENS) for _ in range(rng.choice([1, 2, 4, 7]))]
            case = {"prompt": prompt, "params": search_params(rng, kind)}
            try:
                # Guesses change nothing; the reference's own go wrong behind a prompt that ends in an end token, and past
                # max_length. So what is expected is what comes without.
                asked = {k: v for k, v in case["params"].items() if k not in LOOKUP}
                case["expect"] = run(model, prompt, asked)
            except Exception as error:  # What the reference refuses is a case too.
                case["error"] = f"{type(error).__name__}: {error}"
            cases.append(case)
    return cases


def warp_params(rng: random.Random) -> dict:
    options = {"temperature": lambda: rng.choice([0.3, 0.7, 1.9]),
               "top_k": lambda: rng.choice([0, 1, 3, 10, 50]),
               "top_p": lambda: rng.choice([0.0, 0.1, 0.5, 0.9, 0.999]),
               "min_p": lambda: rng.choice([0.0, 0.05, 0.3, 1.0]),
               "typical_p": lambda: rng.choice([0.05, 0.5, 0.9]),
               "epsilon_cutoff": lambda: rng.choice([0.001, 0.05, 0.5]),
               "eta_cutoff": lambda: rng.choice([0.001, 0.05, 0.5]),
               "num_beams": lambda: rng.choice([2, 4]),
               "repetition_penalty": lambda: 1.7,
               "renormalize_logits": lambda: True,
               "remove_invalid_values": lambda: True}
    params = {"do_sample": True}
    for name in rng.sample(sorted(options), rng.choice([1, 1, 2, 3])):
        params[name] = options[name]()
    return params


def make_scores(model) -> list[dict]:
    rng = random.Random(2)
    cases = []
    for i in range(220):
        tokens = [rng.randrange(2, N_TOKENS) for _ in range(rng.choice([1, 3, 6, 9]))]
        prompt_len = rng.randint(1, len(tokens))
        params = warp_params(rng) if i % 2 else {**search_params(rng, "greedy")}
        own = {"eos_token_id": EOS, "pad_token_id": PAD, **params}
        config, _ = model._prepare_generation_config(GenerationConfig(), **own)
        model._prepare_special_tokens(config, True)
        config.max_length = prompt_len + (config.max_new_tokens or 20)
        ids = torch.tensor([tokens])
        processors = model._get_logits_processor(config, input_ids_seq_length=prompt_len,
                                                 encoder_input_ids=ids[:, :prompt_len], device="cpu")
        a, b = ([0] + tokens)[-2:]
        row = processors(ids, TABLE[a, b][None].clone())[0].tolist()
        cases.append({"tokens": tokens, "prompt_len": prompt_len, "params": {**params, "max_new_tokens": config.max_new_tokens or 20},
                      "expect": [None if x == float("-inf") else x for x in row]})
    return cases


def make_watermarks() -> list[dict]:
    rng = random.Random(4)
    cases = []
    for i in range(40):
        config = {"greenlist_ratio": rng.choice([0.1, 0.25, 0.5]), "hashing_key": rng.choice([7, 15485863, -3, 1 << 62]),
                  "seeding_scheme": rng.choice(["lefthash", "selfhash", "selfhash"]), "context_width": rng.choice([1, 2, 4])}
        tokens = [rng.randrange(64) for _ in range(rng.choice([1, 2, 5, 9]))]
        scores = torch.tensor([[(37 * k + 11 * i) % 64 / 8 for k in range(64)]])
        marked = WatermarkLogitsProcessor(64, "cpu", **config)(torch.tensor([tokens]), scores)
        cases.append({"config": config, "tokens": tokens, "expect": (marked != scores)[0].nonzero()[:, 0].tolist()})
    return cases


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    model = Markov(MarkovConfig())
    model.generation_config = GenerationConfig()
    for name, cases in (("searches.json", make_searches(model)), ("scores.json", make_scores(model)),
                        ("watermarks.json", make_watermarks())):
        lines = ",\n".join(json.dumps(case) for case in cases)
        (OUT / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
