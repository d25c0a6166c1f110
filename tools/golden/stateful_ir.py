#!/usr/bin/env python3
"""Makes a stateful model in OpenVINO's format of an ONNX decoder with a cache, in the form of optimum-intel: the cache
becomes variables, whose rows the input beam_idx reorders. Needs the package openvino.

    python3 tools/golden/stateful_ir.py MODEL.onnx tests/data/decoding/llama-stateful/openvino_model.xml

tests/data/decoding/llama-stateful is llama-chat of the parity kit. Source of the form: optimum-intel@v1.25
optimum/exporters/openvino/stateful.py (fuse_cache_reorder, make_stateful, build_state_initializer).
"""
import pathlib
import sys

import numpy
import openvino
from openvino import opset13 as ops
from openvino._offline_transformations import apply_make_stateful_transformation


def reorder_rows(model, pasts):
    beam_idx = ops.parameter(openvino.PartialShape([-1]), openvino.Type.i32, name="beam_idx")
    beam_idx.output(0).get_tensor().add_names({"beam_idx"})
    model.add_parameters([beam_idx])
    for past in pasts:
        consumers = list(past.get_target_inputs())
        rows = ops.gather(past.get_node(), beam_idx, ops.constant(0, dtype=numpy.int64))
        for consumer in consumers:
            consumer.replace_source_output(rows.output(0))
    model.validate_nodes_and_infer_types()


def begin_empty(model):
    """Variables without a token, for as many rows as input_ids has."""
    ids = model.input("input_ids").get_node()
    zero = ops.constant(0, dtype=numpy.int64)
    n_rows = ops.gather(ops.shape_of(ids, output_type="i64"), ops.constant([0], dtype=numpy.int64), zero)
    for node in model.get_ops():
        if node.get_type_name() != "ReadValue":
            continue
        extents = [0 if dim.is_dynamic else dim.get_length() for dim in node.get_output_partial_shape(0)]
        parts = [n_rows] + [ops.constant(numpy.array([n], dtype=numpy.int64)) for n in extents[1:]]
        node.set_arguments([ops.broadcast(ops.constant(0.0, dtype=numpy.float32), ops.concat(parts, 0))])
    model.validate_nodes_and_infer_types()


def main():
    source, target = sys.argv[1:]
    model = openvino.Core().read_model(source)
    pasts = [port for port in model.inputs if port.get_any_name().startswith("past_key_values.")]
    names = {port.get_any_name(): port.get_any_name().replace("past_key_values", "present") for port in pasts}
    reorder_rows(model, pasts)
    apply_make_stateful_transformation(model, names)
    begin_empty(model)
    pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, target, compress_to_fp16=False)


if __name__ == "__main__":
    main()
