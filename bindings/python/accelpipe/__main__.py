"""`python -m accelpipe`: the program, with the runtimes of this interpreter."""

import os
import sys
from importlib.util import find_spec

from ._runtimes import PACKAGES


def main():
    program = os.path.join(os.path.dirname(__file__), "_native", "bin", "accelpipe")
    specs = filter(None, map(find_spec, PACKAGES))
    folders = [os.path.dirname(place) for spec in specs for place in spec.submodule_search_locations or ()]
    given = os.environ.get("ACCELPIPE_PACKAGES")
    os.environ["ACCELPIPE_PACKAGES"] = ":".join(dict.fromkeys([*([given] if given else []), *folders]))
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
