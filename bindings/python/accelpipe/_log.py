"""Lines of the library's log: through `logging`, and what is deprecated through `warnings`."""

import sys
from os.path import dirname

from . import _core

FOLDER = dirname(__file__) + "/"
LEVELS = {"error": 40, "warning": 30, "info": 20, "debug": 10}  # numbers of `logging`

_sent = None


def _depth_of_caller():
    """How many frames above ours the first one is that is not the package's."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(FOLDER):
        depth, frame = depth + 1, frame.f_back
    return depth


def tell(level, line):
    """Called with each line, on the thread whose call is over."""
    if level == "warning" and "deprecated" in line:
        import warnings

        warnings.warn(line, UserWarning, stacklevel=_depth_of_caller())
        return
    import logging

    logging.getLogger("accelpipe").log(LEVELS[level], "%s", line, stacklevel=_depth_of_caller())


def set_level():
    """Asks the library for the levels that the logger "accelpipe" wants now."""
    global _sent
    logging = sys.modules.get("logging")
    wanted = logging.getLogger("accelpipe").getEffectiveLevel() if logging else LEVELS["warning"]
    number = sum(wanted <= level for level in (LEVELS["warning"], LEVELS["info"], LEVELS["debug"]))
    if number != _sent:
        _core.set_log(tell, number)
        _sent = number


_core.set_package(FOLDER)
set_level()
