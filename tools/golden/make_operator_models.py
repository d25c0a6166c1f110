#!/usr/bin/env python3
"""Writes tests/data/operators/: a model for each of some operators that exporters and optimizers of ONNX files write, with the result
that ONNX Runtime gives as its second output, "expected". Inputs are made by the rule of values(), which the test knows, too.
Needs onnx, onnxruntime, torch and transformers (bench/reference_env.sh).

    build/bench-env/bin/python tools/golden/make_operator_models.py
"""
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from transformers import BertConfig, BertForSequenceClassification

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "operators"
TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL, "uint8": TensorProto.UINT8,
         "int8": TensorProto.INT8, "int32": TensorProto.INT32, "float16": TensorProto.FLOAT16}
MS = "com.microsoft"


def values(dtype, shape):
    at = np.arange(int(np.prod(shape, dtype=np.int64)))
    made = {"float32": (at * 7 % 17 - 8) / 4, "float16": (at * 7 % 17 - 8) / 8, "int64": at % 3, "int32": at % 3, "bool": at % 2,
            "uint8": at * 37 % 256, "int8": at * 37 % 256 - 128}[dtype]
    return made.astype(dtype).reshape(shape)


def weights(seed, *shape):
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def blocks(bits, n, k, size, zeros=None):
    packed = np.random.default_rng(3).integers(0, 256, (n, -(-k // size), size * bits // 8)).astype(np.uint8)
    scales = weights(4, n * -(-k // size)) / 4
    per_row = -(-(-(-k // size) * bits) // 8)
    points = {None: None, "bytes": np.random.default_rng(5).integers(0, 256, n * per_row).astype(np.uint8)}[zeros]
    return [packed, scales] + ([points] if points is not None else [])


def node(op, inputs, n_outputs=1, domain="", **attributes):
    return helper.make_node(op, inputs, [f"y{i}" if i else "y" for i in range(n_outputs)], name=f"the {op}", domain=domain,
                            **attributes)


def halves(name, dtype, shape, numbers):
    packed = [(numbers[i] & 15) | ((numbers[i + 1] & 15) << 4 if i + 1 < len(numbers) else 0) for i in range(0, len(numbers), 2)]
    return helper.make_tensor(name, dtype, shape, bytes(packed), raw=True)


def simple(op, shape=(2, 3, 4), domain="", dtype="float32", **attributes):
    return [node(op, ["a"], domain=domain, **attributes)], {"a": (dtype, shape)}, {}


def same_size_if():
    """As exporters write `if x.size(0) != y.size(0)`, where both are the same one: branches of two ranks."""
    n = helper.make_node
    info = helper.make_empty_tensor_value_info
    then = helper.make_graph([n("Unsqueeze", ["x", "zero"], ["u"])], "then", [], [info("u")])
    other = helper.make_graph([n("Identity", ["x"], ["i"])], "else", [], [info("i")])
    nodes = [n("ReduceSum", ["b"], ["end"], keepdims=1), n("Slice", ["a", "zero", "end", "zero"], ["x"]), n("Relu", ["x"], ["r"]),
             n("Shape", ["x"], ["p"], end=1), n("Shape", ["r"], ["q"], end=1), n("Squeeze", ["p", "zero"], ["s"]), n("Squeeze", ["q", "zero"], ["t"]),
             n("Equal", ["s", "t"], ["e"]), n("Not", ["e"], ["c"]), n("If", ["c"], ["m"], then_branch=then, else_branch=other),
             n("Slice", ["m", "zero", "two", "one"], ["y"])]
    return nodes, {"a": ("float32", (5, 4)), "b": ("int64", (3,))}, {
        "zero": np.array([0], np.int64), "one": np.array([1], np.int64), "two": np.array([2], np.int64)}


def attention(inputs, opset=23, **attributes):
    return [node("Attention", list(inputs), **attributes)], inputs, {}


Q, K = ("float32", (2, 4, 3, 8)), ("float32", (2, 4, 5, 8))
SKIP = {"a": ("float32", (2, 3, 8)), "b": ("float32", (2, 3, 8))}
NORM = {"g": weights(1, 8), "h": weights(2, 8), "i": weights(3, 8)}

# name: nodes, inputs, constants.
CASES = {
    "selu": simple("Selu"), "celu": simple("Celu", alpha=0.5), "softsign": simple("Softsign"),
    "thresholded_relu": simple("ThresholdedRelu", alpha=0.75), "bitwise_not": simple("BitwiseNot", dtype="int32"),
    "bitwise_and": ([node("BitwiseAnd", ["a", "b"])], {"a": ("int32", (2, 6)), "b": ("int32", (6,))}, {}),
    "bitwise_or": ([node("BitwiseOr", ["a", "b"])], {"a": ("uint8", (2, 6)), "b": ("uint8", (2, 1))}, {}),
    "bitwise_xor": ([node("BitwiseXor", ["a", "b"])], {"a": ("int64", (2, 6)), "b": ("int64", (2, 6))}, {}),
    "mean": ([node("Mean", ["a", "b", "a"])], {"a": ("float32", (2, 6)), "b": ("float32", (6,))}, {}),
    "one_hot": ([node("OneHot", ["a", "d", "v"])], {"a": ("int64", (2, 5))},
                {"d": np.array(4, np.int64), "v": np.array([0.5, 2], np.float32)}),
    "one_hot_first": ([node("OneHot", ["a", "d", "v"], axis=0)], {"a": ("int64", (2, 5))},
                      {"d": np.array([2], np.int64), "v": np.array([0, 1], np.int64)}),
    "rms_normalization": ([node("SimplifiedLayerNormalization", ["a", "g"], epsilon=0.1)], {"a": ("float32", (2, 3, 8))}, NORM),
    "q_linear_matmul": ([node("QLinearMatMul", ["a", "s", "z", "w", "t", "p", "u", "q"]),], {"a": ("uint8", (2, 3, 4))},
                        {"s": np.array(0.05, np.float32), "z": np.array(120, np.uint8), "w": values("uint8", (4, 5)),
                         "t": np.array(0.02, np.float32), "p": np.array(99, np.uint8), "u": np.array(0.3, np.float32),
                         "q": np.array(130, np.uint8)}),
    "rounds_quantize_halves": ([node("QuantizeLinear", ["a", "s", "z"])], {"a": ("float32", (2, 3, 17))},
                        {"s": np.array(0.5, np.float32), "z": np.array(3, np.uint8)}),
    "rounds_quantize_axis": ([node("QuantizeLinear", ["a", "s", "z"], axis=1)], {"a": ("float32", (2, 3, 17))},
                      {"s": np.array([0.5, 0.01, 3], np.float32), "z": np.array([3, -4, 0], np.int8)}),
    "quantize_huge": ([helper.make_node("Mul", ["a", "f"], ["m"]), helper.make_node("QuantizeLinear", ["m", "s", "z"], ["q"]),
                       helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]), helper.make_node("Div", ["d", "f"], ["y"])],
                      {"a": ("float32", (2, 17))},
                      {"f": np.array(1.7e38, np.float32), "s": np.array(1.3344e36, np.float32), "z": np.array(255, np.uint8)}),
    # Files of the converter to float16 have nodes in front of those whose results they take.
    "same_size_if": same_size_if(),
    "unsorted": ([helper.make_node("Add", ["t", "c"], ["y"]), helper.make_node("Tanh", ["a"], ["t"]),
                  helper.make_node("Exp", ["t"], ["c"])], {"a": ("float32", (2, 3))}, {}),
    "rounds_dynamic_quantize": ([helper.make_node("DynamicQuantizeLinear", ["a"], ["y", "s", "z"])], {"a": ("float32", (2, 17))}, {}),
    "dequantize_uint4": ([node("DequantizeLinear", ["w", "s", "z"], axis=0)], {},
                         {"w": halves("w", TensorProto.UINT4, [3, 5], [i * 7 % 16 for i in range(15)]), "s": weights(1, 3),
                          "z": halves("z", TensorProto.UINT4, [3], [3, 8, 15])}),
    "dequantize_int4_blocks": ([node("DequantizeLinear", ["w", "s"], axis=1, block_size=16)], {},
                               {"w": halves("w", TensorProto.INT4, [2, 32], [i * 7 % 16 for i in range(64)]),
                                "s": weights(1, 2, 2)}),
    "attention": attention({"a": Q, "b": K, "c": K}), "attention_causal": attention({"a": Q, "b": Q, "c": Q}, is_causal=1),
    "attention_mask": attention({"a": Q, "b": K, "c": K, "m": ("float32", (2, 1, 3, 5))}, scale=0.3),
    "attention_mask_of_bool": attention({"a": Q, "b": K, "c": K, "m": ("bool", (3, 5))}),
    "attention_groups": attention({"a": Q, "b": ("float32", (2, 2, 5, 8)), "c": ("float32", (2, 2, 5, 8))}),
    "attention_of_rows": attention({"a": ("float32", (2, 3, 32)), "b": ("float32", (2, 5, 16)), "c": ("float32", (2, 5, 16))},
                                   q_num_heads=4, kv_num_heads=2),
    "bias_gelu": ([node("BiasGelu", ["a", "g"], domain=MS)], {"a": ("float32", (2, 3, 8))}, NORM),
    "fast_gelu": ([node("FastGelu", ["a", "g"], domain=MS)], {"a": ("float32", (2, 3, 8))}, NORM),
    "fast_gelu_alone": simple("FastGelu", domain=MS), "gelu": simple("Gelu", domain=MS),
    "quick_gelu": simple("QuickGelu", domain=MS), "quick_gelu_alpha": simple("QuickGelu", domain=MS, alpha=1.0),
    "fused_matmul": ([node("FusedMatMul", ["a", "b"], domain=MS, transA=1, transB=1, alpha=0.25)],
                     {"a": ("float32", (2, 4, 3)), "b": ("float32", (5, 4))}, {}),
    "fused_gemm_relu": ([node("FusedGemm", ["a", "b", "c"], domain=MS, activation="Relu", alpha=0.5, transB=1)],
                        {"a": ("float32", (3, 4)), "b": ("float32", (5, 4)), "c": ("float32", (5,))}, {}),
    "fused_gemm_tanh": ([node("FusedGemm", ["a", "b", "c"], domain=MS, activation="Tanh")],
                        {"a": ("float32", (3, 4)), "b": ("float32", (4, 5)), "c": ("float32", (5,))}, {}),
    "skip_layer_normalization": ([node("SkipLayerNormalization", ["a", "b", "g", "h", "i"], domain=MS, epsilon=0.1)], SKIP, NORM),
    "skip_layer_normalization_sum": ([node("SkipLayerNormalization", ["a", "b", "g"], 1, domain=MS)], SKIP, NORM),
    "skip_rms_normalization": ([node("SkipSimplifiedLayerNormalization", ["a", "b", "g", "h"], domain=MS, epsilon=0.1)], SKIP,
                               NORM),
    "old_attention": ([node("Attention", ["a", "w", "v"], domain=MS, num_heads=2)], {"a": ("float32", (2, 3, 8))},
                      {"w": weights(1, 8, 24), "v": weights(2, 24)}),
    "old_attention_scale": ([node("Attention", ["a", "w", "v"], domain=MS, num_heads=2, scale=0.9)], {"a": ("float32", (2, 3, 8))},
                            {"w": weights(1, 8, 24), "v": weights(2, 24)}),
    "half_scores": ([helper.make_node("Transpose", ["b"], ["t"], perm=[0, 1, 3, 2]), helper.make_node("MatMul", ["a", "t"], ["p"]),
                     helper.make_node("Mul", ["p", "s"], ["q"]), helper.make_node("Add", ["q", "m"], ["r"]),
                     helper.make_node("Softmax", ["r"], ["f"], axis=-1), helper.make_node("Cast", ["f"], ["y"], to=1)],
                    {"a": ("float16", (2, 4, 3, 8)), "b": ("float16", (2, 4, 3, 8)), "m": ("float16", (2, 1, 3, 3))},
                    {"s": np.array([0.35], np.float16)}),
}
for bits, n, k, size, zeros in ((4, 5, 40, 16, None), (4, 6, 64, 32, "bytes"), (8, 5, 32, 16, "bytes"), (8, 5, 32, 32, None)):
    constants = dict(zip("bsz", blocks(bits, n, k, size, zeros)))
    CASES[f"matmul_{bits}_bits_{size}{'_zeros' if zeros else ''}"] = (
        [node("MatMulNBits", ["a", *constants], domain=MS, bits=bits, N=n, K=k, block_size=size)],
        {"a": ("float32", (2, 3, k))}, constants)


def make(name, nodes, inputs, constants):
    used = {i for n in nodes for i in n.input}
    tensors = [v if isinstance(v, TensorProto) else numpy_helper.from_array(v, k) for k, v in constants.items() if k in used]
    opset = 23 if any(n.op_type == "Attention" and not n.domain for n in nodes) else 21
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info(k, TYPES[t], s) for k, (t, s) in inputs.items()],
                              [helper.make_empty_tensor_value_info("y")], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(MS, 1)], ir_version=10)
    finish(name, model, inputs)


def finish(name, model, inputs):
    """Runs it, and adds what it gave as its second output."""
    graph = model.graph
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    y, = session.run(["y"], {k: values(*v) for k, v in inputs.items()})
    del graph.output[:]
    graph.output.extend([helper.make_tensor_value_info("y", TYPES[str(y.dtype)], y.shape),
                         helper.make_tensor_value_info("expected", TYPES[str(y.dtype)], y.shape)])
    graph.initializer.append(numpy_helper.from_array(y, "result"))
    graph.node.append(helper.make_node("Identity", ["result"], ["expected"]))
    (OUT / f"{name}.onnx").write_bytes(model.SerializeToString())


class Calibration(CalibrationDataReader):
    def __init__(self):
        self.inputs = iter([{"input_ids": np.random.default_rng(i).integers(0, 8, (2, 9))} for i in range(4)])

    def get_next(self):
        return next(self.inputs, None)


def shorten(graph):
    """Names of exporters are half of a small file."""
    short = {v.name: v.name for v in (*graph.input, *graph.output)}
    for i, n in enumerate(graph.node):
        n.name, n.doc_string = str(i), ""
        for names in (n.input, n.output):
            names[:] = [short.setdefault(k, str(len(short))) if k else "" for k in names]
    for t in graph.initializer:
        t.name = short.setdefault(t.name, str(len(short)))
    del graph.value_info[:]


def make_int8_encoder():
    """An encoder as ONNX Runtime's quantizer writes it, with integers between all operators; of BERT's form."""
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, max_position_embeddings=16)).eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, 0, 0.4)
    with tempfile.TemporaryDirectory() as folder:
        torch.onnx.export(model, (torch.zeros(2, 9, dtype=torch.int64),), f"{folder}/f.onnx", input_names=["input_ids"],
                          output_names=["y"], opset_version=17, dynamo=False)
        quantize_static(f"{folder}/f.onnx", f"{folder}/q.onnx", Calibration(), quant_format=QuantFormat.QDQ)
        model = onnx.load(f"{folder}/q.onnx")
    shorten(model.graph)
    inputs = {"input_ids": ("int64", (2, 9))}
    del model.opset_import[1:]
    finish("int8_encoder", model, inputs)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        make(name, *case)
    make_int8_encoder()


if __name__ == "__main__":
    main()
