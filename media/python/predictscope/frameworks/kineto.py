"""What torch's profiler library (Kineto) does beside recording, and must not do in a stranger's process.

It starts a thread at the first session that looks for orders of a daemon. A child that is forked later
then hangs when it exits: the library's destructor waits for a thread that the child does not have
(2.0 to 2.13; before 2.0 the thread cannot be ended). And it prints some lines to stderr for each session.
Both are reached by their C++ names, the same from 2.0 to 2.13.
"""

import os
import sys
import time

_LEVEL = "_ZN9libkineto6Logger14severityLevel_E"
_INSTANCE = "_ZN9libkineto12ConfigLoader8instanceEv"
_STOP_THREAD = "_ZN9libkineto12ConfigLoader10stopThreadEv"
_SILENT = 100

_library = None


def load(torch):
    """True when the library's thread can be ended."""
    global _library
    if _library is None:
        _library = False
        try:
            import ctypes

            names = {"win32": "torch_cpu.dll", "darwin": "libtorch_cpu.dylib"}
            name = names.get(sys.platform, "libtorch_cpu.so")
            library = ctypes.CDLL(os.path.join(os.path.dirname(torch.__file__), "lib", name))
            instance = getattr(library, _INSTANCE)
            instance.restype = ctypes.c_void_p
            stop = getattr(library, _STOP_THREAD)
            stop.argtypes = [ctypes.c_void_p]
            stop.restype = None
            _library = (instance, stop, _level(ctypes, library))
        except Exception:
            pass
    return bool(_library)


def _level(ctypes, library):
    try:
        return ctypes.c_int.in_dll(library, _LEVEL)
    except ValueError:
        return None


_started = None  # the threads that appeared with the first session, until the library's one is ended
_ended = False


class ThreadEnded:
    """Around the start of a session: what it starts to wait for a daemon's orders is ended, unless the program
    was started to get such."""

    def __enter__(self):
        self._before = _threads()

    def __exit__(self, *error):
        global _started
        if _started is None:
            _started = _threads() - self._before
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=end_thread)
        end_thread()


def _threads():
    try:
        return set(os.listdir("/proc/self/task"))
    except OSError:
        return set()


def end_thread():
    """Ends the library's thread, once it waits: told to end before, it would first sleep for five seconds, and
    we with it. Where it is not seen to wait, the next session and a fork try again."""
    global _ended
    if _ended or _started is None or "KINETO_USE_DAEMON" in os.environ or "KINETO_CONFIG" in os.environ:
        return
    asleep = 0
    for _ in range(40):
        time.sleep(0.00025)
        asleep = asleep + 1 if all(map(_sleeps, _started)) else 0
        if asleep == 3:
            _ended = True
            instance, stop, _ = _library
            stop(instance())
            return


def _sleeps(thread):
    try:
        with open("/proc/self/task/%s/stat" % thread) as file:
            return file.read().rpartition(")")[2].split()[0] == "S"
    except OSError:
        return True  # gone, or no such system


class Quiet:
    """Within it, the library prints nothing."""

    def __enter__(self):
        self._level = _library[2] if _library else None
        if self._level is not None:
            self._before = self._level.value
            self._level.value = _SILENT

    def __exit__(self, *error):
        # The first session sets the level itself, from the environment: that is then the program's.
        if self._level is not None and self._level.value == _SILENT:
            self._level.value = self._before
