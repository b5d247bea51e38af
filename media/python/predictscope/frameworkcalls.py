"""Calls from code that has no source to rewrite (`python -c`, standard input, .pyc files, exec): the frameworks'
own entry points are wrapped, and a call from the program's code is recorded under that code's file and line.

Only where the host asks for it: the wrapper is a frame that a rewritten site does not have.
"""

import functools
import hashlib
import os
import sys
import sysconfig

# Module: class, methods, framework. Only classes that programs call, never what these call inside.
ENTRIES = {
    "torch.nn.modules.module": ("Module", ("__call__",), "torch"),
    "keras.src.models.model": ("Model", ("predict", "predict_on_batch", "__call__"), "keras"),
    "keras.src.engine.training": ("Model", ("predict", "predict_on_batch", "__call__"), "keras"),
    "keras.engine.training": ("Model", ("predict", "predict_on_batch", "__call__"), "keras"),
    "tensorflow.python.keras.engine.training": ("Model", ("predict", "predict_on_batch", "__call__"), "keras"),
    "tensorflow.python.keras.engine.training_v1": ("Model", ("predict", "predict_on_batch"), "keras"),
    "tensorflow.python.client.session": ("BaseSession", ("run",), "tensorflow"),
    "onnxruntime.capi.onnxruntime_inference_collection": ("Session", ("run",), "onnxruntime"),
}
FIRST_INDEX = 1 << 30  # sites of config.json count from 0


class FrameworkCalls:
    """`functions()` gives begin and end of the process that runs now, which changes with a fork."""

    def __init__(self, folder, wanted, functions, on_sites):
        self._folder = folder
        self._wanted = wanted
        self._functions = functions
        self._on_sites = on_sites
        self._sites = {}
        self._libraries = tuple(
            os.path.join(p, "") for p in {*sysconfig.get_paths().values(), os.path.dirname(os.__file__), *_here()} if p
        )

    def patches(self):
        """{module name: what to do with it once it is loaded}."""
        return dict.fromkeys(ENTRIES, self._patch)

    def _patch(self, module):
        kind, methods, framework = ENTRIES[module.__name__]
        owner = getattr(module, kind)
        for method in methods:
            function = getattr(owner, method, None)
            if function is not None:
                setattr(owner, method, self._wrapped(function, method, framework))

    def _wrapped(self, function, method, framework):
        sites = self._sites
        functions = self._functions

        @functools.wraps(function)
        def recorded(*args, **kwargs):
            frame = sys._getframe(1)
            key = (frame.f_code, frame.f_lineno, method)
            site = sites.get(key)
            if site is None:
                site = sites[key] = self._site(frame, method, framework)
            if site < 0:
                return function(*args, **kwargs)
            begin, end, shape = functions()
            token = begin(site)
            if len(args) > 1:
                shape(args[1])
            return end(token, function(*args, **kwargs))

        return recorded

    def _site(self, frame, method, framework):
        """Index of the site, written down when it is met first; -1 for a caller that is not the program's own."""
        code = frame.f_code
        if not self._is_theirs(code):
            return -1
        name = getattr(code, "co_qualname", code.co_name)
        qualname = "" if name == "<module>" else name
        file = code.co_filename if code.co_filename.startswith("<") else os.path.abspath(code.co_filename)
        key = "%s:%d:%s" % (file, frame.f_lineno, method)
        index = FIRST_INDEX | int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:3], "big")
        self._on_sites()
        self._folder().write(
            t="site",
            index=index,
            file=file,
            line=frame.f_lineno,
            qualname=qualname,
            callee=method if method != "__call__" else "model",
            framework=framework,
        )
        return index

    def _is_theirs(self, code):
        """Code outside of the standard library and of installed packages, and not rewritten already. The body of
        a module's own forward is a part of the model, not a caller of it."""
        name = code.co_filename
        if name.startswith("<"):
            return name in ("<string>", "<stdin>")
        if name.startswith(self._libraries) or self._wanted.was_rewritten(name):
            return False
        return code.co_name not in ("forward", "call", "__call__")


def _here():
    return [os.path.dirname(os.path.abspath(__file__))]
