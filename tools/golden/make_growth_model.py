#!/usr/bin/env python3
"""Writes tests/data/growth/: a sequence classifier with 512 positions that is so small that a hundred thousand calls take
minutes, for tests of memory. Its weights are random. Needs transformers and optimum-onnx (bench/reference_env.sh).

    build/bench-env/bin/python tools/golden/make_growth_model.py
"""
import pathlib
import shutil
import tempfile

import torch
from optimum.exporters.onnx import main_export
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "growth"
KEPT = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model.onnx")


def main():
    torch.manual_seed(0)
    config = BertConfig(vocab_size=8, hidden_size=16, num_hidden_layers=2, num_attention_heads=1, intermediate_size=16,
                        max_position_embeddings=512)
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = pathlib.Path(folder, "vocab.txt")
        vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]) + "\n")
        BertTokenizerFast(str(vocabulary), model_max_length=512).save_pretrained(folder)
        BertForSequenceClassification(config).eval().save_pretrained(folder)
        main_export(folder, output=f"{folder}/onnx", task="text-classification", do_validation=False)
        OUT.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copy(f"{folder}/onnx/{name}", OUT / name)


if __name__ == "__main__":
    main()
