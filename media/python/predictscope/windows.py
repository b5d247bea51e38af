"""When a framework's profiler runs: the first call of the process, then N calls after warm-up.

Each window is one session in a trace folder of its own. Sessions start and stop in the thread that
makes the call, belong to the process that opened them, and give way to a session of the program's.
"""

import atexit
import os
import threading
import time

from predictscope import frameworks, record

_LOOK_NS = 100 * 1000 * 1000
_LONGEST_LOOK_NS = 2 * 1000 * 1000 * 1000
# Own work shorter than this is not worth a record of its own.
_OWN_WORK_NS = 100 * 1000
_CLOCK_NS = 10 * 1000 * 1000 * 1000

WAITING, FIRST, WARMING, SECOND, DONE = range(5)


class Note:
    """What a call carries while windows are being decided: its flags, and its span in the session."""

    __slots__ = ("windows", "session", "span", "flags", "opened_ns")

    def __init__(self, windows, session, flags, opened_ns=None):
        self.windows = windows
        self.session = session
        self.span = None
        self.flags = flags
        self.opened_ns = opened_ns  # when the opening of the window began; None for the calls that find it open

    def enter(self, site, slot):
        if self.session is not None:
            self.span = self.session.span(site, slot)
        if self.opened_ns is not None:
            self.windows.opened(self.opened_ns)

    def leave(self):
        """Closes the span; the flags of the call's slot. Traced only if the session saw it whole."""
        flags = self.flags
        if self.span is not None:
            self.session.leave(self.span)
            if self.windows.session is self.session:
                flags |= record.TRACED
        return flags


class Windows:
    """Read by `begin` on every call: `slow` (None unless a window is open or can open), `next_look`.

    `slow(site)` runs before a call's begin is stamped and returns (note or None, whether to record)."""

    def __init__(self, folder, recorder, options):
        self.off = False
        self.slow = None
        self.next_look = 0
        self.session = None
        self.sampler = None  # started by the first look, ended with the recording
        self._folder = folder
        self._recorder = recorder
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._warm_up = int(options.get("warmUpCalls", 5))
        self._calls = int(options.get("tracedCalls", 20))
        self._seconds = float(options.get("tracedSeconds", 10))
        self._stop_calls = options.get("stopAfterCalls")
        self._stop_ns = None
        if options.get("stopAfterSeconds") is not None:
            self._stop_ns = time.perf_counter_ns() + int(float(options["stopAfterSeconds"]) * 1e9)
        self._phase = WAITING if self._calls > 0 else DONE
        self._seen = 0
        self._total = 0
        self._traced = 0
        self._opened_ns = 0
        self._traces = 0
        self._next_clock = 0
        self._described = False
        self._close_at_exit = False
        self._has_framework = False
        self._settle()

    def framework_loaded(self):
        """A framework with a profiler was imported: windows can open from now on."""
        self._has_framework = True
        self._settle()

    def _settle(self):
        """`slow` is set only while it has something to decide: it costs microseconds."""
        wanted = self.off or self._stop_calls is not None or (self._has_framework and self._phase != DONE)
        self.slow = self._before if wanted else None

    def _turn_off(self):
        self.off = True
        self.sampler.stop()
        self._settle()
        self._folder.write(t="stopped", unixNs=str(time.time_ns()))

    def _before(self, site):
        if self.off:
            return None, False
        now = time.perf_counter_ns()
        with self._lock:
            self._total += 1
            if self._stop_calls is not None and self._total >= self._stop_calls:
                self._turn_off()  # this call is the last one
            return self._note(now), True

    def _note(self, now):
        if self._phase == DONE or os.getpid() != self._pid:
            self._settle()
            return None
        framework = frameworks.current()
        if framework is None:
            return None
        self._seen += 1
        if self._phase == WAITING:
            return self._open(framework, FIRST, record.WARM_UP, now)
        warm = record.WARM_UP if self._seen <= self._warm_up else 0
        if self._phase == WARMING:
            return Note(self, None, warm) if warm else self._open(framework, SECOND, 0, now)
        if self._phase == SECOND and time.perf_counter_ns() - self._opened_ns > self._seconds * 1e9:
            self._close()
            return None
        return Note(self, self.session, warm)

    def _open(self, framework, phase, flags, begin):
        path = os.path.join(self._folder.path or "", "trace-%d" % self._traces)
        try:
            os.makedirs(path)
            session = framework.start(path)
        except frameworks.Busy as busy:
            self._remove(path)
            self._folder.problem(
                "%s Calls are timed, but no trace is taken." % busy,
                "Take the program's own profiler out for this run to get a trace.",
            )
            self._phase = DONE
            self._settle()
            return None
        except Exception as error:
            self._remove(path)
            self._folder.problem("The framework's profiler could not start: %s: %s" % (type(error).__name__, error))
            self._phase = DONE
            self._settle()
            return None
        self._traces += 1
        self._phase = phase
        self._traced = 0
        self._opened_ns = time.perf_counter_ns()
        self.session = session
        if not self._close_at_exit:
            # Registered after the framework's own handlers, so it runs before they tear it down.
            self._close_at_exit = True
            atexit.register(self.close)
        return Note(self, session, flags, begin)

    def opened(self, begin):
        """The window is open and the call about to begin: all of it was our work."""
        self._recorder.write(record.OWN_WORK, begin, time.perf_counter_ns())

    @staticmethod
    def _remove(path):
        try:
            os.rmdir(path)
        except OSError:
            pass

    def after(self, note, ended):
        """Runs after a noted call's end was stamped, at perf_counter `ended`."""
        with self._lock:
            if note.session is None or note.session is not self.session or os.getpid() != self._pid:
                return
            self._traced += 1
            if self._phase == FIRST:
                if note.opened_ns is not None:
                    self._close(ended)
            elif self._traced >= self._calls or ended - self._opened_ns > self._seconds * 1e9:
                self._close(ended)

    def abandon(self, note):
        """The call got no record: its window must not wait for it."""
        with self._lock:
            if note.opened_ns is not None and note.session is self.session:
                self._close()

    def _close(self, begin=None):
        session, self.session = self.session, None
        if session is None:
            return
        begin = begin or time.perf_counter_ns()
        first = self._phase == FIRST
        self._phase = WARMING if first else DONE
        self._settle()
        try:
            session.stop()
        except Exception as error:
            self._folder.problem("The trace could not be written: %s: %s" % (type(error).__name__, error))
        else:
            self._folder.write(
                t="trace",
                path=os.path.relpath(session.path, self._folder.path),
                framework=session.framework,
                window="first" if first else "steady",
                calls=self._traced,
            )
        self._describe()
        self._recorder.write(record.OWN_WORK, begin, time.perf_counter_ns())

    def close(self):
        """Ends an open window: at exit, and when the user asks to stop recording."""
        with self._lock:
            if os.getpid() == self._pid:
                self._close()
                self._phase = DONE
                self._settle()

    def give_way(self, starts=True):
        """The program is about to start (or stop) a session itself: ours ends now and does not come back."""
        with self._lock:
            if os.getpid() != self._pid or self._phase == DONE:
                return
            if self.session is not None:
                self._folder.problem(
                    "The program started a profiler session of its own, so ours ended early.",
                    "Take the program's own profiler out for this run to get a full trace.",
                )
                self._close()
            elif starts and self._traces < 2:
                self._folder.problem(
                    "The program uses the framework's profiler itself, so %s trace of ours was taken."
                    % ("no" if self._traces == 0 else "no further"),
                    "Take the program's own profiler out for this run to get one.",
                )
            else:
                return  # a stop without a start: the program's own affair
            self._phase = DONE
            self._settle()

    def prepare(self):
        """Everything that the first record needs, before the first call: its time is the program's."""
        self._recorder.open()
        self.look(time.perf_counter_ns())

    def look_soon(self):
        """The next call looks: after a fork, which may have ended the sampler."""
        self.next_look = 0

    def look(self, now):
        """Housekeeping, only from a call: stop file, clock pair, devices. At most every 100 ms, and more
        rarely where a look at the file system is slow, so that it takes at most a 2,000th of the time."""
        self.next_look = now + _LOOK_NS
        if os.getpid() != self._pid:
            return
        if now >= self._next_clock:
            self._next_clock = now + _CLOCK_NS
            self._recorder.clock_pair()
        if self._has_framework and not self._described:
            self._describe()
        self.sampler.start()
        if self._folder.stop_asked() or (self._stop_ns is not None and now >= self._stop_ns):
            self._turn_off()
            self.close()
        cost = time.perf_counter_ns() - now
        self.next_look = now + max(_LOOK_NS, min(2000 * cost, _LONGEST_LOOK_NS))
        if cost > _OWN_WORK_NS:
            self._recorder.write(record.OWN_WORK, now, now + cost)

    def _describe(self):
        """Writes the framework's version and registered devices, once it has initialised them itself."""
        try:
            if not self._described:
                for description in frameworks.describe():
                    self._described = True
                    self._folder.write(t="framework", **description)
        except Exception:
            self._described = True

    def at_exit(self):
        """Last words of the process."""
        self.close()
        self._describe()
        if self._recorder.used():
            self._recorder.clock_pair()
