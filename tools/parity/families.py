#!/usr/bin/env python3
"""Generates with decoders of many families, small and of random weights, and compares with the pipelines of transformers.

  pip install torch==2.8.0 transformers==4.55.4 optimum-onnx==0.0.3 onnxruntime
  python tools/parity/families.py KIT FOLDER [--program build/release/bin/accelpipe] [--backends ort,ov,ipex] [FAMILY...]

KIT: the parity kit, for its tokenizers. FOLDER: models are made here, and stay. Every family is exported to ONNX by optimum; a
family's line is "same", or says what differs. The families of the kit itself are its cases' (make parity). Exit status: 0
when all are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from optimum.exporters.onnx import main_export
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, pipeline

# The tokenizer of the kit's gpt2-lm.
N_TOKENS, END = 3001, 3000
WORDS = {"vocab_size": N_TOKENS, "bos_token_id": END, "eos_token_id": END, "pad_token_id": END}
SHAPE = {**WORDS, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
         "max_position_embeddings": 128}
GROUPED = {**SHAPE, "num_key_value_heads": 2}
OLD_SHAPE = {**WORDS, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
WINDOW = {"sliding_window": 8}

# family: (model_type, its configuration)
DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "arcee": ("arcee", GROUPED),
    "bloom": ("bloom", {**WORDS, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "codegen": ("codegen", {**OLD_SHAPE, "rotary_dim": 4, "n_ctx": 128}),
    "cohere": ("cohere", GROUPED),
    "falcon": ("falcon", {**SHAPE, "multi_query": True, "alibi": False, "bias": False}),
    "falcon-alibi": ("falcon", {**SHAPE, "multi_query": False, "alibi": True, "parallel_attn": False, "bias": True}),
    "gemma2": ("gemma2", {**GROUPED, **WINDOW, "head_dim": 8, "query_pre_attn_scalar": 8}),
    "glm": ("glm", {**GROUPED, "head_dim": 8}),
    "gpt_bigcode": ("gpt_bigcode", {**OLD_SHAPE, "multi_query": True}),
    "gpt_neo": ("gpt_neo", {**WORDS, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "window_size": 8,
                            "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 128}),
    "gptj": ("gptj", {**OLD_SHAPE, "rotary_dim": 4}),
    "granite": ("granite", GROUPED),
    "helium": ("helium", {**GROUPED, "head_dim": 8}),
    "llama3-rope": ("llama", {**GROUPED, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32}}),
    "mistral-window": ("mistral", {**GROUPED, **WINDOW}),
    "mpt": ("mpt", {"vocab_size": N_TOKENS, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 128, "expansion_ratio": 2}),
    "nemotron": ("nemotron", GROUPED),
    "olmo": ("olmo", GROUPED),
    "olmo2": ("olmo2", GROUPED),
    "phi3": ("phi3", {**GROUPED, **WINDOW}),
    "qwen2-window": ("qwen2", {**GROUPED, **WINDOW, "use_sliding_window": True, "max_window_layers": 1}),
    "qwen3": ("qwen3", {**GROUPED, "head_dim": 8}),
    "smollm3": ("smollm3", GROUPED),
    "stablelm": ("stablelm", GROUPED),
}

T5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
BART = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
        "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 128}

# family: (model_type, the kit's model that has its tokens, its configuration)
ENCODER_DECODERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mt5": ("mt5", "t5-mini", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "blenderbot": ("blenderbot", "bart-cnn", BART),
    "blenderbot-small": ("blenderbot-small", "bart-cnn", BART),
    "bigbird_pegasus": ("bigbird_pegasus", "pegasus-xsum", {**BART, "attention_type": "original_full"}),
}
TOKENS = ("vocab_size", "pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "forced_eos_token_id",
          "forced_bos_token_id")

TEXTS = ["The weather in Berlin is", "Hello",
         "def add(a, b):\n    return a + b\n\nThe answer to all of this is, as everybody in the town has known for years, that"]
CALLS: list[dict[str, Any]] = [
    {"max_new_tokens": 24},
    {"num_beams": 3, "max_new_tokens": 16},
    {"max_new_tokens": 12, "min_new_tokens": 12, "repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
    {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5, "num_return_sequences": 2, "max_new_tokens": 10},
]


def make(family: str, kit: Path, folder: Path) -> None:
    """folder/reference: for torch; folder/onnx: for us."""
    is_pair = family in ENCODER_DECODERS
    if is_pair:
        model_type, like, shape = ENCODER_DECODERS[family]
        base = AutoConfig.from_pretrained(kit / "models" / like)
        shape = {**{key: getattr(base, key) for key in TOKENS if getattr(base, key, None) is not None}, **shape}
    else:
        (model_type, shape), like = DECODERS[family], "gpt2-lm"
    kind = AutoModelForSeq2SeqLM if is_pair else AutoModelForCausalLM
    torch.manual_seed(7)
    model = kind.from_config(AutoConfig.for_model(model_type, **shape)).eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, 0, 0.3)
    model.save_pretrained(folder / "reference")
    AutoTokenizer.from_pretrained(kit / "models" / like).save_pretrained(folder / "reference")
    task = "text2text-generation-with-past" if is_pair else "text-generation-with-past"
    main_export(str(folder / "reference"), output=folder / "onnx", task=task, do_validation=False)
    (folder / "complete").touch()


def ours(program: Path, backend: str, task: str, model: Path, inputs: Any, call: dict[str, Any]) -> Any:
    command = [str(program), "run", task, "--quiet", "--model", str(model), "--accelerator", backend, "--output", "json",
               "--params", json.dumps(call), "--json", "--", json.dumps(inputs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip()


def differences(args: argparse.Namespace, family: str, folder: Path) -> Iterator[str]:
    task = "text2text-generation" if family in ENCODER_DECODERS else "text-generation"
    pipe = pipeline(task, model=str(folder / "reference"), device="cpu")
    for call in CALLS:
        for inputs in (*TEXTS, TEXTS):
            call = {"do_sample": False, **call}
            expected = pipe(inputs, **call)
            for backend in args.backends.split(","):
                found = ours(args.program, backend, task, folder / "onnx", inputs, call)
                if found != expected:
                    yield f"{backend}, {call}, {inputs!r}: expected {expected}, found {found}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kit", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", type=Path, default=Path("build/release/bin/accelpipe"))
    parser.add_argument("--backends", default="ort,ov,ipex")
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    args = parser.parse_intermixed_args()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    n_different = 0
    for family in args.families or [*DECODERS, *ENCODER_DECODERS]:
        folder = args.folder / family
        if not (folder / "complete").exists():
            make(family, args.kit, folder)
        found = list(differences(args, family, folder))
        n_different += bool(found)
        print(f"{family}: {'same' if not found else ''}", *found, sep="\n  " if found else "", flush=True)
    return 1 if n_different else 0


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main())
