#!/usr/bin/env python3
"""Makes the models that bench/decode measures with: random weights in the shapes of GPT-2 small and of a Llama of half a
billion parameters, as float32 and with int8 weights. What is there already is left as it is.

  models.py FOLDER        in an environment with torch and optimum-onnx (bench/reference_env.sh)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    "gpt2-small": {},
    "llama-0.5b": dict(vocab_size=32000, hidden_size=1024, num_hidden_layers=28, intermediate_size=4096,
                       num_attention_heads=16, num_key_value_heads=8, head_dim=64, max_position_embeddings=4096,
                       tie_word_embeddings=False),
}


def create(folder: Path, name: str) -> None:
    import torch
    from optimum.exporters.onnx import main_export
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    kind, config = (GPT2LMHeadModel, GPT2Config) if name.startswith("gpt2") else (LlamaForCausalLM, LlamaConfig)
    model = kind(config(**SHAPES[name])).eval()
    model.generation_config.eos_token_id = None
    model.save_pretrained(folder)
    del model
    main_export(str(folder), output=str(folder / "onnx"), task="text-generation-with-past", no_post_process=False,
                do_validation=False)


def quantize(folder: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(folder / "model.onnx", folder / "model_quantized.onnx", weight_type=QuantType.QInt8,
                     extra_options={"MatMulConstBOnly": True})


def main() -> None:
    root = Path(sys.argv[1])
    for name in SHAPES:
        folder = root / name
        if not (folder / "onnx" / "model.onnx").exists():
            print(f"models: {name}", file=sys.stderr, flush=True)
            create(folder, name)
        if not (folder / "onnx" / "model_quantized.onnx").exists():
            print(f"models: {name}, int8", file=sys.stderr, flush=True)
            quantize(folder / "onnx")


if __name__ == "__main__":
    main()
