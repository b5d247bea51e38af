"""Within a program that runs already, by sys.remote_exec (Python 3.14 and later): our sampler thread, for a while.

The host has the program execute two small scripts, `begin` and `end`; whatever goes wrong in them is for the host
to read, and nothing of the program's.
"""

import os
import sys

_sampler = None


def begin(run):
    """Starts sampling into the run directory, unless the host has given up meanwhile."""
    global _sampler
    try:
        if _sampler is not None or os.path.exists(os.path.join(run, "stop")):
            return
        from predictscope import rundir, sampler

        folder = rundir.ProcessFolder(run)
        if folder.open():
            _sampler = sampler.Sampler(folder, {})
            # Python keeps this for good: the only thing of ours that stays. A child would else have our switch interval.
            os.register_at_fork(after_in_child=_forked)
            _sampler.start()
    except Exception:
        pass


def _forked():
    if _sampler is not None:
        _sampler.forget()


def end():
    """Ends it, writes what it cost, and forgets our modules."""
    global _sampler
    try:
        if _sampler is not None:
            _sampler.at_exit()
        _sampler = None
    except Exception:
        pass
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "predictscope"]:
            del sys.modules[name]


def script(package, call):
    """Source that makes a call of this module and leaves nothing behind."""
    return (
        "import sys\n"
        "if 'predictscope.start' not in sys.modules:\n"
        "    sys.path.insert(0, %r)\n"
        "    try:\n"
        "        from predictscope import injected\n"
        "        injected.%s\n"
        "    except Exception:\n"
        "        pass\n"
        "    finally:\n"
        "        sys.path.remove(%r)\n"
    ) % (package, call, package)


if __name__ == "__main__":
    # Run by the host with the program's own Python: injected.py PID RUN begin|end
    pid, run, what = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    path = os.path.join(run, "attach-%s.py" % what)
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(path, "w", encoding="utf-8") as file:
        file.write(script(package, "begin(%r)" % run if what == "begin" else "end()"))
    try:
        sys.remote_exec(pid, path)
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))
