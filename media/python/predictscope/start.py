"""Connects the parts at interpreter start-up."""

import atexit
import builtins
import os
import sys
import time

from predictscope import excepthook, frameworks, imports, rundir, transform_names
from predictscope.wanted import Wanted


def start():
    """Installs the hooks for this process. Raises nothing that matters: sitecustomize guards it."""
    run = rundir.find_run()
    if run is None or not os.path.isdir(run):
        return
    config = rundir.read_config(run)
    folder = rundir.ProcessFolder(run)
    if not folder.open():
        return
    process = _Process(folder, config)
    process.arm()
    wanted = Wanted(config.get("files", ()), folder, lambda: _current.process.windows.prepare())
    state = process.state
    hook = imports.script_hook(wanted)

    def script(path):
        finder = hook(path)
        state["script"] = True
        return finder

    sys.meta_path.insert(0, imports.Finder(wanted, process.patches()))
    sys.path_hooks.insert(0, script)
    setattr(builtins, transform_names.MAIN, imports.restore_main)
    excepthook.install(state)
    atexit.register(process.at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _after_fork(run, config))


class _Process:
    """What belongs to one process: records, windows, and the functions that rewritten code calls."""

    def __init__(self, folder, config):
        self.folder = folder
        self.config = config
        self.state = {}
        self.windows = None
        self.compiling = None

    def arm(self, traces=True):
        from predictscope import record
        from predictscope.windows import Windows

        options = dict(self.config.get("options", {}))
        if not traces:
            options["tracedCalls"] = 0
        recorder = record.Recorder(self.folder, options.get("store"))
        self.windows = Windows(self.folder, recorder, options)
        functions = record.make_functions(recorder, self.windows, record.Shapes(self.folder))
        names = ("BEGIN", "END", "DETACHED", "SHAPE", "STAMP", "BOTH")
        for name, function in zip(names, functions):
            setattr(builtins, getattr(transform_names, name), function)
        _current.process = self

    def patches(self):
        """Modules to patch once they are imported."""
        return frameworks.patches(lambda: _current.process.windows)

    def at_exit(self):
        current = _current.process
        if os.getpid() != current.folder.pid or current.folder.path is None:
            return
        current.windows.at_exit()
        record = dict(t="exit", unixNs=str(time.time_ns()))
        if "exception" in self.state:
            record["exception"] = self.state["exception"]
        current.folder.write(**record)


class _Current:
    process = None


_current = _Current()


def _after_fork(run, config):
    """A forked child writes to a folder of its own, and opens no trace: the framework's state came
    with the fork and is not to be touched."""
    try:
        _Process(rundir.ProcessFolder(run), config).arm(traces=False)
        frameworks.after_fork()
    except Exception:
        pass
