"""Spans of PyTorch's modules while a session of ours is open, so that its operators can be told by module.

Global hooks of torch.nn, in the thread that is traced only, and taken away with the session. A module is named by
its path from the module that was called. Sources: torch/nn/modules/module.py of 2.0, 2.4 and 2.13.
"""

import sys
import threading
import weakref

_MOST_MODULES = 5000
_MOST_TOLD = 500


class Modules:
    """Of one session; `close_open` ends what an exception left open."""

    def __init__(self, torch, record_function):
        self._thread = threading.get_ident()
        self._span = _fast(torch) or record_function
        self._open = []
        self._names = {}
        self._handles = []
        if "torch._dynamo" in sys.modules:
            return  # its compiled code is guarded by whether there are global hooks
        module = sys.modules.get("torch.nn.modules.module")
        try:
            self._handles.append(module.register_module_forward_pre_hook(self._enter))
            try:
                self._handles.append(module.register_module_forward_hook(self._leave, always_call=True))
            except TypeError:
                self._handles.append(module.register_module_forward_hook(self._leave))
        except AttributeError:
            self.remove()

    def remove(self):
        """Takes the hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _enter(self, module, _inputs):
        if threading.get_ident() != self._thread:
            return
        try:
            if not self._open:
                self._names = _names_below(module)
            name = self._names.get(id(module)) or "module %s (%s)" % ((type(module).__name__,) * 2)
            span = self._span(name)
            span.__enter__()
            self._open.append((module, span))
        except Exception:  # never the program's
            pass

    def _leave(self, module, _inputs, _output):
        if threading.get_ident() != self._thread:
            return
        try:
            if any(opened is module for opened, _ in self._open):
                while self._open:
                    opened, span = self._open.pop()
                    span.__exit__(None, None, None)
                    if opened is module:
                        break
        except Exception:
            pass

    def close_open(self):
        """Ends spans whose module raised."""
        while self._open:
            self._open.pop()[1].__exit__(None, None, None)


def _fast(torch):
    """What costs a twentieth of record_function, from 2.1 on."""
    return getattr(getattr(torch._C, "_profiler", None), "_RecordFunctionFast", None)


_known = {}  # id of a module that was called from outside -> (weak reference to it, names by id)


def _names_below(root):
    known = _known.get(id(root))
    if known is not None and known[0]() is root:
        return known[1]
    names = {}
    for path, module in root.named_modules():
        names[id(module)] = "module %s (%s)" % (path or ".", type(module).__name__)
        if len(names) == _MOST_MODULES:
            break
    if len(_known) > 64:
        _known.clear()
    _known[id(root)] = (weakref.ref(root), names)
    return names


def told():
    """[[path, class, file, line]] of the modules that were called and that the program wrote itself: where its
    `__init__` is. Once each."""
    rows = {}
    for reference, _ in list(_known.values()):
        root = reference()
        if root is None:
            continue
        for path, module in root.named_modules():
            kind = type(module)
            code = getattr(getattr(kind, "__init__", None), "__code__", None)
            if code is None or str(kind.__module__).split(".")[0] == "torch":
                continue
            rows[path or ".", kind.__name__] = (code.co_filename, code.co_firstlineno)
            if len(rows) >= _MOST_TOLD:
                break
    return [[path, kind, file, line] for (path, kind), (file, line) in sorted(rows.items())]
