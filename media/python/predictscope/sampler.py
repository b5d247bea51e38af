"""The line sampler: one thread that notes every few milliseconds where all the others are.

Elapsed-weighted: the time between two samples goes to what a thread did at the one and at the other, so that a
sample that comes late, because the thread held the GIL in C, weighs as much as it should (`_change_tick`).

The thread is a raw one: the threading module does not list it or wait for it. It runs no code of the
program's (see quiet.py) and holds no frame while it lets go of the GIL.
"""

import _thread
import os
import sys
import threading
import time

from predictscope.quiet import NoSignals, hold, let_go, release, switch_off, switch_on
from predictscope.samplefile import PLACED_BYTES, SampleFile
from predictscope.switching import SHORT_S, SwitchInterval

DEFAULT_INTERVAL_MS = 5
MOST_FRAMES = 200
_LONGEST_INTERVAL_S = 0.2
# What a killed process loses: at most half of its life, half a second of changes, a second without any.
_FIRST_FLUSH_NS = 25 * 1000 * 1000
_FLUSH_NS = 500 * 1000 * 1000
_MARK_NS = 1000 * 1000 * 1000
# Where the system does not tell whether we waited: a thread that nobody keeps from running runs within so many
# microseconds of its time, mostly. On virtual machines waking alone may take 150 to 300.
_AT_ONCE_TICKS = 200
# Later than usual by this, a thread that waits for nobody had to wait for a processor.
_BEHIND_TICKS = 400
# After a look that had to ask so often (a long call of C with the GIL), so many wait with Python's own interval.
_MOST_ASKED = 5
_PATIENT_LOOKS = 16
# The interval is as long as it must be for these shares of the time to be kept. The first looks, and those after the
# first call of a model, are kept close, so that a short program is seen as well as it can be; after them more looks add
# little. While a program imports every look meets new functions, which makes it dear.
_CHECK_NS = 250 * 1000 * 1000
_CLOSE_LOOKS = 400
_EASY_TIMES = 2  # up to so many times the asked interval for this share, and any for the others
_EASY_COST = 0.003
_MOST_COST = 0.01
_MOST_COST_CLOSE = 0.02
# Intervals are spread by a quarter to both sides, at random: a program that repeats itself at our own pace, or a whole
# number of times it, would else be seen at few places only. Spread evenly (by the golden ratio, say) they would add up
# to the same pace. The generator is the usual linear one, as the program's `random` is the program's.
_MULTIPLIER, _INCREMENT, _MODULUS = 1103515245, 12345, 1 << 31

_DEPTH = (None,) * MOST_FRAMES
_perf = time.perf_counter_ns
_cpu = getattr(time, "thread_time_ns", lambda: 0)
# Bound here, before the program can replace them (gevent does).
_start_thread = _thread.start_new_thread
_allocate_lock = _thread.allocate_lock
_sleep = time.sleep
_get_ident = _thread.get_ident
_get_native_id = getattr(_thread, "get_native_id", None)
try:
    from resource import RUSAGE_THREAD, getrusage
except ImportError:  # other systems than Linux
    getrusage = RUSAGE_THREAD = None
_clock_ns = getattr(time, "clock_gettime_ns", None)
# From 3.12 on os.fork() warns when the process has a second thread, even if it is only ours.
_FORK_WARNS = sys.version_info >= (3, 12)


class _Seen:
    """A thread as the last sample found it."""

    __slots__ = ("chain", "stack", "number", "native", "since")


class _Session:
    """One life of the thread: it ends before a fork and begins again at a later call."""

    __slots__ = ("wake", "done", "quit", "native")

    def __init__(self):
        self.wake = _allocate_lock()
        self.done = _allocate_lock()
        self.wake.acquire()
        self.done.acquire()
        self.quit = False
        self.native = 0


class Sampler:
    """Of one process. `start` may be called at every look; `stop` ends it for good."""

    def __init__(self, folder, options):
        self._folder = folder
        self._asked_s = float(options.get("samplerIntervalMs", DEFAULT_INTERVAL_MS)) / 1000
        self._interval_s = self._asked_s
        self._over = self._asked_s <= 0
        self._session = None
        self._starting = _allocate_lock()
        self._file = None
        self._zero = 0
        self._threads = {}
        self._tick = 0  # of the last sample
        self._due = 0  # when the next one is to be
        self._random = 1
        self._known = 0  # up to when the last look says where a thread was
        self._hidden = False
        self._ran = False  # hidden, and by the program's one thread: where it is seen now it has come anew
        self._switch = SwitchInterval()
        self._single = False  # the program had one thread at the last look
        self._patient = 0  # looks that leave the switch interval alone
        self._short = False  # the switch interval was short while we waited for this look
        self._usual = _AT_ONCE_TICKS  # how late we wake when nobody has the GIL: the median, learned step by step
        self._main_clock = None  # counts what the main thread has of a processor
        self._main_ns = 0
        self._waited = False  # the GIL was another thread's when we woke for this look
        self._pauses = -1  # how often we had gone to sleep before we waited for this look; -1: not known
        self._samples = 0
        self._longest = 0
        self._own_ns = 0
        self._problem = None  # to be written once the GIL may be let go
        self._back = []  # what puts the garbage collector back, while our thread has switched it off
        self.also = None  # called about twice a second, from the thread
        self._called = False
        self._close_from = 0

    def start(self):
        """Starts the thread unless it runs, or is over. Never raises."""
        if self._session is not None or self._over or not self._starting.acquire(False):
            return
        try:
            now = _perf()
            if self._file is None:
                self._zero = now
                interval_us = int(self._asked_s * 1e6)
                file = SampleFile(self._folder, now, time.time_ns(), interval_us)
                file.open()
                self._file = file
            self._tick = self._known = (now - self._zero) // 1000
            session = _Session()
            with NoSignals():
                _start_thread(self._run, (session,))
            self._session = session
        except Exception as error:  # no more threads; the interpreter is going down
            self._fail(error)
        finally:
            self._starting.release()

    def call_begins(self):
        """Told at calls of a model: from the first on looks are close again, whatever the imports before it cost."""
        if not self._called:
            self._called = True
            self._close_from = self._samples
            self._interval_s = self._asked_s

    def rest(self):
        """Ends the thread until `start`: for a while its own functions would be somebody's figures."""
        self._end()

    def stop(self):
        """Ends sampling: at exit, and when the user asks to stop recording."""
        if not self._over:
            self._over = True
            self._end()

    def before_fork(self):
        """Ends the thread where it alone would make the fork warn; the next look starts it again."""
        try:
            if _FORK_WARNS and self._session is not None and _alone_with(self._session):
                session = self._end()
                for _ in range(100):  # the thread leaves the kernel a little after it leaves Python
                    if session is None or not _exists(session.native):
                        return
                    _sleep(0.0002)
        except Exception:  # Python would print it
            pass

    def forget(self):
        """In a forked child: the parent's thread is not here, its file stays the parent's."""
        self._over = True
        self._switch.restore()
        switch_on(self._back)
        if self._file is not None:
            self._file.close()

    def at_exit(self):
        """Ends sampling, and writes what it cost."""
        self.stop()
        if self._samples:
            self._folder.write(
                t="sampler",
                samples=self._samples,
                longestGapNs=self._longest,
                ownCpuNs=self._own_ns,
                intervalMs=round(self._interval_s * 1000, 3),
            )

    def _end(self):
        session, self._session = self._session, None
        if session is None:
            return None
        session.quit = True
        session.wake.release()
        session.done.acquire(True, 1)  # a disk that hangs must not keep the program from ending
        return session

    def _fail(self, error):
        self._over = True
        self._folder.problem(
            "Where the time goes could not be sampled: %s: %s." % (type(error).__name__, error),
            "Calls are timed all the same.",
        )

    def _run(self, session):
        try:
            if _get_native_id is not None:
                session.native = _get_native_id()
            self._loop(session)
        except BaseException as error:  # nothing of ours reaches the program
            try:
                self._fail(error)
            except BaseException:
                pass
        finally:
            session.done.release()

    def _loop(self, session):
        file = self._file
        stop = os.path.join(self._folder.run, "stop")
        back = switch_off()
        try:
            self._begin()
            self._switch.install()
            block = b""
            while not session.quit:
                if block:
                    back = self._do_chores(back)
                wait = (session.wake.acquire, (True, self._wait_s()))
                waits = calls = self._switch.around(wait) if self._single and self._patient == 0 else [wait]
                self._short = len(waits) > 1
                self._pauses = -1 if block else _pauses()
                if block:
                    calls = [(os.write, (file.fd, block)), (os.access, (stop, os.F_OK)), *calls]
                self._back = []
                results, back = release(calls, back)
                self._back = back
                self._switch.settle(results[-len(waits) :])
                if block:
                    file.appended(block, results[0])
                    if results[1]:
                        self._over = True
                        self._session = None
                        break
                block = self._turn()
            back = self._do_chores(back)
            block += self._last_block()
            results, back = release([(os.write, (file.fd, block))], back)
            file.appended(block, results[0])
        finally:
            self._switch.remove()
            self._back = []
            switch_on(back)

    def _do_chores(self, back):
        """What lets go of the GIL in Python code, now and then. The new `back`."""
        self._back = held = hold(back)
        try:
            self._file.resolve()
            if self.also is not None:
                self.also()
            if self._problem is not None:
                problem, self._problem = self._problem, None
                self._folder.problem(*problem)
        finally:
            self._back = back = let_go(held, back)
        return back

    def _begin(self):
        self._me = _get_ident()
        self._main = threading.main_thread().ident
        self._main_clock = None
        # Of a number that is no thread's (gevent gives it another) the C library would read anywhere.
        if self._main in sys._current_frames():
            try:
                clock = time.pthread_getcpuclockid(self._main)
                self._main_ns = _clock_ns(clock)
                self._main_clock = clock
            except (AttributeError, OSError):  # other systems
                pass
        self._changed = False
        self._flushed = _perf()
        self._flush_every = _FIRST_FLUSH_NS
        self._checked = None
        self._cpu_before = self._own_ns - _cpu()

    def _turn(self):
        """One sample; now and then a block to be appended."""
        last = self._tick
        self._changed |= self._look()
        now = _perf()
        self._longest = max(self._longest, (self._tick - last) * 1000)
        if now - self._flushed < min(self._flush_every, _FLUSH_NS if self._changed else _MARK_NS):
            return b""
        self._flush_every = 2 * (now - self._flushed)
        self._flushed = now
        self._changed = False
        file = self._file
        if not file.placed:
            self._spend()
        elif file.full():
            self._sum_up()
        self._check_cost(now)
        return file.block(self._tick)

    def _last_block(self):
        """What is left to write. Nobody knows what the threads do from here on."""
        file = self._file
        if file.placed:
            file.pause(self._tick)
        else:
            self._spend()
        for seen in self._threads.values():
            seen.chain = None
            seen.stack = 0
        self._own_ns = self._cpu_before + _cpu()
        return file.block(self._tick, True)

    def _check_cost(self, now):
        cpu = _cpu()
        self._own_ns = self._cpu_before + cpu
        if self._checked is None:  # making the file and the first stacks is done once
            self._checked = now, cpu, self._samples
        elif now - self._checked[0] >= _CHECK_NS:
            self._back_off((cpu - self._checked[1]) / 1e9 / max(1, self._samples - self._checked[2]))
            self._checked = now, cpu, self._samples

    def _wait_s(self):
        """Until the next look is due. Counted from when the last one was due, not from when it came about: that is
        often when the program lets go of the GIL, and looks would keep step with what it does then."""
        now = (_perf() - self._zero) // 1000
        self._random = (self._random * _MULTIPLIER + _INCREMENT) % _MODULUS
        step = self._interval_s * (0.75 + 0.5 * self._random / _MODULUS) * 1e6
        due = self._due + step
        if due <= now:  # what was missed is not made up for
            due = now + step * (1 - (now - due) / step % 1)
        self._due = due
        return max(0.0, (due - now) / 1e6)

    def _back_off(self, look_s):
        """`look_s`: what a look takes of a processor, in seconds."""
        interval, most = self._asked_s, _MOST_COST_CLOSE
        if self._samples - self._close_from >= _CLOSE_LOOKS:
            interval, most = max(interval, min(look_s / _EASY_COST, self._asked_s * _EASY_TIMES)), _MOST_COST
        longest = max(_LONGEST_INTERVAL_S, self._asked_s)
        self._interval_s = min(max(interval, look_s / most), longest)

    def _look(self):
        """Where all threads are now; True when one of them was elsewhere before."""
        me = self._me
        frames = sys._current_frames()
        # Our own frame in it would make a circle with this function's variables: all frames in it, and what the
        # program has in their variables, would then live until the garbage collector comes.
        frames.pop(me, None)
        tick = (_perf() - self._zero) // 1000
        since, self._hidden = self._change_tick(tick)
        self._single = len(frames) == 1
        ran_ns = self._ran_ns(frames)
        self._ran = self._hidden and self._single and (self._waited or ran_ns > 500 * (tick - int(self._due)))
        threads = self._threads
        changed = False
        for ident, top in frames.items():
            chain = []
            add = chain.append
            frame = top
            for _ in _DEPTH:
                if frame is None:
                    break
                add(frame.f_code)
                add(frame.f_lasti)
                frame = frame.f_back
            seen = threads.get(ident)
            if seen is None or seen.chain != chain or self._ran:
                changed |= self._moved(ident, seen, chain, top, frame is None, since)
        if len(threads) > len(frames):
            for ident in [ident for ident in threads if ident not in frames]:
                self._leave(threads.pop(ident), 0, since)
                changed = True
        self._tick = tick
        self._samples += 1
        return changed

    def _ran_ns(self, frames):
        """What the main thread had of a processor since the last look, where it is the only one; else 0."""
        if self._main_clock is None or not self._single or self._main not in frames:
            return 0
        before, self._main_ns = self._main_ns, _clock_ns(self._main_clock)
        return self._main_ns - before

    def _change_tick(self, tick):
        """The tick from which on this look counts: half way between the moment when it was due and the look before.
        And whether what it sees is something else than what the thread was at when the look was due.

        If we could look at once, or had to ask for the GIL, the thread is still where it was; with a short switch
        interval all looks come late by about the same, which moves nothing. Else see `_missed`.
        """
        last, due = self._known, min(int(self._due), tick)
        hidden = self._missed(tick - due)
        # A look that is a little late counts for no more than one in time; one that others were missed for, for all.
        self._known = due if hidden or tick - due < self._interval_s * 1e6 else tick
        return max(self._file.written, last + max(0, due - last) // 2), hidden

    def _missed(self, late):
        """Whether what we see came after what we waited for. `late` in ticks. Either somebody had the GIL when we woke
        and let it go before we asked for it: then it ran Python, and we see the call that ended that. Or it ran on the
        processor that we woke on, and went on until it had to wait itself.

        The kernel counts how often we sleep: once until we were due, once for the GIL, again for the lock around that
        where it is let go just then, and again each time that we have asked for it (or not, where it is heard at once).
        """
        asked = (SHORT_S if self._short else self._switch.theirs) * 1e6
        if self._pauses < 0:
            self._waited = False
            return _AT_ONCE_TICKS < late < asked
        waits = _pauses() - self._pauses - 1
        self._waited = waits > 0
        self._patient = _PATIENT_LOOKS if waits > _MOST_ASKED else max(0, self._patient - 1)
        if waits > 0:  # too early to have asked, or later than so many times of asking can be
            return late < self._usual + asked or waits <= 2 and late > self._usual + 2 * asked + _BEHIND_TICKS
        behind = late > self._usual + _BEHIND_TICKS
        self._usual += 5 if late > self._usual else -5
        return behind

    def _moved(self, ident, seen, chain, top, whole, since):
        stack = self._file.find(chain, whole)
        if stack is None:
            places = []
            frame = top
            for _ in _DEPTH:
                if frame is None:
                    break
                places.append((frame.f_code, frame.f_lasti, frame.f_lineno))
                frame = frame.f_back
            stack = self._file.add(places, whole)
        thread = threading._active.get(ident)
        # The call records know a thread by this. Before 3.8 there is only the ident.
        native = ident if _get_native_id is None else getattr(thread, "_native_id", None) or 0
        if seen is None or seen.native != native:
            if seen is not None:  # another thread got the ident of one that ended
                self._leave(seen, 0, since)
            name = getattr(thread, "_name", None)
            seen = self._threads[ident] = _Seen()
            seen.number = self._file.thread(native, ident, name if isinstance(name, str) else "")
            seen.native = native
            seen.stack = 0
            seen.since = since
        seen.chain = chain
        if self._hidden:
            # What we see is where the GIL was let go. A look is to say where the thread was when it was due.
            seen.chain = None
            stack = self._file.before(stack)
        if seen.stack == stack:
            return False
        self._leave(seen, stack, since)
        return True

    def _leave(self, seen, stack, since):
        """The thread's stack is another one since the previous sample."""
        if self._file.placed:
            self._file.change(since, seen.number, stack)
        else:
            self._file.spent(seen.number, seen.stack, since - seen.since)
        seen.stack = stack
        seen.since = since

    def _sum_up(self):
        self._file.sum_up(self._tick)
        self._problem = (
            "The samples of where the time goes reached %d MB; from here on only sums per line are kept."
            % (PLACED_BYTES >> 20),
            "Sample more rarely (--sampler-interval), or stop recording earlier (--stop-after).",
        )
        for seen in self._threads.values():
            seen.since = self._tick

    def _spend(self):
        for seen in self._threads.values():
            self._file.spent(seen.number, seen.stack, self._tick - seen.since)
            seen.since = self._tick


def _pauses():
    """How often our thread has gone to sleep by itself so far; -1 where the system does not tell."""
    return -1 if getrusage is None else getrusage(RUSAGE_THREAD).ru_nvcsw


def _alone_with(session):
    """True when the process has one thread beside ours, or that cannot be told."""
    try:
        return session.native == 0 or len(os.listdir("/proc/self/task")) <= 2
    except OSError:
        return True


def _exists(native):
    return native != 0 and os.path.exists("/proc/self/task/%d" % native)
