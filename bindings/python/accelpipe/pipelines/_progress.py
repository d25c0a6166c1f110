"""How far a call of many inputs is."""

import sys
from contextlib import contextmanager


@contextmanager
def shown(progress):
    """A function of (done, total): the given one, or one that draws a bar on standard error."""
    if callable(progress):
        yield progress
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield _write_line
        sys.stderr.write("\n")
        return
    with tqdm() as bar:

        def tell(n_done, n_total):
            bar.total = n_total or None
            bar.update(n_done - bar.n)

        yield tell


def _write_line(n_done, n_total):
    if n_done == n_total or n_done % max(1, n_total // 100) == 0:
        sys.stderr.write(f"\r{n_done}/{n_total}" if n_total else f"\r{n_done}")
        sys.stderr.flush()
