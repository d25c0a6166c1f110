#!/usr/bin/env python3
"""Writes tests/data/onnx/: tiny models for the tests of backends, and tests/data/replay/: those that a model without a
runtime can have too. Needs nothing but Python; the protobuf encoding is written out (onnx@1.17 onnx/onnx.proto).

    python3 tools/golden/onnx_models.py
"""
import pathlib
import struct

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data"
OPSET, IR_VERSION = 17, 8

# Our name of each element type, and ONNX's number.
DTYPES = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9,
          "float16": 10, "float64": 11, "uint32": 12, "uint64": 13, "bfloat16": 16}


# -- protobuf --

def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def integer(number, value):
    return varint(number << 3) + varint(value)


def message(number, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(number << 3 | 2) + varint(len(body)) + body


# -- ONNX --

def value(name, dtype, shape):
    """ValueInfoProto; an extent is a number or a name, a shape of None has any rank."""
    dims = [message(1, integer(1, d)) if isinstance(d, int) else message(1, message(2, d)) for d in shape or []]
    tensor = integer(1, DTYPES[dtype]) + (message(2, *dims) if shape is not None else b"")
    return message(1, name) + message(2, message(1, tensor))


def node(op, inputs, outputs, *attributes, domain=""):
    parts = [message(1, i) for i in inputs] + [message(2, o) for o in outputs] + [message(4, op)]
    return b"".join(parts + [message(5, a) for a in attributes] + ([message(7, domain)] if domain else []))


def attribute_int(name, n):
    return message(1, name) + integer(3, n) + integer(20, 2)


def attribute_graph(name, g):
    return message(1, name) + message(6, g) + integer(20, 5)


def tensor(name, dtype, shape, raw=None, location=None):
    parts = [integer(1, d) for d in shape] + [integer(2, DTYPES[dtype]), message(8, name)]
    if location is None:
        return b"".join(parts) + message(9, raw)
    entries = {"location": location, "offset": "0", "length": str(len(raw))}
    parts += [message(13, message(1, k), message(2, v)) for k, v in entries.items()]
    return b"".join(parts) + integer(14, 1)


def graph(nodes, inputs, outputs, initializers=()):
    return b"".join([message(1, n) for n in nodes] + [message(2, "g")] + [message(5, t) for t in initializers] +
                    [message(11, i) for i in inputs] + [message(12, o) for o in outputs])


def model(g):
    return integer(1, IR_VERSION) + message(7, g) + message(8, message(1, "") + integer(2, OPSET))


# -- the models --

def identity_all():
    """Every element type through unchanged."""
    return graph([node("Identity", [f"x_{t}"], [f"y_{t}"]) for t in DTYPES],
                 [value(f"x_{t}", t, ["n", "m"]) for t in DTYPES], [value(f"y_{t}", t, ["n", "m"]) for t in DTYPES])


def append():
    """present = past and new, joined along the third dimension, as a KV cache grows."""
    shape = ["batch", 2, "length", 4]
    return graph([node("Concat", ["past", "new"], ["present"], attribute_int("axis", 2))],
                 [value("past", "float32", shape), value("new", "float32", ["batch", 2, "step", 4])],
                 [value("present", "float32", ["batch", 2, "total", 4])])


def slow():
    """y = x + n, one at a time, in a loop: it runs for as long as n is large."""
    body = graph([node("Identity", ["go_on"], ["still"]), node("Add", ["v", "one"], ["w"])],
                 [value("i", "int64", []), value("go_on", "bool", []), value("v", "float32", [1])],
                 [value("still", "bool", []), value("w", "float32", [1])],
                 [tensor("one", "float32", [1], struct.pack("<f", 1))])
    return graph([node("Loop", ["n", "", "x"], ["y"], attribute_graph("body", body))],
                 [value("n", "int64", [1]), value("x", "float32", [1])], [value("y", "float32", [1])])


def attribute_ints(name, numbers):
    return message(1, name) + b"".join(integer(8, n) for n in numbers) + integer(20, 7)


def slow_chain():
    """The same inputs and output, and a thousand products of large matrices in a row: for a runtime that can stop
    between two operators, but not inside a loop."""
    n_products, size = 1000, 1024
    products = [node("MatMul", [f"m{i}", "m0"], [f"m{i + 1}"]) for i in range(n_products)]
    return graph([node("Expand", ["x", "square"], ["m0"]), *products,
                  node("ReduceMax", [f"m{n_products}"], ["max"], attribute_int("keepdims", 0)),
                  node("Reshape", ["max", "n"], ["y"])],
                 [value("n", "int64", [1]), value("x", "float32", [1])], [value("y", "float32", [1])],
                 [tensor("square", "int64", [2], struct.pack("<2q", size, size))])


def huge():
    """y = x, repeated to the extents of an input: as large as one likes."""
    return graph([node("Expand", ["x", "shape"], ["y"])],
                 [value("x", "float32", [1]), value("shape", "int64", [3])], [value("y", "float32", ["a", "b", "c"])])


def failing():
    """Fails inside the run when told to: "shape" has another number of elements than x, or "rows" are not all rows of
    x. Each output has its own way to be wrong when a failure goes unseen: with extents that are not known, with none,
    and beside a branch that fails."""
    return graph([node("Relu", ["x"], ["positive"]), node("Reshape", ["positive", "shape"], ["table"]),
                  node("Abs", ["table"], ["reshaped"]),
                  node("ScatterND", ["positive", "rows", "updates"], ["scattered"]),
                  node("ReduceSum", ["scattered"], ["total"], attribute_int("keepdims", 0)),
                  node("Neg", ["x"], ["simple"])],
                 [value("x", "float32", ["n", "m"]), value("shape", "int64", [2]), value("rows", "int64", ["k", 1]),
                  value("updates", "float32", ["k", "m"])],
                 [value("reshaped", "float32", ["a", "b"]), value("scattered", "float32", ["n", "m"]),
                  value("total", "float32", []), value("simple", "float32", ["n", "m"])])


SIZE = 48


def quantized_weights():
    """int8 weights and a scale for each column: w[i][j] = ((7 i + 3 j) mod 255 - 127) * 2^-(j mod 4 + 6)."""
    weights = [(7 * i + 3 * j) % 255 - 127 for i in range(SIZE) for j in range(SIZE)]
    scales = [2.0 ** -(j % 4 + 6) for j in range(SIZE)]
    return [tensor("w_q", "int8", [SIZE, SIZE], struct.pack(f"{len(weights)}b", *weights)),
            tensor("w_s", "float32", [SIZE], struct.pack(f"<{SIZE}f", *scales)),
            tensor("w_z", "int8", [SIZE], bytes(SIZE))]


def weight_only():
    """Weights are int8, arithmetic is float32: every runtime must give the float32 product."""
    return graph([node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w"], attribute_int("axis", 1)),
                  node("MatMul", ["x", "w"], ["y"])],
                 [value("x", "float32", ["n", SIZE])], [value("y", "float32", ["n", SIZE])], quantized_weights())


def external_raw():
    return struct.pack(f"<{SIZE * SIZE}f", *(((i * 5) % 17 - 8) / 4 for i in range(SIZE * SIZE)))


def external():
    """y = x w, with w in external.bin."""
    return graph([node("MatMul", ["x", "w"], ["y"])], [value("x", "float32", ["n", SIZE])],
                 [value("y", "float32", ["n", SIZE])],
                 [tensor("w", "float32", [SIZE, SIZE], external_raw(), location="external.bin")])


def aliases():
    """Outputs that are other names of one tensor, of an input, and of a scalar."""
    return graph([node("Add", ["x", "x"], ["a_sum"]), node("Identity", ["a_sum"], ["y"]),
                  node("Identity", ["a_sum"], ["z"]), node("Identity", ["x"], ["same"]),
                  node("ReduceMax", ["x"], ["top"], attribute_int("keepdims", 0))],
                 [value("x", "float32", ["n"])],
                 [value("y", "float32", ["n"]), value("z", "float32", ["n"]), value("same", "float32", ["n"]),
                  value("top", "float32", [])])


def factor():
    """y = (x w) f: a factor that broadcasts to the product, or the product to it. w[i][j] = i - j."""
    w = struct.pack("<16f", *(i - j for i in range(4) for j in range(4)))
    return graph([node("MatMul", ["x", "w"], ["p"]), node("Mul", ["p", "f"], ["y"])],
                 [value("x", "float32", ["b", "n", 4]), value("f", "float32", ["c", "m", 4])],
                 [value("y", "float32", ["d", "o", 4])], [tensor("w", "float32", [4, 4], w)])


def scores():
    """y = softmax(q k / 2 + m): attention whose mask may have more batches than the scores."""
    return graph([node("MatMul", ["q", "k"], ["p"]), node("Mul", ["p", "half"], ["s"]),
                  node("Add", ["s", "m"], ["a"]), node("Softmax", ["a"], ["y"])],
                 [value("q", "float32", ["b", "h", "n", 4]), value("k", "float32", ["b", "h", 4, "t"]),
                  value("m", "float32", ["c", "g", "o", "t"])],
                 [value("y", "float32", ["d", "i", "p", "t"])],
                 [tensor("half", "float32", [], struct.pack("<f", 0.5))])


def unknown_op():
    return graph([node("NoSuchOperator", ["x"], ["y"])], [value("x", "float32", ["n"])],
                 [value("y", "float32", ["n"])])


def any_rank():
    return graph([node("Identity", ["x"], ["y"])], [value("x", "float32", None)], [value("y", "float32", None)])


def constant(name, dtype, shape, raw):
    return node("Constant", [], [name], message(1, "value") + message(5, tensor("", dtype, shape, raw)) + integer(20, 4))


def int64s(*numbers):
    return struct.pack(f"<{len(numbers)}q", *numbers)


def branch(nodes, name, rank, initializers=()):
    return graph(nodes, [], [value(name, "float32", [f"d{i}" for i in range(rank)])], initializers)


def branches(location=None):
    """y = x w, by way of Ifs whose branches differ in rank. Both conditions compare an extent of x w with itself, after
    a Reshape and two Transposes; one takes the else branch, and another in it the then branch."""
    inner = node("If", ["same"], ["inner"],
                 attribute_graph("then_branch", branch([node("Mul", ["scaled", "half"], ["i_then"])], "i_then", 2,
                                                       [tensor("half", "float32", [1], struct.pack("<f", 0.5))])),
                 attribute_graph("else_branch", branch([node("Unsqueeze", ["d", "zero"], ["i_else"])], "i_else", 3)))
    outer = node("If", ["other"], ["t"],
                 attribute_graph("then_branch", branch([node("Unsqueeze", ["d", "zero"], ["o_then"])], "o_then", 3)),
                 attribute_graph("else_branch", branch([constant("two", "float32", [1], struct.pack("<f", 2)),
                                                        node("Mul", ["d", "two"], ["scaled"]), inner], "inner", 2)))
    return graph([node("MatMul", ["x", "w"], ["a"]),
                  node("Shape", ["x"], ["x_shape"]), node("Gather", ["x_shape", "zero"], ["n"]),
                  constant("rest", "int64", [1], int64s(-1)),
                  node("Concat", ["n", "rest"], ["target"], attribute_int("axis", 0)),
                  node("Reshape", ["a", "target"], ["b"]),
                  node("Transpose", ["b"], ["c"], attribute_ints("perm", [1, 0])),
                  node("Transpose", ["c"], ["d"], attribute_ints("perm", [1, 0])),
                  node("Shape", ["a"], ["a_shape"]), node("Gather", ["a_shape", "scalar"], ["size"]),
                  node("Shape", ["d"], ["d_shape"]),
                  node("Slice", ["d_shape", "minus_two", "minus_one"], ["d_sizes"]),
                  node("Squeeze", ["d_sizes", "zero"], ["d_size"]),
                  node("Equal", ["size", "d_size"], ["same"]), node("Not", ["same"], ["other"]),
                  outer, node("Identity", ["t"], ["y"])],
                 [value("x", "float32", ["n", SIZE])], [value("y", "float32", ["n", SIZE])],
                 [tensor("w", "float32", [SIZE, SIZE], external_raw(), location=location),
                  tensor("zero", "int64", [1], int64s(0)), tensor("scalar", "int64", [], int64s(0)),
                  tensor("minus_two", "int64", [1], int64s(-2)), tensor("minus_one", "int64", [1], int64s(-1))])


def branches_external():
    """The same, with w in external.bin."""
    return branches("external.bin")


def branches_by_input():
    """y = x with its first extent left out where that is 1: the branch depends on the run, and with it the rank."""
    squeeze = branch([node("Squeeze", ["x", "zero"], ["less"])], "less", 1)
    keep = branch([node("Identity", ["x"], ["kept"])], "kept", 2)
    return graph([node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "zero"], ["n"]),
                  node("Equal", ["n", "one"], ["is_one"]),
                  node("If", ["is_one"], ["y"], attribute_graph("then_branch", squeeze),
                       attribute_graph("else_branch", keep))],
                 [value("x", "float32", ["n", "m"])], [value("y", "float32", None)],
                 [tensor("zero", "int64", [1], int64s(0)), tensor("one", "int64", [1], int64s(1))])


def replay_models():
    """The same, for the replay plugin."""
    lines = ["accelpipe-replay 1"]
    lines += [f"input x_{t} {t} -1 -1" for t in DTYPES] + [f"output y_{t} {t} -1 -1" for t in DTYPES]
    lines += [f"compute y_{t} copy x_{t}" for t in DTYPES]
    return {
        "identity_all": "\n".join(lines) + "\n",
        "append": "accelpipe-replay 1\ninput past float32 -1 2 -1 4\ninput new float32 -1 2 -1 4\n"
                  "output present float32 -1 2 -1 4\ncompute present concat past new\n",
        "slow": "accelpipe-replay 1\ninput n int64 1\ninput x float32 1\noutput y float32 1\n"
                "compute y copy x\nlatency_ms 100000\n",
        "any_rank": "accelpipe-replay 1\ninput x float32 *\noutput y float32 *\ncompute y copy x\n",
    }


def main():
    (DATA / "onnx").mkdir(parents=True, exist_ok=True)
    (DATA / "replay").mkdir(parents=True, exist_ok=True)
    for make in (identity_all, append, slow, slow_chain, huge, failing, weight_only, external, aliases, factor, scores,
                 unknown_op, any_rank, branches, branches_external, branches_by_input):
        (DATA / "onnx" / f"{make.__name__}.onnx").write_bytes(model(make()))
    (DATA / "onnx" / "external.bin").write_bytes(external_raw())
    for name, text in replay_models().items():
        (DATA / "replay" / f"{name}.replay").write_text(text)


if __name__ == "__main__":
    main()
