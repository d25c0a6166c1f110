#!/usr/bin/env python3
"""Writes tests/data/ir/: tiny models in OpenVINO's own format, an XML file and the weights in a file beside it. Needs nothing
but Python. Source of the format: openvino@2026.4 src/core/xml_util (version 11).

    python3 tools/golden/ir_models.py
"""
import pathlib
import struct

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "ir"
SIZE = 48


def port(number, shape, name=""):
    names = f' names="{name}"' if name else ""
    dims = "".join(f"<dim>{d}</dim>" for d in shape)
    return f'<port id="{number}" precision="FP32"{names}>{dims}</port>'


def layer(number, name, kind, inputs=(), outputs=(), opset=1, **attributes):
    """`inputs` are shapes, `outputs` shapes with names."""
    data = "".join(f' {key}="{value}"' for key, value in attributes.items())
    sides = ("<input>" + "".join(port(i, s) for i, s in enumerate(inputs)) + "</input>" if inputs else "") + \
        ("<output>" + "".join(port(len(inputs) + i, s, n) for i, (s, n) in enumerate(outputs)) + "</output>"
         if outputs else "")
    return (f'<layer id="{number}" name="{name}" type="{kind}" version="opset{opset}">' +
            (f"<data{data}/>" if data else "") + sides + "</layer>\n")


def parameter(number, name, shape):
    text = ",".join("?" if d < 0 else str(d) for d in shape)
    return layer(number, name, "Parameter", (), [(shape, name)], shape=text, element_type="f32")


def net(layers, edges):
    """`edges` are (layer, port, layer, port)."""
    lines = "".join(f'<edge from-layer="{a}" from-port="{b}" to-layer="{c}" to-port="{d}"/>\n' for a, b, c, d in edges)
    return (f'<?xml version="1.0"?>\n<net name="g" version="11">\n<layers>\n{"".join(layers)}</layers>\n'
            f"<edges>\n{lines}</edges>\n</net>\n")


def append():
    """present = past and new, joined along the third dimension."""
    shape = (-1, 2, -1, 4)
    return net([parameter(0, "past", shape), parameter(1, "new", shape),
                layer(2, "join", "Concat", [shape, shape], [(shape, "present")], axis=2),
                layer(3, "present/result", "Result", [shape])], [(0, 0, 2, 0), (1, 0, 2, 1), (2, 2, 3, 0)])


def weights():
    """y = x w, with w in weights.bin."""
    row, square = (-1, SIZE), (SIZE, SIZE)
    return net([parameter(0, "x", row),
                layer(1, "w", "Const", (), [(square, "")], element_type="f32", shape=f"{SIZE}, {SIZE}", offset=0,
                      size=4 * SIZE * SIZE),
                layer(2, "product", "MatMul", [row, square], [(row, "y")], transpose_a="false", transpose_b="false"),
                layer(3, "y/result", "Result", [row])], [(0, 0, 2, 0), (1, 0, 2, 1), (2, 2, 3, 0)])


def stateful():
    """y = x + what was x in all runs before: a value that is kept between runs."""
    shape = (1,)
    return net([parameter(0, "x", shape),
                layer(1, "total", "ReadValue", [shape], [(shape, "")], opset=6, variable_id="total",
                      variable_type="f32", variable_shape="1"),
                layer(2, "sum", "Add", [shape, shape], [(shape, "y")], auto_broadcast="numpy"),
                layer(3, "keep", "Assign", [shape], [(shape, "")], opset=6, variable_id="total", variable_type="f32",
                      variable_shape="1"),
                layer(4, "y/result", "Result", [shape])],
               [(0, 0, 1, 0), (0, 0, 2, 0), (1, 1, 2, 1), (2, 2, 3, 0), (2, 2, 4, 0)])


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    for make in (append, weights, stateful):
        (DATA / f"{make.__name__}.xml").write_text(make())
    numbers = (((i * 5) % 17 - 8) / 4 for i in range(SIZE * SIZE))
    (DATA / "weights.bin").write_bytes(struct.pack(f"<{SIZE * SIZE}f", *numbers))


if __name__ == "__main__":
    main()
