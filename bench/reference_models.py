"""Makes the models of bench/tasks.py: MiniLM's shape (6 layers, 384 wide) with random weights and the heads that the
bundled model has not. Runs in the environment that reference_env.sh makes.

  reference_models.py FOLDER TOKENIZER_FOLDER     writes FOLDER/qa and FOLDER/nli; what is there is left as it is
"""

import json
import shutil
import sys
from pathlib import Path

SHAPE = {"vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
         "intermediate_size": 1536, "max_position_embeddings": 512}
LABELS = ["contradiction", "neutral", "entailment"]
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
DONE = "complete"


def export(folder: Path, model: object, outputs: list[str]) -> None:
    import torch

    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in names}
    axes |= {name: {0: "batch_size"} if name == "logits" else axes[names[0]] for name in outputs}
    ids = torch.ones(2, 8, dtype=torch.int64)
    (folder / "onnx").mkdir(parents=True)
    model.config.return_dict = False
    torch.onnx.export(model, (ids, ids, ids), folder / "onnx" / "model.onnx", input_names=names, output_names=outputs,
                      dynamic_axes=axes, opset_version=17, dynamo=False)
    model.config.return_dict = True
    model.config.save_pretrained(folder)


def make(folder: Path, tokenizer: Path) -> None:
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertForSequenceClassification

    torch.manual_seed(0)
    heads = {"qa": (BertForQuestionAnswering, ["start_logits", "end_logits"], {}),
             "nli": (BertForSequenceClassification, ["logits"],
                     {"id2label": dict(enumerate(LABELS)), "label2id": {name: i for i, name in enumerate(LABELS)}})}
    for name, (kind, outputs, more) in heads.items():
        target = folder / name
        if (target / DONE).exists():
            continue
        shutil.rmtree(target, ignore_errors=True)
        config = BertConfig(**SHAPE, **more)
        config.architectures = [kind.__name__]
        # Larger than at the start of a training, or all logits would be nearly the same.
        config.initializer_range = 0.05
        export(target, kind(config).eval(), outputs)
        for file in TOKENIZER_FILES:
            shutil.copy(tokenizer / file, target / file)
        (target / DONE).write_text(json.dumps(SHAPE) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
