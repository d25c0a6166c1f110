"""The peers of the three runtimes: text-classification pipelines over one model, each at its own number of threads.

  backends_peer.py make  MODEL_DIR                                         writes the model that is measured
  backends_peer.py KIND  MODEL_DIR TEXT_FILE BATCH_SIZE THREADS            KIND: ort | ov | ipex

`ort` is optimum's pipeline(accelerator="ort"), `ov` optimum-intel's pipeline(accelerator="openvino"), `ipex` that of
optimum-intel 1.25, the last that has accelerator="ipex": IPEX's layers, and torch.compile(), which needs a C++ compiler and
half a minute or more. They stay loaded, and take turns as bench/common.h says; a call is pipe(all lines, batch_size=...).
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

TASK = "text-classification"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]


def make(folder: str) -> None:
    """A float32 encoder of the size of all-MiniLM-L6: 6 layers, 384 wide, random weights."""
    import torch
    from optimum.exporters.onnx import main_export
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(0)
    config = BertConfig(num_hidden_layers=6, hidden_size=384, num_attention_heads=12, intermediate_size=1536)
    vocabulary = Path(folder, "vocab.txt")
    vocabulary.parent.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    BertTokenizerFast(str(vocabulary), model_max_length=512).save_pretrained(folder)
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    main_export(folder, output=f"{folder}/onnx", task=TASK, do_validation=False)


def load_ort(folder: str, threads: int) -> Any:
    import onnxruntime
    from optimum.onnxruntime import ORTModelForSequenceClassification
    from optimum.pipelines import pipeline
    from transformers import AutoTokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = ORTModelForSequenceClassification.from_pretrained(f"{folder}/onnx", session_options=options)
    return pipeline(TASK, model=model, tokenizer=AutoTokenizer.from_pretrained(folder), accelerator="ort")


def load_ov(folder: str, threads: int) -> Any:
    from optimum.intel import OVModelForSequenceClassification
    from optimum.intel.pipelines import pipeline
    from transformers import AutoTokenizer

    config = {"INFERENCE_NUM_THREADS": str(threads), "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
              "CACHE_DIR": ""}
    converted = Path(folder, "openvino")
    if not (converted / "openvino_model.xml").exists():
        OVModelForSequenceClassification.from_pretrained(folder, export=True, compile=False).save_pretrained(converted)
    model = OVModelForSequenceClassification.from_pretrained(converted, ov_config=config)
    return pipeline(TASK, model=model, tokenizer=AutoTokenizer.from_pretrained(folder), accelerator="openvino")


def load_ipex(folder: str, threads: int) -> Any:
    import torch
    from optimum.intel.pipelines import pipeline
    from transformers import AutoTokenizer

    torch.set_num_threads(threads)
    return pipeline(TASK, model=folder, tokenizer=AutoTokenizer.from_pretrained(folder), accelerator="ipex",
                    torch_dtype=torch.float32)


def shared() -> Any:
    """optimum_peer.py, by its file: its folder, which has a module named optimum, must not be searched."""
    spec = importlib.util.spec_from_file_location("optimum_peer", Path(__file__).with_name("optimum_peer.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOADERS = {"ort": load_ort, "ov": load_ov, "ipex": load_ipex}


def main() -> None:
    kind, folder = sys.argv[1:3]
    if kind == "make":
        make(folder)
        return
    peer = shared()
    lines, batch_size, threads = peer.read_lines(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    pipe = LOADERS[kind](folder, threads)
    peer.serve_turns(lambda: pipe(lines, batch_size=batch_size))


if __name__ == "__main__":
    main()
