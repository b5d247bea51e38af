"""Entry of the Predictscope runtime: Python imports this at start-up because its folder is on PYTHONPATH.

Parseable from Python 2.7 on, does nothing below 3.7, and hands over to the sitecustomize that this
file hides. The folder leaves sys.path again, so that the program sees the path it would have seen.
"""

import os
import sys


def _leave_path():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here or not p]


def _hand_over():
    """Imports the sitecustomize that would have run without us; its errors are its own."""
    mine = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError:
        # None there (the usual case), or it failed to import something: as Python itself, say nothing
        # about the former. Python expects the module that it started to import to be registered.
        error = sys.exc_info()[1]
        if getattr(error, "name", "sitecustomize") not in ("sitecustomize", None):
            raise
    finally:
        if "sitecustomize" not in sys.modules and mine is not None:
            sys.modules["sitecustomize"] = mine


if sys.version_info >= (3, 7) and (os.environ.get("PREDICTSCOPE_RUN") or os.environ.get("PREDICTSCOPE_LOG")):
    try:
        from predictscope.start import start as _start

        _start()
    except Exception:  # the program comes first: it must run as if we were not there
        if os.environ.get("PREDICTSCOPE_DEBUG"):
            import traceback

            traceback.print_exc()
_leave_path()
_hand_over()
