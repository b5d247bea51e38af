"""What calls returned, in figures: only where the user asked for it. No value is kept, but for least, most and mean.

Looking at a result waits for the device that computes it, so this is never done unasked.
"""

import hashlib
import math
import sys

CALLS = 20
_MOST_ARRAYS = 8
_MOST_BYTES = 64 << 20


class Outputs:
    """Of one process: the first calls of each site."""

    def __init__(self, folder, most):
        self._folder = folder
        self._most = most
        self._kept = {}
        self.pending = most > 0

    def wanted(self, site):
        """Whether the result of the next call of this site is looked at."""
        return self.pending and self._kept.get(site, 0) < self._most

    def keep(self, site, slot, value):
        """Writes what a call returned. Raises nothing."""
        self._kept[site] = self._kept.get(site, 0) + 1
        try:
            arrays = [_described(array) for array in _arrays(value)]
        except Exception as error:
            arrays = []
            if self._kept[site] == 1:
                self._folder.problem(
                    "The results of calls could not be looked at: %s: %s." % (type(error).__name__, error),
                    "Calls are timed all the same.",
                )
        self._folder.write(t="output", site=site, slot=slot, call=self._kept[site], arrays=arrays)
        # Sites that are called rarely keep the way of all calls slow until then: it was asked for.
        self.pending = any(count < self._most for count in self._kept.values())


def _arrays(value):
    found = []

    def visit(each, depth):
        if len(found) == _MOST_ARRAYS or depth > 3:
            return
        if isinstance(each, dict):
            for key in each:
                visit(each[key], depth + 1)
        elif isinstance(each, (list, tuple)):
            for one in each:
                visit(one, depth + 1)
        elif hasattr(each, "shape") and hasattr(each, "dtype"):
            found.append(_host(each))

    visit(value, 0)
    return found


def _host(array):
    """The same as an array of NumPy, whichever framework made it."""
    if hasattr(array, "detach"):
        array = array.detach()
        if str(array.dtype) == "torch.bfloat16":
            array = array.float()
        return array.cpu().numpy()
    if hasattr(array, "numpy"):
        return array.numpy()
    return sys.modules["numpy"].asarray(array)


def _described(array):
    numpy = sys.modules["numpy"]
    about = dict(dims=list(array.shape), dtype=str(array.dtype))
    if array.nbytes <= _MOST_BYTES:
        about["sha256"] = hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()
    if array.size and array.dtype.kind in "fc":
        about["nan"] = int(numpy.isnan(array).sum())
        about["infinite"] = int(numpy.isinf(array).sum())
    if array.size and array.dtype.kind in "fiub":
        whole = array.astype("float64")
        for name, number in (("min", whole.min()), ("max", whole.max()), ("mean", whole.mean())):
            if math.isfinite(number):
                about[name] = float(number)
    return about
