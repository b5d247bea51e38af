"""Connects the parts at interpreter start-up."""

import atexit
import builtins
import os
import sys
import time

from predictscope import excepthook, frameworks, imports, rundir, transform_names
from predictscope.wanted import Wanted


def start():
    """Installs the hooks for this process; the wanted files, or None where nothing is to be recorded. Raises
    nothing that matters: its callers guard it."""
    run = rundir.find_run()
    if run is None or not os.path.isdir(run):
        return None
    config = rundir.read_config(run)
    folder = rundir.ProcessFolder(run)
    if not folder.open():
        return None
    process = _Process(folder, config)
    process.arm()
    wanted = Wanted(config.get("files", ()), folder, lambda: _current.process.windows.prepare())
    if config.get("options", {}).get("exactLines"):
        process.count_lines(wanted)
    state = process.state
    hook = imports.script_hook(wanted)

    def script(path):
        finder = hook(path)
        state["script"] = True
        return finder

    patches = dict(process.patches(), _posixsubprocess=_patch_children)
    patches["_pytest.assertion.rewrite"] = lambda module: _patch_pytest(module, wanted)
    for name in _WEB:
        patches[name] = _patch_web
    if config.get("options", {}).get("frameworkCalls"):
        patches.update(_framework_calls(wanted).patches())
    sys.meta_path.insert(0, imports.Finder(wanted, patches))
    if "_posixsubprocess" in sys.modules:  # something in the program's environment imported it before us
        _patch_children(sys.modules["_posixsubprocess"])
    sys.path_hooks.insert(0, script)
    setattr(builtins, transform_names.MAIN, imports.restore_main)
    excepthook.install(state)
    atexit.register(process.at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lambda: _current.process.sampler.before_fork(),
            after_in_parent=lambda: _current.process.windows.look_soon(),
            after_in_child=lambda: _after_fork(run, config),
        )
    return wanted


def is_script():
    """The program's main file came through us: our frames are taken out of an uncaught traceback."""
    if _current.process is not None:
        _current.process.state["script"] = True


def _framework_calls(wanted):
    from predictscope.frameworkcalls import FrameworkCalls

    names = [getattr(transform_names, name) for name in ("BEGIN", "END", "SHAPE")]
    return FrameworkCalls(
        lambda: _current.process.folder,
        wanted,
        lambda: [getattr(builtins, name) for name in names],
        lambda: _current.process.windows.prepare(),
    )


# Modules of webrequests.ENTRIES, which is only loaded when one of them is.
_WEB = ("flask.app", "django.core.handlers.wsgi", "django.core.handlers.asgi", "starlette.applications")
_WEB += ("uvicorn.protocols.http.h11_impl", "uvicorn.protocols.http.httptools_impl")


def _patch_web(module):
    from predictscope import webrequests

    if _current.requests is None:
        _current.requests = webrequests.Requests(lambda: _current.process)
    _current.requests.patches()[module.__name__](module)


def _patch_children(module):
    from predictscope import children

    children.patch(module)


def _patch_pytest(module, wanted):
    from predictscope import runners

    runners.patch_pytest(module, wanted)


class _Process:
    """What belongs to one process: records, windows, and the functions that rewritten code calls."""

    def __init__(self, folder, config):
        self.folder = folder
        self.config = config
        self.state = {}
        self.windows = None
        self.sampler = None
        self.lines = None
        self.recorder = None

    def arm(self, traces=True):
        from predictscope import record, sampler
        from predictscope.windows import Windows

        options = dict(self.config.get("options", {}))
        if not traces:
            options["tracedCalls"] = 0
        recorder = self.recorder = record.Recorder(self.folder, options.get("store"), options.get("mostRecordBytes"))
        self.windows = Windows(self.folder, recorder, options)
        self.sampler = self.windows.sampler = sampler.Sampler(self.folder, options)
        functions = record.make_functions(recorder, self.windows, record.Shapes(self.folder))
        names = ("BEGIN", "END", "DETACHED", "SHAPE", "STAMP", "BOTH")
        for name, function in zip(names, functions):
            setattr(builtins, getattr(transform_names, name), function)
        _current.process = self

    def count_lines(self, wanted):
        """Counts the lines of functions with sites exactly: asked for by the user."""
        from predictscope.lines import Lines

        self.lines = Lines(self.folder)
        self.sampler.also = self.lines.write_if_due
        wanted.on_code = self.lines.watch

    def patches(self):
        """Modules to patch once they are imported."""
        return frameworks.patches(lambda: _current.process.windows, self.config.get("files", ()))

    def at_exit(self):
        current = _current.process
        if os.getpid() != current.folder.pid or current.folder.path is None:
            return
        current.sampler.at_exit()
        if current.lines is not None:
            current.lines.write()
        current.windows.at_exit()
        record = dict(t="exit", unixNs=str(time.time_ns()))
        if "exception" in self.state:
            record["exception"] = self.state["exception"]
        current.folder.write(**record)


class _Current:
    process = None
    requests = None


_current = _Current()


def _after_fork(run, config):
    """A forked child writes to a folder of its own, and opens no trace: the framework's state came
    with the fork and is not to be touched."""
    try:
        parent = _current.process
        parent.windows.after_fork()
        parent.sampler.forget()
        child = _Process(rundir.ProcessFolder(run), config)
        child.arm(traces=False)
        if parent.lines is not None:
            child.lines = parent.lines
            child.lines.after_fork(child.folder)
        frameworks.after_fork()
    except Exception:
        pass
