#!/usr/bin/env python3
"""Writes tests/data/neighbours/: a sequence classifier in which each token counts beside the next, masked or not (MobileBERT), with
the scores that the pipeline of transformers gives of it. Its weights are random. Needs transformers and optimum-onnx
(bench/reference_env.sh).

    build/bench-env/bin/python tools/golden/make_neighbour_model.py
"""
import json
import pathlib
import shutil
import tempfile

import torch
from optimum.exporters.onnx import main_export
from transformers import BertTokenizerFast, MobileBertConfig, MobileBertForSequenceClassification, pipeline

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "neighbours"
KEPT = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model.onnx")
TEXTS = ["a b c", "c b a a b c c b a a a", "b", "a a a b b b c c c a a a b b b c c c a a a b b b c c c a b"]


def main():
    torch.manual_seed(0)
    config = MobileBertConfig(vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16,
                              embedding_size=8, true_hidden_size=16, intra_bottleneck_size=16, max_position_embeddings=64)
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = pathlib.Path(folder, "vocab.txt")
        vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]) + "\n")
        tokenizer = BertTokenizerFast(str(vocabulary), model_max_length=64)
        tokenizer.save_pretrained(folder)
        model = MobileBertForSequenceClassification(config).eval()
        for weight in model.parameters():
            if weight.dim() > 1:
                torch.nn.init.normal_(weight, 0, 0.4)
        model.save_pretrained(folder)
        main_export(folder, output=f"{folder}/onnx", task="text-classification", do_validation=False)
        pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu", top_k=None)
        expected = {"texts": TEXTS, "alone": pipe(TEXTS), "batch_size_4": pipe(TEXTS, batch_size=4)}
        OUT.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copy(f"{folder}/onnx/{name}", OUT / name)
        pathlib.Path(OUT, "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
