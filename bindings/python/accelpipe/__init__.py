"""accelpipe: Hugging Face pipelines on ONNX Runtime, OpenVINO or Intel Extension for PyTorch.

    from accelpipe import pipeline

    pipe = pipeline("text-classification", model="path/to/model", accelerator="ort")
    pipe("I loved it.")        # [{'label': 'POSITIVE', 'score': 0.99...}]

The functions, classes, results and errors are those of `transformers.pipelines` and `optimum.pipelines`; neither of
them, nor torch, nor numpy is needed. numpy and Pillow are used where they are installed.
"""

from . import _core
from .pipelines import *  # noqa: F403
from .pipelines import __all__ as _pipelines
from ._info import backends, explain

__version__ = _core.version
__all__ = [*_pipelines, "backends", "explain"]
