"""Input shapes of calls, interned."""


class Shapes:
    """Input shapes, interned: index 0 is unknown, each new one is written to process.jsonl once."""

    MOST = 4096  # a program with ever new shapes must not fill the event file

    def __init__(self, folder):
        self._folder = folder
        self.known = {}
        self.array_types = set()  # whose `shape` can be looked up in `known`
        self.count = 0
        self._shapeless = {int, float, str, bytes, bool, type(None)}

    def index(self, value):
        kind = type(value)
        if kind in self._shapeless:
            return 0
        if kind is list or kind is tuple:
            return self.index(value[0]) if value and value[0].__class__ not in self._shapeless else 0
        try:
            dims = value.shape
        except Exception:
            return self._of_container(kind, value)
        try:
            found = self.known.get(dims)
            if len(self.array_types) < 100:
                self.array_types.add(kind)
            return found or self._add(dims)
        except TypeError:  # a framework's own shape type that cannot be hashed
            try:
                dims = tuple(int(d) for d in dims)
                return self.known.get(dims) or self._add(dims)
            except Exception:
                return 0

    def _of_container(self, kind, value):
        """Shape of the first array in a dict of inputs; 0 when there is none."""
        if kind is dict:
            return self.index(next(iter(value.values()))) if value else 0
        if len(self._shapeless) < 100:
            self._shapeless.add(kind)
        return 0

    def _add(self, dims):
        try:
            plain = [None if d is None else int(d) for d in dims]
        except (TypeError, ValueError):
            return 0
        if len(self.known) >= self.MOST:
            return 0
        index = self.known[dims] = len(self.known) + 1
        self.count = index
        self._folder.write(t="shape", index=index, dims=plain)
        return index
