#!/usr/bin/env python3
"""Makes the model folders beside this file: `whole`, which works, and copies of it with one fault each.

Run it without arguments; it needs nothing but Python. expected.tsv says what opening each folder must come to:

    FOLDER  STATUS  TEXT    tab-separated; TEXT is a piece of the message; AP_OK: the folder opens

`whole` is a text classifier of some 400 bytes: the logits are the mean of a table's rows, one for each token.
"""

import json
import shutil
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film", "a", "##s", "."]

# -- protobuf, as much of it as an ONNX file needs (onnx/onnx onnx.proto) ---------------------------------------

FLOAT, INT64 = 1, 7  # TensorProto.DataType


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(*fields):
    """(number, value) pairs: ints as varints, everything else as bytes with a length."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def attribute(name, value):
    if isinstance(value, list):
        return message((1, name), (20, 7), *[(8, item) for item in value])
    return message((1, name), (20, 2), (3, value))


def node(op, inputs, output, **attributes):
    return message(*[(1, name) for name in inputs], (2, output), (4, op),
                   *[(5, attribute(*item)) for item in attributes.items()])


def value_info(name, dtype, shape):
    dims = [(1, message((2, dim) if isinstance(dim, str) else (1, dim))) for dim in shape]
    return message((1, name), (2, message((1, message((1, dtype), (2, message(*dims)))))))


def weights(name, rows):
    data = struct.pack(f"<{sum(map(len, rows))}f", *[x for row in rows for x in row])
    return message((1, len(rows)), (1, len(rows[0])), (2, FLOAT), (8, name), (9, data))


def classifier(output="logits", keep_dims=0):
    rows = [[float(token == "bad") - 0.25, float(token == "good") - 0.25] for token in VOCAB]
    nodes = [
        node("Cast", ["attention_mask"], "mask", to=FLOAT),
        node("Unsqueeze", ["mask"], "mask3", axes=[2]),
        node("Gather", ["table", "input_ids"], "rows", axis=0),
        node("Mul", ["rows", "mask3"], "masked"),
        node("ReduceSum", ["masked"], "sum", axes=[1], keepdims=keep_dims),
        node("ReduceSum", ["mask3"], "count", axes=[1], keepdims=keep_dims),
        node("Div", ["sum", "count"], output),
    ]
    shape = ["batch_size", 1, 2] if keep_dims else ["batch_size", 2]
    graph = message(*[(1, n) for n in nodes], (2, "classifier"), (5, weights("table", rows)),
                    *[(11, value_info(name, INT64, ["batch_size", "sequence_length"]))
                      for name in ("input_ids", "attention_mask")],
                    (12, value_info(output, FLOAT, shape)))
    return message((1, 6), (7, graph), (8, message((1, ""), (2, 11))))


# -- the folders ------------------------------------------------------------------------------------------------

def dumps(value):
    return json.dumps(value, indent=1) + "\n"


CONFIG = {"architectures": ["BertForSequenceClassification"], "model_type": "bert",
          "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": i, "content": VOCAB[i], "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True} for i in range(4)],
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                   "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": {token: i for i, token in enumerate(VOCAB)}},
}
TOKENIZER_CONFIG = {"tokenizer_class": "BertTokenizer", "model_max_length": 512, "pad_token": "[PAD]",
                    "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0123456789abcdef" * 4 + "\nsize 564\n"
MODEL = "onnx/model.onnx"
WHOLE = {"config.json": dumps(CONFIG), "tokenizer.json": dumps(TOKENIZER),
         "tokenizer_config.json": dumps(TOKENIZER_CONFIG), MODEL: classifier()}


def config(**changes):
    """config.json with changes; None takes an entry away."""
    changed = {**CONFIG, **changes}
    return {"config.json": dumps({key: value for key, value in changed.items() if value is not None})}


def tokenizer(**changes):
    return {"tokenizer.json": dumps({**TOKENIZER, **changes})}


# Folder: what differs from WHOLE (None: the file is not there), status, a piece of the message.
FOLDERS = {
    "whole": ({}, "AP_OK", ""),
    "config-missing": ({"config.json": None}, "AP_ENOTFOUND", "has no config.json"),
    "config-empty": ({"config.json": ""}, "AP_EFORMAT", "config.json: not JSON: it is empty"),
    "config-truncated": ({"config.json": dumps(CONFIG)[:100]}, "AP_EFORMAT", "config.json: not JSON"),
    "config-not-an-object": ({"config.json": "[1, 2]\n"}, "AP_EFORMAT", "expected a JSON object, found list"),
    "config-not-utf8": ({"config.json": dumps(CONFIG).encode().replace(b"POSITIVE", b"POSITIV\xc9")}, "AP_EFORMAT",
                        "config.json: not JSON"),
    "config-too-deep": ({"config.json": '{"a": ' + "[" * 2000 + "]" * 2000 + "}\n"}, "AP_ELIMIT",
                        "config.json: JSON nests deeper than 512"),
    "config-model-type": (config(model_type=["bert"]), "AP_EFORMAT", "model_type: expected a string, found list"),
    "config-problem-type": (config(problem_type="classification"), "AP_EINVAL",
                            'problem_type is "classification"; it must be regression'),
    "labels-a-list": (config(id2label=["NEGATIVE", "POSITIVE"]), "AP_EFORMAT",
                      "id2label: expected a dict, found list"),
    "labels-not-numbers": (config(id2label={"zero": "NEGATIVE", "one": "POSITIVE"}), "AP_EFORMAT",
                           'id2label: expected numbers as keys, found "zero"'),
    "labels-negative": (config(id2label=None, label2id=None, num_labels=-2), "AP_EFORMAT",
                        "num_labels: expected at least 0, found -2"),
    "labels-too-many": (config(id2label=None, label2id=None, num_labels=1 << 40), "AP_ELIMIT",
                        "1099511627776 labels, over the limit"),
    "labels-disagree": (config(id2label={"0": "NEGATIVE", "1": "NEUTRAL", "2": "POSITIVE"}, label2id=None),
                        "AP_EINVAL", "id2label has 3 entries, logits have 2 columns"),
    "labels-with-a-gap": (config(id2label={"0": "NEGATIVE", "2": "POSITIVE"}, label2id=None), "AP_OK", ""),
    "model-missing": ({MODEL: None}, "AP_ENOTFOUND", "has no model.onnx; model files there: none"),
    "model-only-safetensors": ({MODEL: None, "model.safetensors": "no weights\n"}, "AP_EUNSUPPORTED",
                               "holds no ONNX file, only model.safetensors"),
    "model-a-folder": ({MODEL: None, MODEL + "/keep": ""}, "AP_ENOTFOUND",
                       "has no model.onnx; model files there: none"),
    "model-empty": ({MODEL: b""}, "AP_EFORMAT", "model.onnx is empty"),
    "model-lfs-pointer": ({MODEL: LFS_POINTER}, "AP_EFORMAT", "model.onnx is a Git LFS pointer"),
    "model-truncated": ({MODEL: classifier()[:300]}, "AP_EFORMAT", "model.onnx"),
    "model-not-onnx": ({MODEL: "<!DOCTYPE html><title>404 Not Found</title>\n"}, "AP_EFORMAT", "model.onnx"),
    "model-of-another-task": ({MODEL: classifier(keep_dims=1)}, "AP_EINVAL", "it is a model for another task"),
    "tokenizer-missing": ({"tokenizer.json": None}, "AP_ENOTFOUND", "tokenizer.json"),
    "tokenizer-empty": ({"tokenizer.json": ""}, "AP_EFORMAT", "tokenizer.json: not JSON: it is empty"),
    "tokenizer-truncated": ({"tokenizer.json": dumps(TOKENIZER)[:700]}, "AP_EFORMAT", "tokenizer.json: not JSON"),
    "tokenizer-not-an-object": ({"tokenizer.json": "7\n"}, "AP_EFORMAT", "tokenizer.json"),
    "tokenizer-without-model": (tokenizer(model=None), "AP_EFORMAT", "tokenizer.json"),
    "tokenizer-of-unknown-type": (tokenizer(model={"type": "Telepathy", "vocab": {}}), "AP_EUNSUPPORTED",
                                  "Telepathy"),
    "tokenizer-ids-not-numbers": (
        tokenizer(model={**TOKENIZER["model"], "vocab": {token: str(i) for i, token in enumerate(VOCAB)}}),
        "AP_EFORMAT", "tokenizer.json"),
    "tokenizer-config-truncated": ({"tokenizer_config.json": dumps(TOKENIZER_CONFIG)[:50]}, "AP_EFORMAT",
                                   "tokenizer_config.json: not JSON"),
}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def main():
    lines = ["# folder\tstatus\ta piece of the message"]
    for name, (changes, status, text) in FOLDERS.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        for path, content in {**WHOLE, **changes}.items():
            if content is not None:
                write(HERE / name / path, content)
        lines.append(f"{name}\t{status}\t{text}")
    write(HERE / "expected.tsv", "\n".join(lines) + "\n")


main()
