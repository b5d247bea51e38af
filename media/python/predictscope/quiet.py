"""A thread of ours that never runs the program's code: no finalizers, no signal handlers.

Any thread that allocates may be the one that collects garbage, and finalizers would run in it; some (of
Tk, Qt, SQLite) may only run in their own thread. So the garbage collector is off whenever bytecode of our
thread runs, and as the program left it whenever our thread lets go of the GIL: nobody can see it off.
"""

import _signal
import gc
import operator
import sys
from _collections import deque
from itertools import starmap

# 3.12 leaves a collection that is due to the thread that executes the next bytecode, even if the collector
# is off by then. With this threshold it finds nothing to do.
_NEVER = (2147483647, 2147483647, 2147483647)
_OFF = [(gc.isenabled, ()), (gc.disable, ())]
if sys.version_info[:2] == (3, 12):
    # Elsewhere the tuple of thresholds, which is made while the collector is on, could be what triggers it.
    _OFF += [(gc.get_threshold, ()), (gc.set_threshold, _NEVER)]


def switch_off():
    """Switches the garbage collector off; the calls that put it back."""
    return release([], [])[1]


def switch_on(back):
    """Puts the garbage collector back."""
    for function, arguments in back:
        function(*arguments)


def release(calls, back):
    """Makes the calls [(function, arguments)] with the garbage collector as the program had it, in which the
    GIL may be let go. Their results, and the new `back`: the collector is off again."""
    results = _in_order([*back, *calls, *_OFF])
    results = list(results)[len(back) :]
    enabled, *off = results[len(calls) :]
    back = [(gc.set_threshold, off[1])] if len(off) > 1 else []
    if enabled:
        back.append((gc.enable, ()))
    return results[: len(calls)], back


def hold(back):
    """For Python code of ours that lets go of the GIL: the collector as the program had it, but with a threshold that
    nobody reaches. What puts that back."""
    known = [arguments for function, arguments in back if function is gc.set_threshold]
    threshold = known[0] if known else gc.get_threshold()
    gc.set_threshold(*_NEVER)
    if (gc.enable, ()) in back:
        gc.enable()
    return [(gc.set_threshold, threshold)]


def let_go(held, back):
    """After `hold`: the collector is off again, and the new `back`. What the program set meanwhile stays."""
    enabled = gc.isenabled()
    gc.disable()
    now = gc.get_threshold()
    threshold = held[0][1] if now[0] == _NEVER[0] else now
    kept = [function for function, _ in back if function is gc.set_threshold]
    if not kept:
        gc.set_threshold(*threshold)
    return [(function, threshold) for function in kept] + ([(gc.enable, ())] if enabled else [])


if sys.version_info >= (3, 12):

    def _in_order(calls):
        results = deque()
        # One call into C for all of them: here garbage is collected between bytecodes.
        results.extend(starmap(operator.call, [(function, *arguments) for function, arguments in calls]))
        return results

else:

    def _in_order(calls):
        results = deque()
        for function, arguments in calls:
            # With an existing tuple nothing is allocated, so that nothing is collected.
            results.append(function(*arguments))
        return results


class NoSignals:
    """A thread that starts within takes no signal, so all of them reach the program's as they would.
    Faults stay the faulting thread's own."""

    def __enter__(self):
        self._mask = None
        if hasattr(_signal, "pthread_sigmask"):
            self._mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
            _signal.pthread_sigmask(_signal.SIG_BLOCK, _ALL_SIGNALS)

    def __exit__(self, *_):
        if self._mask is not None:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, self._mask)


def _all_signals():
    valid = getattr(_signal, "valid_signals", None)
    if valid:
        numbers = valid()
    else:  # 3.7 cannot say which exist; those between are taken by the C library
        numbers = list(range(1, 32))
        if hasattr(_signal, "SIGRTMIN"):
            numbers += range(_signal.SIGRTMIN, _signal.SIGRTMAX + 1)
    faults = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
    return set(numbers) - {getattr(_signal, name, 0) for name in faults}


_ALL_SIGNALS = _all_signals()
