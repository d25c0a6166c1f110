"""Calls of pipelines of which a subclass replaced a phase.

The order is transformers': every input alone, preprocess to forward to postprocess. Where preprocess and forward are
the library's, forward runs in batches all the same, because they do not change results.
"""

from functools import partial

from .._generated import PHASES_OF
from .._inputs import is_stream
from .._model import ModelOutput
from .base import NOT_GIVEN, ChunkPipeline
from .pt_utils import PipelineIterator


def part_by_phase(pipe, kwargs):
    """The default of _sanitize_parameters: each parameter goes where the task's table says."""
    phases = PHASES_OF.get(pipe.model._about["task"], {})
    parts = {"preprocess": {}, "forward": {}, "postprocess": {}}
    for name, value in kwargs.items():
        parts[phases.get(name, "preprocess")][name] = value
    return parts["preprocess"], parts["forward"], parts["postprocess"]


def run_replaced(pipe, inputs, kwargs):
    batch_size = kwargs.pop("batch_size", None) or pipe.batch_size
    kwargs.pop("num_workers", None)
    params = _merge(pipe, kwargs)
    if pipe._replaced == {"_sanitize_parameters"}:
        return _run_in_library(pipe, inputs, params, batch_size)
    if is_stream(inputs):
        return PipelineIterator(inputs, partial(_run_items, pipe, params, batch_size), batch_size or 1)
    if isinstance(inputs, list):
        results = _run_items(pipe, params, batch_size, inputs)
        for _, error in results:
            if error is not None:
                raise error
        return [result for result, _ in results]
    if inputs is NOT_GIVEN:
        raise TypeError(f"{type(pipe).__name__}: no inputs are given")
    return _run_one(pipe, params, inputs)


def _merge(pipe, kwargs):
    """The parameters of a call over those of the creation, for each phase."""
    created = pipe._preprocess_params, pipe._forward_params, pipe._postprocess_params
    return [{**old, **new} for old, new in zip(created, pipe._sanitize_parameters(**kwargs))]


def _run_in_library(pipe, inputs, params, batch_size):
    """Nothing but the parameters are the subclass's business."""
    merged = {name: value for part in params for name, value in part.items()}
    if batch_size:
        merged["batch_size"] = batch_size
    if is_stream(inputs):
        return PipelineIterator(inputs, partial(pipe._run_window, merged, None), batch_size)
    return pipe._handle.call(inputs, merged or None)


def _run_one(pipe, params, item):
    preprocess, forward, postprocess = params
    model_inputs = pipe.preprocess(item, **preprocess)
    if isinstance(pipe, ChunkPipeline):
        outputs = [pipe.forward(feed, **forward) for feed in model_inputs]
        return pipe.postprocess(outputs, **postprocess)
    return pipe.postprocess(pipe.forward(model_inputs, **forward), **postprocess)


def _run_items(pipe, params, batch_size, items):
    """[(result, exception), ...] of inputs that stand alone."""
    ours = not pipe._replaced & {"preprocess", "_forward", "forward"}
    if ours and batch_size and batch_size > 1 and not isinstance(pipe, ChunkPipeline):
        results = []
        for i in range(0, len(items), batch_size):
            batch = items[i:i + batch_size]
            try:
                results += _run_batch(pipe, params, batch)
            except Exception:  # One that fails shall not take the others with it.
                results += _run_alone(pipe, params, batch)
        return results
    return _run_alone(pipe, params, items)


def _run_alone(pipe, params, items):
    return [_attempt(partial(_run_one, pipe, params, item)) for item in items]


def _run_batch(pipe, params, items):
    preprocess, forward, postprocess = params
    feeds = [pipe.preprocess(item, **preprocess) for item in items]
    outputs = pipe._handle.forward(feeds, forward or None)
    return [_attempt(partial(pipe.postprocess, ModelOutput(output), **postprocess)) for output in outputs]


def _attempt(run):
    try:
        return run(), None
    except Exception as error:
        return None, error
