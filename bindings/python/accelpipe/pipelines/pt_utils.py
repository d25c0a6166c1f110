"""Datasets that take one entry of another's items, and the iterator over the results of many inputs."""

import time
from collections import deque

from .._inputs import items_of

MAX_WINDOW = 1024
WAIT_S = 0.002  # How long a window waits for inputs after its first.


class KeyDataset:
    """The entry `key` of every item of a dataset."""

    def __init__(self, dataset, key):
        self.dataset, self.key = dataset, key

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return self.dataset[i][self.key]


class KeyPairDataset:
    """Two entries of every item of a dataset, as a pair of texts."""

    def __init__(self, dataset, key1, key2):
        self.dataset, self.key1, self.key2 = dataset, key1, key2

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return {"text": self.dataset[i][self.key1], "text_pair": self.dataset[i][self.key2]}


class PipelineIterator:
    """Results in the order of the inputs, as they are asked for.

    Inputs are read in windows on the thread that iterates. With `batch_size`, a window is one batch. Without it the
    first has one input and each next one twice as many, up to 1,024; one whose next input takes longer than two
    milliseconds goes as it is, so that slow inputs are answered one by one. Nothing is read before it is needed for
    the next window, and nothing is kept of what was given.
    """

    def __init__(self, inputs, run, batch_size=None):
        """run: a list of inputs to a list of (result, exception)."""
        self._inputs, self._run, self._batch_size = inputs, run, batch_size
        self._restart()

    def _restart(self):
        self._items = None
        self._results = deque()
        self._size = self._batch_size or 1
        self._error = None  # What reading the inputs raised; told after the results before it.

    def __len__(self):
        return len(self._inputs)

    def __iter__(self):
        if isinstance(self._error, StopIteration) and self._items is not self._inputs:
            self._restart()  # A dataset can be read again; of a generator nothing is left.
        return self

    def __next__(self):
        if not self._results:
            self._fill()
        result, error = self._results.popleft()
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # else this frame and the error's traceback hold each other

    def _read(self):
        items, deadline = [], None
        while len(items) < self._size:
            try:
                items.append(next(self._items))
            except StopIteration:
                self._error = StopIteration()
                break
            except BaseException as error:
                self._error = error
                break
            if self._batch_size is None:
                deadline = deadline or time.monotonic() + WAIT_S
                if time.monotonic() > deadline:
                    break
        return items

    def _fill(self):
        if self._items is None:
            self._items = items_of(self._inputs)
        if self._error is None:
            items = self._read()
            if items:
                self._results.extend(self._run(items))
                if self._batch_size is None:
                    self._size = min(2 * self._size, MAX_WINDOW)
                return
        error, self._error = self._error, StopIteration()
        try:
            raise error
        finally:
            del error
