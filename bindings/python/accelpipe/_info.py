"""What the library tells about itself and about a pipeline that it would make."""

from . import _core
from ._runtimes import find_runtimes


@_core.Boundary
def backends():
    """Which backends there are: a list of dicts with "name", "available", "version", "reason", "install", ..."""
    find_runtimes()
    return _core.describe_backends()


@_core.Boundary
def explain(task=None, model=None, **kwargs):
    """What `pipeline(task, model, ...)` would choose, and why: a dict with "decisions", "passed_over", "faster"."""
    from .pipelines._create import plain_options

    find_runtimes()
    return _core.explain(plain_options({"task": task, "model": model, **kwargs}))
