"""Hooks into Python's import system: wanted modules, the directly run script, modules to patch.

The meta-path finder swaps the loader of wanted modules. The path hook accepts exactly the script
file, which Python (for `python main.py`) and runpy.run_path (for the re-imported main of spawned
children) both offer to path hooks; so no launcher is needed.
"""

import importlib.machinery
import importlib.util
import os
import sys
import zipimport

from predictscope.transform_names import MAIN

_SourceFileLoader = importlib.machinery.SourceFileLoader


class _Loader(_SourceFileLoader):
    """Compiles a wanted module anew each time: neither reads nor writes __pycache__."""

    wanted = None

    def get_code(self, fullname):
        source = self.get_data(self.path)
        code = self.wanted.compile(source, self.path, self.path, fullname)
        return code if code is not None else _SourceFileLoader.get_code(self, fullname)


# Modules that read a script and call compile() on it.
COMPILING = (
    "cProfile",
    "profile",
    "profiling.tracing",
    "trace",
    "coverage.execfile",
    "kernprof",
    "viztracer.main",
)


class _RunnerLoader(_SourceFileLoader):
    """A module that compiles the user's script itself: its compile() becomes ours."""

    wanted = None

    def get_code(self, fullname):
        try:
            from predictscope import runners

            runners.install(self.wanted)
            return runners.code(self.get_data(self.path), self.path)
        except Exception:
            return _SourceFileLoader.get_code(self, fullname)


class Finder:
    """First on sys.meta_path; leaves everything but wanted and patched modules to the others."""

    def __init__(self, wanted, patches):
        self._wanted = wanted
        self._patches = patches
        self._leave = True

    def find_spec(self, fullname, path=None, target=None):
        if self._leave and fullname != "sitecustomize":
            self._leave = False
            _forget_sitecustomize()
        patched = fullname in self._patches
        if not patched and fullname not in COMPILING and not self._wanted.may_be_module(fullname):
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return self._adapt(spec, fullname, patched)
        return None

    def _adapt(self, spec, fullname, patched):
        try:
            if patched:
                spec.loader = _PatchingLoader(spec.loader, self._patches[fullname])
            elif type(spec.loader) is _SourceFileLoader and spec.origin:
                module = fullname if fullname != "__main__" else None
                loader = None
                if fullname in COMPILING:
                    loader = _RunnerLoader(spec.loader.name, spec.loader.path)
                elif self._wanted.entry(spec.origin, module)[0] is not None:
                    loader = _Loader(spec.loader.name, spec.loader.path)
                if loader is not None:
                    loader.wanted = self._wanted
                    spec.loader = loader
            elif type(spec.loader) is zipimport.zipimporter:
                from predictscope import zips

                spec.loader = zips.loader(spec.loader, fullname, self._wanted)
        except Exception:
            pass
        return spec


def _forget_sitecustomize():
    """Ours was only there because Python wants the module that it imports registered."""
    module = sys.modules.get("sitecustomize")
    ours = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sitecustomize.py")
    if module is not None and os.path.abspath(getattr(module, "__file__", None) or "") == ours:
        del sys.modules["sitecustomize"]


class _PatchingLoader:
    """Runs a module's own loader, then a patch of ours; leaves no trace of itself on the module."""

    def __init__(self, inner, patch):
        self._inner = inner
        self._patch = patch

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def create_module(self, spec):
        return self._inner.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._inner
        self._inner.exec_module(module)
        try:
            self._patch(module)
        except Exception:
            pass


class _ScriptLoader(_SourceFileLoader):
    """Loads the script file given on the command line, or the main module of a spawned child."""

    wanted = None
    argument = ""
    first = False

    def get_code(self, fullname):
        if self.first and sys.path and sys.path[0] == self.argument:
            # Python put the file itself there, as it does for a zip; a plain run has its folder there.
            if getattr(sys.flags, "safe_path", False):
                del sys.path[0]
            else:
                sys.path[0] = os.path.dirname(os.path.realpath(self.path))
        source = self.get_data(self.path)
        if not self.first:  # runpy.run_path sets the globals itself
            code = self.wanted.compile(source, self.path, self.path, None)
            return code if code is not None else compile(source, self.path, "exec", dont_inherit=True)
        return self.wanted.compile(source, self.path, self.path, None, is_script=True)


class _ScriptFinder:
    def __init__(self, path, wanted, first):
        self._path = path
        self._wanted = wanted
        self._first = first

    def find_spec(self, fullname, target=None):
        if fullname != "__main__":
            return None
        # Python shows a relative __file__ up to 3.8 and an absolute one from 3.9 on.
        path = os.path.abspath(self._path) if sys.version_info >= (3, 9) else self._path
        loader = _ScriptLoader("__main__", path)
        loader.wanted = self._wanted
        loader.argument = self._path
        loader.first = self._first
        return importlib.util.spec_from_loader("__main__", loader, origin=path)

    def invalidate_caches(self):
        pass


def script_hook(wanted):
    """A path hook that accepts script files with wanted sites and nothing else."""
    state = {"first": True}

    def hook(path):
        if (
            isinstance(path, str)
            and wanted.may_be_file(path)
            and os.path.isfile(path)
            and wanted.entry(path, None)[0] is not None
        ):
            with open(path, "rb") as file:
                head = file.read(4)
            if head[:2] != b"PK" and b"\0" not in head:
                first, state["first"] = state["first"], False
                return _ScriptFinder(path, wanted, first)
        raise ImportError(path)

    return hook


def restore_main(namespace):
    """Called at the top of a rewritten script: the globals that a plain run would have."""
    import builtins

    namespace["__spec__"] = None
    namespace["__package__"] = None
    namespace["__cached__"] = None
    loader = namespace.get("__loader__")
    if loader is not None:
        namespace["__loader__"] = _SourceFileLoader("__main__", loader.path)
    try:
        delattr(builtins, MAIN)
    except AttributeError:
        pass
