"""Runs what Python would have run had it not been given us: a script, a folder or zip, -m NAME, or -c TEXT.

Its frames stand below the program's own; excepthook takes them out of an uncaught traceback.
"""

import os
import sys

from predictscope import start


def run():
    """Runs the program; argv, path and globals are as Python would have set them."""
    main = sys.modules["__main__"]
    words = sys.argv[1:]
    # Python put the launcher's own folder first, unless it was told not to.
    if sys.path and os.path.abspath(sys.path[0] or ".") == os.path.dirname(os.path.abspath(main.__file__)):
        del sys.path[0]
    wanted = None
    try:
        wanted = start.start()
        start.is_script()
    except Exception:
        pass
    for name in list(vars(main)):
        if name not in ("__name__", "__builtins__", "__loader__", "__doc__", "__annotations__"):
            del main.__dict__[name]
    main.__doc__ = None
    _run(main, words, wanted)


def _safe_path():
    return getattr(sys.flags, "safe_path", False) or sys.flags.isolated


def _run(main, words, wanted):
    namespace = main.__dict__
    first = words[0]
    if first.startswith("-") and first != "-" and "m" in first:
        import runpy

        name = first.partition("m")[2]
        sys.argv[:] = words if name else words[1:]
        _first_on_path(os.getcwd())
        return runpy._run_module_as_main(name or words[1], True)
    if first.startswith("-") and "c" in first:
        text = first.partition("c")[2]
        sys.argv[:] = ["-c"] + words[1 if text else 2 :]
        _first_on_path("")
        namespace.update(__package__=None, __spec__=None)
        return exec(compile(text or words[1], "<string>", "exec", dont_inherit=True), namespace)
    sys.argv[:] = words
    if os.path.isdir(first) or _is_zip(first):
        import runpy

        sys.path.insert(0, first)
        return runpy._run_module_as_main("__main__", False)
    _first_on_path(os.path.dirname(os.path.realpath(first)))
    path = os.path.abspath(first) if sys.version_info >= (3, 9) else first
    with open(first, "rb") as file:
        source = file.read()
    import importlib.machinery

    namespace.update(__file__=path, __package__=None, __spec__=None, __cached__=None)
    namespace["__loader__"] = importlib.machinery.SourceFileLoader("__main__", path)
    code = wanted.compile(source, path, path, None) if wanted is not None else None
    exec(code or compile(source, path, "exec", dont_inherit=True), namespace)


def _is_zip(path):
    import zipfile

    return zipfile.is_zipfile(path)


def _first_on_path(folder):
    if not _safe_path():
        sys.path.insert(0, folder)
