"""Exact counts and times of lines, where they were asked for (option exactLines, Python 3.12 and later).

Events are local to the code objects that hold sites, so the rest of the program runs at full speed. A
line's time is all of it until the function's next line, the functions that it calls included.
"""

import os
import sys
import time
from _thread import get_ident

from predictscope import transform_names

_SITES = frozenset((transform_names.BEGIN, transform_names.DETACHED))
# 0 to 2 and 5 are meant for debuggers, coverage, profilers and optimizers.
_TOOLS = (4, 3)
_WRITE_NS = 10 * 1000 * 1000 * 1000
_perf = time.perf_counter_ns


class Lines:
    """Counts for one process; `watch` is called with the code of each wanted file before it runs."""

    def __init__(self, folder):
        self._folder = folder
        self._watched = {}  # address of the code -> (code, {line: [count, ns]}); hashing code is slow
        self._stacks = {}  # thread -> [[counts of the function, line, since], ...]
        self._tool = None
        self._due = 0

    def watch(self, code):
        """Counts the lines of the functions in `code` that hold sites. Never raises."""
        try:
            if self._tool is None and not self._install():
                return
            for part in _parts(code):
                if not _SITES.isdisjoint(part.co_names):
                    self._watched[id(part)] = part, {}
                    sys.monitoring.set_local_events(self._tool, part, self._events)
        except Exception as error:
            self._folder.problem("Lines could not be counted exactly: %s: %s." % (type(error).__name__, error))

    def _install(self):
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None:
            self._give_up("that needs Python 3.12 or later", "The hot lines are sampled in every version.")
            return False
        self._tool = next((tool for tool in _TOOLS if monitoring.get_tool(tool) is None), -1)
        if self._tool < 0:
            self._give_up("other tools take all of Python's slots for that", "Run without the other tools.")
            return False
        monitoring.use_tool_id(self._tool, "predictscope")
        events = monitoring.events
        enter, leave = self._enter, self._leave
        self._events = events.LINE | events.PY_START | events.PY_RESUME | events.PY_RETURN | events.PY_YIELD
        for event, callback in (
            (events.LINE, self._line),
            (events.PY_START, enter),
            (events.PY_RESUME, enter),
            (events.PY_THROW, self._enter_by_exception),
            (events.PY_RETURN, leave),
            (events.PY_YIELD, leave),
            (events.PY_UNWIND, leave),
        ):
            monitoring.register_callback(self._tool, event, callback)
        # These two exist for all code only; they come with exceptions, not with lines.
        monitoring.set_events(self._tool, events.PY_UNWIND | events.PY_THROW)
        return True

    def _give_up(self, why, fix):
        self._folder.problem("Lines were not counted exactly: %s." % why, fix)
        self.watch = _nothing

    def _enter(self, code, _offset):
        watched = self._watched.get(id(code))
        if watched is not None:
            # A generator goes on within a line: the line is known, and was counted.
            line = sys._getframe(1).f_lineno
            self._stacks.setdefault(get_ident(), []).append([watched[1], line, _perf()])

    def _enter_by_exception(self, code, offset, _exception):
        self._enter(code, offset)

    def _leave(self, code, _offset, _value):
        watched = self._watched.get(id(code))
        if watched is None:
            return
        now = _perf()
        stack = self._stacks.get(get_ident())
        if stack and stack[-1][0] is watched[1]:
            counts, line, since = stack.pop()
            row = counts.get(line)
            if row is not None:
                row[1] += now - since

    def _line(self, code, line):
        now = _perf()
        stack = self._stacks.get(get_ident())
        if not stack:
            return
        top = stack[-1]
        counts = top[0]
        row = counts.get(top[1])
        if row is not None:
            row[1] += now - top[2]
        row = counts.get(line)
        if row is None:
            row = counts[line] = [0, 0]
        row[0] += 1
        top[1] = line
        top[2] = now

    def write_if_due(self):
        """Called now and then, so that a program that is killed leaves most of it."""
        now = _perf()
        if now >= self._due:
            if self._due:
                self.write()
            self._due = now + _WRITE_NS

    def write(self):
        """One record a file; a later one replaces the earlier."""
        files = {}
        for code, counts in list(self._watched.values()):
            lines = files.setdefault(os.path.realpath(code.co_filename), {})
            for line, (count, ns) in list(counts.items()):
                known = lines.setdefault(line, [0, 0])
                known[0] += count
                known[1] += ns
        for file, lines in files.items():
            if lines:
                self._folder.write(t="lines", file=file, lines=[[n, *lines[n]] for n in sorted(lines)])

    def after_fork(self, folder):
        """The child counts from zero, into its own folder."""
        self._folder = folder
        self._due = 0
        self._stacks.clear()
        for _, counts in self._watched.values():
            counts.clear()


def _parts(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from _parts(constant)


def _nothing(_code):
    pass
