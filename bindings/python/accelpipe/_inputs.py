"""Inputs of other types than the extension converts itself, and inputs that come one by one."""

import os

from . import _core


def simplify(value):
    """One step towards None, bool, int, float, str, list, tuple, dict or something with the buffer protocol."""
    if hasattr(value, "__fspath__"):
        return os.fspath(value)
    module = type(value).__module__.partition(".")[0]
    if module == "PIL":
        return _pixels(value)
    if hasattr(value, "read"):
        return value.read()
    if isinstance(value, memoryview):
        return value.tolist()  # not dense, or of structures
    if module == "torch" and type(value).__name__ in ("device", "dtype"):
        return str(value).rpartition("torch.")[2]
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        return value.to_dict(orient="list")  # pandas
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        return value.detach().cpu().numpy()  # torch
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return _array(value)
    if hasattr(value, "__array__"):
        return value.__array__()
    if hasattr(value, "to_dict"):
        return value.to_dict()  # configurations of transformers
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {key: value[key] for key in value.keys()}
    raise TypeError(f"inputs of type {type(value).__module__}.{type(value).__qualname__} are not supported")


def _array(value):
    """A numpy array or number whose elements could not be taken as they are."""
    if value.ndim and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return value.astype(value.dtype.newbyteorder("="), order="C")
    if value.ndim == 0 or value.dtype.kind in "OSU":
        plain = value.tolist()
        if type(plain) is not type(value):
            return plain
    raise TypeError(f"arrays of {value.dtype} are not supported")


def _pixels(image):
    """A picture as an array of its shape: height, width and, of more than one band, bands."""
    bands = len(image.getbands())
    if image.mode in ("1", "P") or image.mode.startswith("I;"):
        image, bands = image.convert("L" if image.mode == "1" else "RGB"), 1 if image.mode == "1" else 3
    if image.mode in ("I", "F"):
        return memoryview(bytearray(image.tobytes())).cast("i" if image.mode == "I" else "f", (image.height, image.width))
    shape = (image.height, image.width, bands) if bands > 1 else (image.height, image.width)
    return memoryview(bytearray(image.tobytes())).cast("B", shape)


# What is one input though it has a length and items, or can be iterated over.
_SINGLE = (str, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset)


def is_stream(inputs):
    """Whether inputs come one by one: of a generator, an iterator, or a dataset."""
    if inputs is None or isinstance(inputs, _SINGLE):
        return False
    kind = type(inputs)
    if hasattr(kind, "__fspath__") or hasattr(kind, "read") or hasattr(kind, "keys") or hasattr(kind, "__array__"):
        return False
    return hasattr(kind, "__next__") or hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")


def items_of(inputs):
    """An iterator over a stream; of a dataset without __iter__, over its indices."""
    if hasattr(type(inputs), "__iter__") or not hasattr(type(inputs), "__len__"):
        return iter(inputs)
    return (inputs[i] for i in range(len(inputs)))


_core.set_simplify(simplify)
