"""What runs around every call of the user's model, and so holds no work that it can do without.

The functions share one state a thread, `[call, native thread id]`, where `call` is the innermost open one as
(buffer, byte offset, slot number + 1, descriptor). Records: "Run directory, version 1" in docs/run-directory.md.
"""

import struct
import threading
import time

from predictscope.shapes import Shapes
from predictscope.store import CALL, CLOCK_PAIR, HEADER_BYTES, OWN_WORK, SLOT_BYTES, Recorder, flush, native_id

__all__ = [
    "CLOCK_PAIR",
    "ENQUEUED",
    "FUNCTIONS",
    "OWN_WORK",
    "RAISED",
    "Recorder",
    "Shapes",
    "TRACED",
    "WARM_UP",
    "make_functions",
]

# The last: under Python's function profiler, so it took longer than it does.
RAISED, TRACED, ENQUEUED, WARM_UP, FUNCTIONS = 1, 2, 4, 8, 16

# Begin, thread, site, shape, parent, kind: what is not named is zero, also the end.
_pack_begin = struct.Struct("<Q8xQ8xIII3xB").pack_into
_pack_u64 = struct.Struct("<Q").pack_into
_pack_u32 = struct.Struct("<I").pack_into
_pack_u16 = struct.Struct("<H").pack_into
_perf = time.perf_counter_ns


_request = None  # slot number + 1 of the request that is served, once a web framework is there


def group_by(request):
    """Calls that nothing encloses name what `request()` returns as their parent."""
    global _request
    _request = request


_restart = None  # what an open call does when its argument is ready: all until then was the argument's


def at_stamp(restart):
    """While a call is open that wants to know when it really begins."""
    global _restart
    _restart = restart


class _Threads(threading.local):
    """`state` of the thread that asks."""

    def __init__(self):
        self.state = [None, native_id()]


class Token(list):
    """[call, outer call, thread state] of an open call, held by the expression that makes it. Dropped while
    the call is still in it, it closes the call as raised. A list, because one is made without a call of __init__."""

    __slots__ = ()

    def __del__(self):
        if self[0] is not None:
            _raised(self)


class SlowToken(Token):
    """A token with a window's note, or of a call whose slot is appended: closed by `close`."""

    __slots__ = ()


class FoldedToken(Token):
    """[site, begin] of a call that has no slot and will only be counted."""

    __slots__ = ()


def _raised(_token):  # replaced by make_functions; a token cannot exist before that
    pass


def make_functions(recorder, windows, shapes):
    """(begin, end, detached, shape, stamp, shape_and_stamp): the functions that rewritten code calls.

    `begin(site, input)` before callee and arguments are evaluated (the input where it is a plain name);
    `shape` notes the shape of an input, `stamp` re-stamps the begin after the last argument's own work;
    `end(token, value)` returns `value`. `detached` is `begin` for awaited calls, which may end in any order
    and so are nobody's parent.
    """
    global _raised
    threads = _Threads()
    slot = recorder.slot
    next_number = recorder.next_number
    shape_index = shapes.index
    known_shapes = shapes.known
    array_types = shapes.array_types
    faults = []

    def fault(error):
        """Said once; windows are over, and what can still be timed is. At the program's own limits (depth of
        recursion, memory) nothing of ours is wrong."""
        if not faults and not isinstance(error, (RecursionError, MemoryError)):
            faults.append(error)
            windows.slow, windows.next_look = None, 1 << 63
            recorder.report(error)

    def look(now):
        try:
            windows.look(now)
        except Exception as error:
            fault(error)

    def begin(site, value=None):
        try:
            if windows.slow is not None:
                return begin_slowly(site, value, windows.slow)
            number = next_number()
            buffer, first, limit, fd = recorder.newest
            if first <= number < limit and fd is None:
                call = (buffer, HEADER_BYTES + (number - first) * SLOT_BYTES, number + 1, None)
            else:
                call = slot(number)
                if call is None:
                    return begin_folded(site)
                return begin_in(call, site, value, None)
            if value is None:
                index = 0
            elif value.__class__ in array_types:
                try:
                    index = known_shapes.get(value.shape) or shape_index(value)
                except Exception:  # nested tensors have no shape
                    index = 0
            else:
                index = shape_index(value)
            state = threads.state
            outer = state[0]
            state[0] = call
            parent = outer[2] if outer is not None else 0 if _request is None else _request()
            now = _perf()
            _pack_begin(buffer, call[1], now, state[1], site, index, parent, CALL)
            if now > windows.next_look:
                look(now)
                _pack_u64(buffer, call[1], _perf())
            return Token((call, outer, state))
        except Exception as error:  # a fault of ours is not the program's
            return fault(error)

    def begin_in(place, site, value, note):
        """Opens a call in a slot got from the recorder."""
        buffer, offset, number, fd = place
        call = (buffer, offset, number + 1, fd)
        index = 0 if value is None else shape_index(value)
        state = threads.state
        outer = state[0]
        state[0] = call
        now = _perf()
        if now > windows.next_look:
            look(now)
        if note is not None:
            note.enter(site, number)
        parent = outer[2] if outer is not None else 0 if _request is None else _request()
        _pack_begin(buffer, offset, _perf(), state[1], site, index, parent, CALL)
        return Token((call, outer, state)) if note is None and fd is None else SlowToken((call, outer, state, note))

    def begin_folded(site):
        """A call for which no slot is left: only counted, where the files have reached their limit."""
        if recorder.folded is None:
            return None
        now = _perf()
        if now > windows.next_look:
            look(now)
            now = _perf()
        return FoldedToken((site, now))

    def begin_slowly(site, value, slow):
        """`begin` while a trace window is open or can still open."""
        try:
            note, record_it = slow(site)
        except Exception as error:
            note, record_it = fault(error), True
        place = slot() if record_it else None
        if place is None:
            if note is not None:
                windows.abandon(note)
            return begin_folded(site) if record_it else None
        return begin_in(place, site, value, note)

    def detached(site, value=None):
        try:
            if windows.off:
                return None
            place = slot()
            if place is None:
                return begin_folded(site)
            state = threads.state
            outer, state[0] = state[0], None
            token = begin_in(place, site, value, None)
            state[0] = outer
            token[1] = outer
            return token
        except Exception as error:
            return fault(error)

    def close(token, now, flags, value=None):
        """Ends a call that raised, has a note, or whose slot is appended."""
        call, outer, state = token[:3]
        token[0] = None
        note = token[3] if len(token) > 3 else None
        buffer, offset, _, fd = call
        if note is not None:
            token[3] = None
            flags |= note.leave(value)
        if flags:
            _pack_u16(buffer, offset + 44, flags)
        _pack_u64(buffer, offset + 8, now)
        if fd is not None:
            flush(fd, buffer, offset)
        if state[0] is call:
            state[0] = outer
        if note is not None:
            windows.after(note, now)

    def end(token, value):
        if token.__class__ is Token:
            now = _perf()
            call, outer, state = token
            token[0] = None
            _pack_u64(call[0], call[1] + 8, now)
            if state[0] is call:
                state[0] = outer
        elif token is not None:
            now = _perf()
            try:
                if token.__class__ is FoldedToken:
                    end_folded(token, now, False)
                else:
                    close(token, now, 0, value)
            except Exception as error:
                fault(error)
        return value

    def end_folded(token, now, raised):
        site, begin = token
        token[0] = None
        recorder.folded.add(site, now - begin, raised)

    def raised(token):
        try:
            if token.__class__ is FoldedToken:
                end_folded(token, _perf(), True)
            else:
                close(token, _perf(), RAISED)
        except Exception:  # interpreter shutdown, a closed map: nobody to tell
            pass

    _raised = raised

    def shape(value):
        call = threads.state[0]
        if call is not None:
            known = shapes.count
            index = shape_index(value)
            if index:
                _pack_u32(call[0], call[1] + 36, index)
                if shapes.count != known:
                    _pack_u64(call[0], call[1], _perf())  # writing it down was our work
        return value

    def stamp(value):
        call = threads.state[0]
        if call is not None:
            if _restart is not None:
                _restart(call)
            _pack_u64(call[0], call[1], _perf())
        return value

    def shape_and_stamp(value):
        call = threads.state[0]
        if call is not None:
            _pack_u32(call[0], call[1] + 36, shape_index(value))
            if _restart is not None:
                _restart(call)
            _pack_u64(call[0], call[1], _perf())
        return value

    return begin, end, detached, shape, stamp, shape_and_stamp
