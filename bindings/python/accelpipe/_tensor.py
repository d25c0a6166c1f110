"""numpy arrays that answer to the few methods by which code written for torch makes numpy arrays of tensors."""

import numpy


class Tensor(numpy.ndarray):
    def numpy(self):
        return self.view(numpy.ndarray)

    def detach(self):
        return self

    def cpu(self):
        return self

    def to(self, *_, **__):
        return self
