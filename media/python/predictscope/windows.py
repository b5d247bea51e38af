"""When a framework's profiler runs: the first call of the process, then N calls after warm-up, and more of
them when the user asks or a call was slow.

Each window has a trace folder of its own, and one session, or one for each call where a session cannot outlive
it (PyTorch). Sessions start and stop in the thread that makes the call, belong to the process that opened
them, and give way to a session of the program's.
"""

import atexit
import os
import threading
import time

from predictscope import deadline, frameworks, record
from predictscope.functions import CALLS, Functions
from predictscope.note import Note
from predictscope.outputs import Outputs
from predictscope.slowcalls import SlowCalls

_LOOK_NS = 100 * 1000 * 1000
_LONGEST_LOOK_NS = 2 * 1000 * 1000 * 1000
# Own work shorter than this is not worth a record of its own.
_OWN_WORK_NS = 100 * 1000
_CLOCK_NS = 10 * 1000 * 1000 * 1000
# Deciding about a call takes microseconds. After so many calls that nothing can trace, only a look asks again.
_IDLE_CALLS = 16
_MOST_SLOW_WINDOWS = 3
_SLOW_CALLS = 10
# A window that was not asked for may take this share of the time since the start, by what the last one took.
_SLOW_SHARE = 0.02
# The program's own profiler waits so long for a call of another thread that ours is recording.
_LONGEST_WAIT_S = 10

WAITING, WARMING, DONE = range(3)


class _Plan:
    """How far the windows of one profiler are."""

    def __init__(self, profiler, warm_up):
        self.profiler = profiler
        self.kinds = list(profiler.KINDS)
        self.phase = WAITING
        self.ended = False
        self.seen = 0
        self.warm_up = warm_up

    def next_kind(self):
        """The window that the present call should open, or None."""
        if self.phase == DONE or (self.phase == WARMING and self.seen <= self.warm_up):
            return None
        if self.profiler.PER_CALL and self.seen == 1 and not deadline.is_main(threading.get_ident()):
            return None  # a session in another thread can be ended by nobody: not before one call has ended
        return self.kinds[0]

    def opened(self, kind):
        if kind in self.kinds:
            self.kinds.remove(kind)
        self.phase = WARMING if self.kinds else DONE

    def end(self):
        """No window any more, not even one that is asked for."""
        self.kinds = []
        self.phase = DONE
        self.ended = True


class _Window:
    """A window that is open."""

    def __init__(self, profiler, kind, path, calls):
        self.profiler = profiler
        self.kind = kind
        self.path = path
        self.calls = calls
        self.traced = 0
        self.opened_ns = time.perf_counter_ns()
        self.bytes = 0
        self.deadline = None  # of the open session


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
        self._stopped = threading.Condition(self._lock)
        self._pid = os.getpid()
        self._warm_up = int(options.get("warmUpCalls", 5))
        self._calls = int(options.get("tracedCalls", 20))
        self._seconds = float(options.get("tracedSeconds", 10))
        self._stop_calls = options.get("stopAfterCalls")
        self._began_ns = time.perf_counter_ns()
        self._stop_ns = None
        if options.get("stopAfterSeconds") is not None:
            self._stop_ns = self._began_ns + int(float(options["stopAfterSeconds"]) * 1e9)
        self._done = self._calls <= 0  # for good: switched off, or the program profiles itself
        self._plans = {}
        self._window = None
        self._extra = None  # the kind of a window that the next call shall open
        self._idle = 0
        self._total = 0
        self._traces = 0
        self._next_clock = 0
        self._described = set()
        self._close_at_exit = False
        self._has_framework = False
        self._refused = None
        self._slow_calls = SlowCalls()
        self._slow_windows = 0
        self._cost_ns = 0  # of the last window: opening and closing
        self._captured = self._capture_asked()
        self._function_calls = CALLS if self._calls > 0 else 0
        self._functions = None
        most_outputs = int(options.get("keepOutputs", 0))
        self._outputs = Outputs(folder, most_outputs) if most_outputs > 0 else None
        self._modules = None
        self._seen = {}  # calls by site, while something is to be decided
        self._settle()

    def framework_loaded(self):
        """A framework with a profiler was imported: windows can open from now on."""
        self._has_framework = True
        self._idle = 0
        self._settle()

    def folder(self):
        """Where this process writes; None while no trace can be taken."""
        return self._folder.path if not self._done and self._folder.open() else None

    def _settle(self):
        """`slow` is set only while it has something to decide: it costs microseconds."""
        undecided = any(plan.phase != DONE for plan in self._plans.values()) or not frameworks.all_seen(self._plans)
        undecided = undecided or self._functions is None or self._functions.pending
        traces = self._has_framework and not self._done and self._idle < _IDLE_CALLS
        wanted = self.off or self._stop_calls is not None or self._window is not None
        wanted = wanted or (self._outputs is not None and self._outputs.pending)
        self.slow = self._before if wanted or (traces and (undecided or self._extra is not None)) else None

    def _function_note(self, site, warm):
        """The windows of the call's profiler are over: what comes then."""
        if self._functions is None:
            self._functions = Functions(self._folder, self.sampler, self._function_calls)
        begin = time.perf_counter_ns()
        note = self._functions.note(site, self._seen, self, warm)
        ended = time.perf_counter_ns()
        if ended - begin > _OWN_WORK_NS:  # their file was written
            self._recorder.write(record.OWN_WORK, begin, ended)
        return note

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
            note = self._note(site, now)
            if self._outputs is not None and self._outputs.wanted(site):
                if note is None:
                    note = Note(self, None, None, 0)
                if note.__class__ is Note:  # not while functions are recorded
                    note.output = self._outputs
            return note, True

    def _note(self, site, now):
        if self._done or os.getpid() != self._pid:
            self._settle()
            return None
        self._seen[site] = self._seen.get(site, 0) + 1
        profiler = frameworks.for_site(site)
        if profiler is None:
            self._idle += 1
            if self._idle >= _IDLE_CALLS:
                self._settle()
            return None
        plan = self._plans.get(profiler.NAME)
        if plan is None:
            plan = self._plans[profiler.NAME] = _Plan(profiler, self._warm_up)
        plan.seen += 1
        warm = record.WARM_UP if plan.seen <= self._warm_up else 0
        if profiler.PER_CALL and not _outlives(threading.current_thread()):
            return Note(self, profiler, None, warm) if warm else None
        if self._window is not None and self._expired(now) and self._may_stop():
            self._close(now)
        if self._window is None:
            kind = plan.next_kind()
            if kind is None and plan.phase == DONE and not plan.ended and "first" in profiler.KINDS:
                kind, self._extra = self._extra, None
            if kind is not None:
                return self._open(profiler, plan, kind, warm, now)
            if plan.phase == DONE:
                note = self._function_note(site, warm)
                if note is None and not self._functions.pending:
                    self._idle += 1
                    self._settle()
                if note is not None:
                    return note
        elif self._window.profiler is profiler:
            if self.session is None:
                return self._start(warm, now)
            if self.session.thread in (None, threading.get_ident()):
                return Note(self, profiler, self.session, warm)
        return Note(self, profiler, None, warm) if warm else None

    def _expired(self, now):
        return now - self._window.opened_ns > self._seconds * 1e9

    def _may_stop(self):
        return self.session is None or self.session.thread in (None, threading.get_ident())

    def _open(self, profiler, plan, kind, flags, begin):
        """Opens a window with this call; the call's note, or None where there can be none."""
        path = os.path.join(self._folder.path or "", "trace-%d" % self._traces)
        try:
            os.makedirs(path)
        except OSError as error:
            self._give_up("The traces could not be written: %s." % error)
            return None
        calls = {"first": 1, "slow": min(_SLOW_CALLS, self._calls)}.get(kind, self._calls)
        if kind == "steady" and "first" not in profiler.KINDS:
            calls += self._warm_up
        self._window = _Window(profiler, kind, path, calls)
        plan.opened(kind)
        note = self._start(record.WARM_UP if kind == "first" else flags, begin)
        if note is None:
            self._window = None
            os.rmdir(path)
            self._settle()
        else:
            self._traces += 1
        return note

    def _start(self, flags, begin):
        """Starts a session in the open window; the note of the call that is about to begin, or None."""
        window = self._window
        if not self._close_at_exit:
            # Registered after the framework's own handlers, so it runs before they tear it down.
            self._close_at_exit = True
            atexit.register(self.close)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=self._before_fork)
        try:
            self.session = window.profiler.start(window.path)
        except frameworks.Unsafe as reason:
            self._folder.problem("%s Calls are timed, but no trace is taken." % reason)
            self._plans[window.profiler.NAME].end()
            return None
        except frameworks.Busy as busy:
            self._give_up(
                "%s Calls are timed, but no trace is taken." % busy,
                "Take the program's own profiler out for this run to get a trace.",
            )
            return None
        except Exception as error:
            self._give_up("The framework's profiler could not start: %s: %s" % (type(error).__name__, error))
            return None
        seconds = window.profiler.seconds(self._seconds) if window.profiler.PER_CALL else self._seconds
        window.deadline = deadline.Deadline(seconds, lambda: self._expire(window))
        self._cost_ns = time.perf_counter_ns() - begin
        return Note(self, window.profiler, self.session, flags, begin)

    def _give_up(self, problem, fix=None):
        self._folder.problem(problem, fix)
        self._done = True
        self._settle()

    def opened(self, begin):
        """The session is open and the call about to begin: all of it was our work."""
        self._recorder.write(record.OWN_WORK, begin, time.perf_counter_ns())

    def enqueued(self, profiler, value):
        """Whether a result is still being computed by a device."""
        try:
            return hasattr(profiler, "enqueued") and profiler.enqueued(value)
        except Exception:
            return False

    def after(self, note, ended):
        """Runs after a noted call's end was stamped, at perf_counter `ended`."""
        with self._lock:
            window = self._window
            if note.session is None or note.session is not self.session or os.getpid() != self._pid:
                return
            if not self._may_stop():
                return  # a token that died in another thread than its call
            window.traced += 1
            # The first window is there for its first call, whatever calls that makes in turn.
            whole = window.kind != "first" or note.opened_ns is not None
            if whole and (window.traced >= window.calls or self._expired(ended)):
                return self._close(ended)
            if note.opened_ns is not None and window.profiler.PER_CALL:
                self._stop_session(window)
                if window.bytes > window.profiler.MOST_BYTES:
                    return self._close(ended)
                self._recorder.write(record.OWN_WORK, ended, time.perf_counter_ns())

    def abandon(self, note):
        """The call got no record: its session must not wait for it."""
        with self._lock:
            if note.opened_ns is not None and note.session is self.session:
                self._close()

    def _stop_session(self, window):
        """Ends the open session of a window in this thread; False when that did not work."""
        session, self.session = self.session, None
        try:
            if session is not None:
                window.deadline.cancel()
                window.bytes += session.stop() or 0
            return True
        except Exception as error:
            self._folder.problem("The trace could not be written: %s: %s" % (type(error).__name__, error))
            return False
        finally:
            self._stopped.notify_all()

    def _expire(self, window):
        """The window's time is over, and its call is not; runs in the deadline's thread."""
        with self._lock:
            if self._window is not window or os.getpid() != self._pid:
                return
            if self._may_stop():
                self._cut()
                return
            owner = self.session.thread
        if deadline.is_main(owner):
            deadline.call_in_main_thread(lambda: self._expire_here(window))

    def _expire_here(self, window):
        with self._lock:
            if self._window is window and self._may_stop():
                self._cut()

    def _cut(self):
        if self.session is not None:
            self._folder.problem(
                "A traced call took longer than a trace may get (it is kept in memory while it is taken): "
                "the trace shows its beginning.",
                "Profile a call that does less, or raise the seconds that a trace may take.",
            )
        self._close()

    def _close(self, begin=None):
        window, self._window = self._window, None
        if window is None:
            return
        begin = begin or time.perf_counter_ns()
        if window.deadline is not None:
            window.deadline.cancel()
        self._settle()
        if self._stop_session(window) and os.listdir(window.path):
            try:
                getattr(window.profiler, "finish", len)(window.path)
            except Exception:
                pass  # the parts are readable as they are
            self._folder.write(
                t="trace",
                path=os.path.relpath(window.path, self._folder.path),
                framework=window.profiler.NAME,
                window=window.kind,
                calls=window.traced,
            )
            self._tell_modules(window.profiler)
        self._describe(True)
        ended = time.perf_counter_ns()
        self._cost_ns += ended - begin
        self._recorder.write(record.OWN_WORK, begin, ended)

    def _tell_modules(self, profiler):
        try:
            rows = profiler.modules() if hasattr(profiler, "modules") else []
        except Exception:  # a module that does not let itself be looked at
            rows = []
        if rows and rows != self._modules:
            self._modules = rows
            self._folder.write(t="modules", rows=rows)

    def close(self):
        """Ends an open window: at exit, and when the user asks to stop recording."""
        with self._lock:
            if os.getpid() == self._pid:
                if self._may_stop():
                    self._close()
                if self._functions is not None:
                    self._functions.finish()
                self._done = True
                self._settle()
                frameworks.discard()

    def _before_fork(self):
        """A child that inherits an open session of this thread crashes when it ends (PyTorch 2.13)."""
        if os.getpid() != self._pid:  # a child's child: the lock may be held by a thread that it does not have
            return
        with self._lock:
            if self.session is not None and self.session.thread == threading.get_ident():
                self._stop_session(self._window)
            watching = self._window.deadline if self._window is not None and self.session is not None else None
        if watching is not None:
            watching.cancel(wait=True)

    def after_fork(self):
        """In a forked child, of the parent's windows."""
        if self._functions is not None:
            self._functions.after_fork()

    def give_way(self, starts=True):
        """The program is about to start (or stop) a session itself: ours ends now and does not come back."""
        with self._lock:
            if os.getpid() != self._pid or self._calls <= 0:
                return
            session = self.session
            if session is not None or self._window is not None:
                self._say_once(
                    "The program started a profiler session of its own, so ours ended early.",
                    "Take the program's own profiler out for this run to get a full trace.",
                )
                self._done = True  # no call starts another one while we wait
                if not self._may_stop():
                    self._stopped.wait_for(lambda: self.session is not session, _LONGEST_WAIT_S)
                if self._may_stop():
                    self._close()
                else:
                    self._abandon()
            elif not starts:
                return  # a stop without a start: the program's own affair
            elif not self._done and self._traces < 2:
                self._say_once(
                    "The program uses the framework's profiler itself, so %s trace of ours was taken."
                    % ("no" if self._traces == 0 else "no further"),
                    "Take the program's own profiler out for this run to get one.",
                )
            self._done = True
            self._settle()

    def _abandon(self):
        """The call that our session waits for waits for the program's profiler. Never stopped and never exported,
        it does no harm in 2.13; to stop it once it is displaced would end the process."""
        if self._window.deadline is not None:
            self._window.deadline.cancel()
        self.session = self._window = None
        self._folder.problem(
            "The program started a profiler in a thread that a traced call waits for; the trace of that call is lost.",
            "Profile without traces (--calls 0), or take the program's own profiler out for this run.",
        )

    def _say_once(self, message, fix):
        if not self._done:
            self._folder.problem(message, fix)

    def prepare(self):
        """Everything that the first record needs, before the first call: its time is the program's."""
        self._recorder.open()
        self.look(time.perf_counter_ns(), False)
        self.next_look = 0  # the first call tells the sampler that it begins

    def look_soon(self):
        """The next call looks: after a fork, which may have ended the sampler."""
        self.next_look = 0

    def look(self, now, called=True):
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
        if called:
            self.sampler.call_begins()
        if self._folder.stop_asked() or (self._stop_ns is not None and now >= self._stop_ns):
            self._turn_off()
            self.close()
        elif self._has_framework:
            self._look_for_windows(now)
        cost = time.perf_counter_ns() - now
        self.next_look = now + max(_LOOK_NS, min(2000 * cost, _LONGEST_LOOK_NS))
        if cost > _OWN_WORK_NS:
            self._recorder.write(record.OWN_WORK, now, now + cost)

    def _look_for_windows(self, now):
        """Whether the next call shall open a window: the user asked for one, or a call was slow."""
        asked = self._capture_asked()
        with self._lock:
            self._idle = 0
            if asked is not None and asked != self._captured:
                self._captured = asked
                if not self._done:
                    self._extra = "capture"
                elif self._calls > 0:
                    self._folder.problem("A capture was asked for, but no trace can be taken in this process any more.")
            elif self._slow_windows < _MOST_SLOW_WINDOWS and not self._done and self._window is None:
                slow = self._slow_calls.look(self._recorder.newest)
                if slow and self._extra is None and self._cost_ns < _SLOW_SHARE * (now - self._began_ns):
                    self._slow_windows += 1
                    self._extra = "slow"
            self._settle()

    def _capture_asked(self):
        """When the user last asked for a window: the time of the file `capture` in the run directory."""
        try:
            return os.stat(os.path.join(self._folder.run, "capture")).st_mtime
        except OSError:
            return None

    def _describe(self, final=False):
        """Writes a framework's version and registered devices, once it has initialised them itself."""
        try:
            for description in frameworks.describe(final):
                if description["name"] not in self._described:
                    self._described.add(description["name"])
                    self._folder.write(t="framework", **description)
        except Exception:
            self._described.add("")

    def at_exit(self):
        """Last words of the process."""
        self.close()
        self._describe(True)
        if self._recorder.used():
            self._recorder.clock_pair()


def _outlives(thread):
    """Whether the process waits for a thread before it ends. A session must not be open in one that it leaves."""
    return not thread.daemon
