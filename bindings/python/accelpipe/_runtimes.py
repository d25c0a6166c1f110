"""Where the runtimes' packages are: the library looks into environments, this interpreter knows its own."""

from . import _core

# The packages whose folders hold the libraries that the plugins load.
PACKAGES = ("openvino", "onnxruntime", "intel_extension_for_pytorch")

_is_done = False


def find_runtimes():
    """Tells the library the folders of packages, once, without importing any of them."""
    global _is_done
    if _is_done:
        return
    from importlib.util import find_spec
    from os.path import dirname

    for name in PACKAGES:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            continue
        for folder in (spec and spec.submodule_search_locations) or ():
            _core.add_packages(dirname(folder))
    _is_done = True
