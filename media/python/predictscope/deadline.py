"""Ends a trace window in time when the call that it records does not: what a profiler records is kept in memory."""

import _thread
import os
import threading

_pending = []


class Deadline:
    """Calls `expired` in a thread of its own after `seconds`, unless cancelled. The thread is not one of
    `threading`'s, so the program does not find it there."""

    def __init__(self, seconds, expired):
        self._cancelled = _thread.allocate_lock()
        self._cancelled.acquire()
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        self._pid = os.getpid()
        _thread.start_new_thread(self._wait, (seconds, expired))

    def _wait(self, seconds, expired):
        try:
            if not self._cancelled.acquire(True, seconds):
                expired()
        except Exception:
            pass
        finally:
            self._ended.release()

    def cancel(self, wait=False):
        """Ends the waiting; with `wait`, also waits for the end of the thread (before a fork)."""
        try:
            self._cancelled.release()
        except RuntimeError:
            pass  # cancelled before
        if wait and os.getpid() == self._pid:
            self._ended.acquire(True, 1)


def call_in_main_thread(function):
    """Has the main thread call `function` between two of its instructions, as it calls signal handlers.
    False where that cannot be done."""
    try:
        import ctypes

        @ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
        def call(_):
            try:
                function()
            except BaseException:
                pass
            return 0

        _pending.append(call)  # it must outlive its call
        add = ctypes.pythonapi.Py_AddPendingCall
        add.argtypes = [type(call), ctypes.c_void_p]
        return add(call, None) == 0
    except Exception:
        return False


def is_main(ident):
    """Whether a thread is the one that runs pending calls."""
    return ident == threading.main_thread().ident
