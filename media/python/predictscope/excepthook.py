"""Keeps our loader out of the traceback of an uncaught exception, and notes how the program ended."""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_WRAPPERS = [os.path.join(_HERE, name) for name in ("frameworkcalls.py", "children.py")]
_LAUNCHER = os.path.join(os.path.dirname(_HERE), "launch.py")


def _ours(traceback):
    """True for the frames that a plain `python main.py` would not have: runpy's and our loader's."""
    name = traceback.tb_frame.f_code.co_filename
    return (
        name == "<frozen runpy>" or os.path.basename(name) == "runpy.py" or name.startswith(_HERE) or name == _LAUNCHER
    )


def _in_our_loader(traceback):
    """True when all frames up to our loader's are those that start the script."""
    while traceback is not None and _ours(traceback):
        if traceback.tb_frame.f_code.co_filename.startswith(_HERE):
            return True
        traceback = traceback.tb_next
    return False


def _without_wrappers(traceback):
    """The traceback without the frames of what we wrap."""
    kept = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename not in _WRAPPERS:
            kept.append(traceback)
        traceback = traceback.tb_next
    for outer, inner in zip(kept, kept[1:]):
        outer.tb_next = inner
    if kept:
        kept[-1].tb_next = None
    return kept[0] if kept else None


def install(state):
    """state: dict that gets 'exception' = [type name, message] for the exit record. Only installed when
    the script came through our path hook; `python -m` has runpy's frames in any case."""

    def excepthook(kind, value, traceback):
        state["exception"] = [kind.__name__, str(value)[:500]]
        if state.get("script"):
            if isinstance(value, SyntaxError) and _in_our_loader(traceback):
                traceback = None  # the script itself does not compile: Python shows no frame then
            while traceback is not None and _ours(traceback):
                traceback = traceback.tb_next
            value.__traceback__ = traceback
        traceback = value.__traceback__ = _without_wrappers(traceback)
        sys.__excepthook__(kind, value, traceback)

    sys.excepthook = excepthook
