"""Spans of PyTorch's modules while a session of ours is open, so that its operators can be told by module.

While it is open `torch.nn.Module.__call__` is a copy of itself, made from its own source, that opens and closes a span
around its body: same file, same lines, no frame more, so a traceback reads as without us. (Global hooks would lead every
call through another of PyTorch's functions, and a traceback shows that.) A module is named by its path from the module
that was called. Sources: torch/nn/modules/module.py of 2.0, 2.4 and 2.13.
"""

import ast
import inspect
import sys
import threading
import weakref

_MOST_MODULES = 5000
_MOST_TOLD = 500


class Modules:
    """Of one session; `close_open` ends what was left open."""

    def __init__(self, torch, span):
        self._thread = threading.get_ident()
        self._span = span
        self._open = []
        self._names = {}
        self._theirs = self._ours = None
        if "torch._dynamo" in sys.modules:
            return  # what it compiled is guarded by how modules are called
        try:
            called = torch.nn.Module.__call__
            if called.__code__.co_filename != sys.modules["torch.nn.modules.module"].__file__:
                return  # somebody else's: torch.fx, another tool
            ours = _around(called)(self._enter, self._leave)
            ours.__qualname__, ours.__module__ = called.__qualname__, called.__module__
        except Exception:  # no source, or another PyTorch than we know: then without modules
            return
        self._kind, self._theirs, self._ours = torch.nn.Module, called, ours
        self._kind.__call__ = ours

    def remove(self):
        """Puts PyTorch's own back, unless somebody has put theirs there since."""
        self._thread = None
        if self._ours is not None and self._kind.__call__ is self._ours:
            self._kind.__call__ = self._theirs
        self._ours = None

    def _enter(self, module):
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

    def _leave(self, module):
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
        """Ends spans whose module has not returned."""
        while self._open:
            self._open.pop()[1].__exit__(None, None, None)


_AROUND = """
def make(_enter, _leave):
    def called():
        try:
            _enter(self)
        finally:
            _leave(self)
    return called
"""


_makers = {}  # a session has its own copy, and there may be one a call: its code is made once


def _around(function):
    """What makes, of `_enter` and `_leave`, the method with its body between them; its lines stay where they are."""
    if function in _makers:
        return _makers[function]
    lines, first = inspect.getsourcelines(function)
    theirs = ast.parse("class _:\n" + "".join(lines)).body[0].body[0]
    ast.increment_lineno(theirs, first - 2)
    tree = ast.parse(_AROUND)
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = theirs.lineno
            node.col_offset = node.end_col_offset = theirs.col_offset
    make = tree.body[0]
    whole = make.body[0].body[0]
    whole.body.extend(theirs.body)
    theirs.body = [whole]
    make.body = [theirs, make.body[1]]
    make.body[1].value.id = theirs.name
    made = {}
    code = compile(tree, function.__code__.co_filename, "exec", dont_inherit=True)
    exec(code, function.__globals__, made)
    _makers[function] = made["make"]
    return made["make"]


def fast(torch):
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
