"""A few calls under Python's own function profiler: which functions the Python half of a call is spent in.

The framework's trace says how much of a call is Python, the line sampler which line of the program's it serves.
Neither tells the framework's own functions apart: samples come where the GIL is let go, which is in C. `_lsprof`
(the C half of cProfile) counts and times every function, at 0.1 us a call or more; what a call costs it is
measured, so that it can be taken out. It is used for a handful of calls once the trace windows are over, in the
thread that makes them, and never where the program or a tool of its own could meet it.
"""

import gc
import json
import math
import os
import sys
import threading
import time

from predictscope import record
from predictscope.note import Note

CALLS = 3
FORMAT = "predictscope.functions/1"
# A site that is called rarely must not keep the slow path of others open for long.
_MOST_TRIES = 200
_MOST_SITES = 8
# Whoever has imported one of these may start it within a call; from 3.12 on that raises while ours is on.
# Greenlets switch stacks under the profiler; code of torch.compile is guarded by what is installed.
_OTHERS = ("cProfile", "profile", "yappi", "viztracer", "scalene", "pyinstrument", "line_profiler")
_OTHERS += ("profiling.tracing", "greenlet", "gevent", "torch._dynamo")
# From 3.12 on it sees all threads, and mixes their calls.
_ALL_THREADS = sys.version_info >= (3, 12)


class Functions:
    """Of one process. `note` decides about a call, `pending` whether there is anything left to decide."""

    def __init__(self, folder, sampler, calls):
        self._folder = folder
        self._sampler = sampler
        self._calls = calls
        self._sites = {}
        self._tries = 0
        self._lock = threading.Lock()
        self._open = None  # the note of the call that is being recorded
        self._costs = None  # of _measured
        self._written = False
        self.pending = calls > 0

    def note(self, site, seen, windows, flags):
        """What a call of this site carries when it is to be recorded, else None. The first of a site is not: it builds
        what the others use. `seen`: how often each site was called so far; all of them are waited for."""
        if not self.pending or self._open is not None:
            return None
        self._tries += 1
        if self._tries > _MOST_TRIES:
            self.finish()
            return None
        state = self._sites.get(site)
        if state is None:
            if len(self._sites) == _MOST_SITES:
                return None
            state = self._sites[site] = _Site(site)
        if seen[site] == 1 or len(state.slots) >= self._calls:
            done = sum(len(each.slots) >= self._calls for each in self._sites.values())
            if done >= min(len(seen), _MOST_SITES):
                self.finish()
            return None
        if not self._possible() or not self._calibrated() or not self._lock.acquire(False):
            return None
        return FunctionNote(self, state, windows, flags)

    def _possible(self):
        others = [name for name in _OTHERS if name in sys.modules]
        if others:
            self._give_up("%s is loaded in the program" % others[0])
        elif sys.getprofile() is not None:
            self._give_up("the program has a profiler of its own")
        elif _ALL_THREADS and threading.active_count() > 1:
            return False  # perhaps at the next call
        return self.pending

    def _calibrated(self):
        """Whether it is known what the profiler costs; measured here, for this is outside of every call."""
        if self._costs is None:
            try:
                import _lsprof

                self._costs = _measured(_lsprof.Profiler)
            except Exception as error:  # another tool has the place, or a Python without it
                self._give_up("%s: %s" % (type(error).__name__, error))
        return self.pending

    def _give_up(self, reason):
        self.pending = False
        self._folder.write(t="functions", reason=reason)
        self.finish()

    def begin(self, note):
        """Switches the profiler on, in this thread."""
        try:
            import _lsprof

            note.lsprof = _lsprof.Profiler(subcalls=True, builtins=True)
            if _ALL_THREADS:
                self._sampler.rest()
            self._open = note
            note.thread = threading.get_ident()
            record.at_stamp(lambda call: self._restart(note, call))
            gc.callbacks.append(note.state.collected)
            note.lsprof.enable()
        except Exception as error:  # another tool has the place
            self._open = None
            record.at_stamp(None)
            note.state.forget_collector()
            self._release()
            self._give_up("%s: %s" % (type(error).__name__, error))

    def _restart(self, note, call):
        """The argument of a call is ready. What made it is not the call's, nor is what calls within it did."""
        if self._open is not note or note.thread != threading.get_ident() or call[2] != note.slot + 1:
            return
        try:
            if self._switch_off(note):
                note.lsprof.clear()
                note.state.garbage_of_call = {}
                gc.callbacks.append(note.state.collected)
                note.lsprof.enable()
            else:
                self._open = None
                self._release()
        except Exception:  # another tool has taken the place meanwhile
            self._open = None
            self._release()

    def end(self, note):
        """Switches it off; True when the call was recorded whole."""
        if self._open is not note or note.thread != threading.get_ident():
            return False
        whole = self._switch_off(note)
        self._open = None
        self._release()
        if _ALL_THREADS:
            self._sampler.start()
        return whole

    def _release(self):
        try:
            self._lock.release()
        except RuntimeError:  # a child that was forked meanwhile has a lock of its own
            pass

    @staticmethod
    def _switch_off(note):
        profiler = note.lsprof
        record.at_stamp(None)
        note.state.forget_collector()
        # What the program installed within the call stays: switching ours off would take it away.
        ours = _ALL_THREADS or sys.getprofile() is profiler
        if ours:
            profiler.disable()
        return ours

    def after_fork(self):
        """In a forked child: the thread that forked may be in a call that is being recorded."""
        note, self._open = self._open, None
        self.pending = False
        if note is not None and note.thread == threading.get_ident():
            self._switch_off(note)

    def finish(self):
        """Writes what there is: once all is seen, and at exit."""
        self.pending = False
        if self._open is not None or self._written:
            return
        self._written = True
        for state in self._sites.values():
            if state.slots:
                self._write(state)
        self._sites = {}

    def _write(self, state):
        path = "functions-%d.json" % state.site
        try:
            text = json.dumps(_table(state, *self._costs or (0, 0, 1)), separators=(",", ":"))
            with open(os.path.join(self._folder.path, path), "w", encoding="utf-8") as file:
                file.write(text)
        except (OSError, ValueError):
            return
        self._folder.write(t="functions", site=state.site, path=path, calls=len(state.slots))


class _Site:
    def __init__(self, site):
        self.site = site
        self.slots = []
        self.profilers = []
        self.garbage = {}  # ns of collections, by the code in which they happened: it is not that code's time
        self.garbage_of_call = {}
        self._since = 0

    def collected(self, phase, _info):
        """Called by the collector before and after it works, in the thread that it stopped."""
        now = time.perf_counter_ns()
        if phase == "start":
            self._since = now
        elif self._since:
            code = sys._getframe(1).f_code
            self.garbage_of_call[code] = self.garbage_of_call.get(code, 0) + now - self._since
            self._since = 0

    def keep(self, note):
        """The call is over, and was recorded whole."""
        self.slots.append(note.slot)
        self.profilers.append(note.lsprof)
        for code, ns in list(self.garbage_of_call.items()):
            self.garbage[code] = self.garbage.get(code, 0) + ns
        self.garbage_of_call = {}

    def forget_collector(self):
        """Takes the callback away."""
        try:
            gc.callbacks.remove(self.collected)
        except ValueError:
            pass


class FunctionNote(Note):
    """Of a call under the profiler."""

    __slots__ = ("functions", "state", "slot", "thread", "lsprof")

    def __init__(self, functions, state, windows, flags):
        Note.__init__(self, windows, None, None, flags)
        self.functions = functions
        self.state = state
        self.slot = None
        self.thread = None
        self.lsprof = None

    def enter(self, site, slot):
        self.slot = slot
        self.functions.begin(self)

    def leave(self, value=None):
        """The flags of the call's slot."""
        if not self.functions.end(self):
            return self.flags
        self.state.keep(self)
        return self.flags | record.FUNCTIONS


def _measured(profiler_class):
    """(ns that the profiler adds to a call, ns more by bit of entropy, how many times as long Python's own code takes):
    from the least of a few tries.

    It looks each function up in a splay tree, which costs more the more functions the calls are spread over: as their
    entropy, so measured from 1 to 256 functions. Python 3.11 goes another way at every instruction while it is on and
    takes twice as long, 3.10 a fifth more, others nothing."""
    one, many = _calls_of(1), _calls_of(_MANY)

    def instructions():
        begin = time.perf_counter_ns()
        number, pair, named = 0.5, (1, 2), {"a": 1}
        for i in _STEPS:
            if i & 3:
                number += pair[1] * 2.5
            else:
                number -= named["a"]
            first, second = pair
            pair = second, first
        return time.perf_counter_ns() - begin

    def watched(work):
        profiler = profiler_class()
        profiler.enable()
        try:
            return work()
        finally:
            profiler.disable()

    # In turn, so that a machine whose pace changes meets all alike.
    works = (instructions, one, many)
    times = [[(work(), watched(work)) for work in works] for _ in range(5)]
    (alone, under), *calls = [[min(column) for column in zip(*tries)] for tries in zip(*times)]
    slowdown = max(1.0, under / alone)
    if slowdown < 1.05:  # what two readings differ by
        slowdown = 1.0
    few_ns, many_ns = [max(0.0, (slow - plain * slowdown) / (2 * _CALLS)) for plain, slow in calls]
    # Half of the calls are to the one function in C: 1 bit with one other function, 4 bits with 64.
    bits = 1 + math.log2(_MANY) / 2
    per_bit_ns = max(0.0, (many_ns - few_ns) / (bits - 1))
    return max(0.0, few_ns - per_bit_ns), per_bit_ns, slowdown


def _calls_of(number):
    """A function that calls so many functions in turn, each of which calls one in C that does next to nothing."""
    made = {}
    exec("\n".join("def f%d(x):\n    return x.is_integer()" % i for i in range(number)), made)
    functions = [made["f%d" % i] for i in range(number)] * (_CALLS // number)

    def loop():
        begin = time.perf_counter_ns()
        for function in functions:
            function(1.5)
        return time.perf_counter_ns() - begin

    return loop


_MANY, _CALLS, _STEPS = 64, 512, range(1500)


def _table(state, per_call_ns, per_bit_ns, slowdown):
    """The profiler's table with every file and function named once. Times are ns; a function in C has no file."""
    files, codes = {}, {}
    file_names, code_rows = [], []

    def code_index(code):
        # Code objects that are alike are equal; they are told apart by what they are called from.
        key = code if isinstance(code, str) else id(code)
        index = codes.get(key)
        if index is None:
            index = codes[key] = len(code_rows)
            if isinstance(code, str):
                code_rows.append([-1, 0, code])
            else:
                name = code.co_filename
                file = files.get(name)
                if file is None:
                    file = files[name] = len(file_names)
                    file_names.append(name)
                code_rows.append([file, code.co_firstlineno, getattr(code, "co_qualname", code.co_name)])
        return index

    rows = {}
    for entry in [entry for profiler in state.profilers for entry in profiler.getstats()]:
        calls = _added(rows, code_index(entry.code), entry)
        for sub in entry.calls or ():
            _added(calls, code_index(sub.code), sub)
    return dict(
        format=FORMAT,
        site=state.site,
        slots=state.slots,
        perCallNs=round(per_call_ns, 1),
        perBitNs=round(per_bit_ns, 1),
        slowdown=round(slowdown, 3),
        files=file_names,
        garbage=[[code_index(code), ns] for code, ns in list(state.garbage.items())],
        codes=code_rows,
        rows=[[code, *row[:3], [[sub, *times[:3]] for sub, times in row[3].items()]] for code, row in rows.items()],
    )


def _added(rows, code, entry):
    """Adds an entry to the row of its function: [calls, own ns, total ns, {function called: the same}]; the last."""
    row = rows.setdefault(code, [0, 0, 0, {}])
    row[0] += entry.callcount
    row[1] += _ns(entry.inlinetime)
    row[2] += _ns(entry.totaltime)
    return row[3]


def _ns(seconds):
    return round(seconds * 1e9)
