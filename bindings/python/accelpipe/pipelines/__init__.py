"""`pipeline()`, the classes of the tasks, and what stands beside them in `transformers.pipelines`."""

from .. import _log  # noqa: F401  the log is on before the library is used
from .._generated import *  # noqa: F403
from .._generated import __all__ as _generated
from .base import PIPELINE_REGISTRY, ChunkPipeline, Pipeline, PipelineException, PipelineRegistry
from .pt_utils import KeyDataset, KeyPairDataset, PipelineIterator

__all__ = [*_generated, "PIPELINE_REGISTRY", "ChunkPipeline", "KeyDataset", "KeyPairDataset", "Pipeline",
           "PipelineException", "PipelineIterator", "PipelineRegistry"]
