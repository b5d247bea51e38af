"""Call records: 48-byte slots in pre-allocated files, written so that kill -9 loses no finished call.

Layout of header and slot: "Run directory, version 1" in docs/run-directory.md. `begin` and `end`
run around every call of the user's model, so they hold no allocation beyond a token and a tuple.
"""

import errno
import itertools
import mmap
import os
import struct
import threading
import time

HEADER_BYTES = 4096
SLOT_BYTES = 48
FIRST_SEGMENT_BYTES = 64 * 1024
LAST_SEGMENT_BYTES = 4 * 1024 * 1024
MOST_BYTES = 128 * 1024 * 1024

CALL, OWN_WORK, CLOCK_PAIR = 1, 2, 3
RAISED, TRACED, ENQUEUED, WARM_UP = 1, 2, 4, 8

_HEADER = struct.Struct("<8sIIQQQQ")
_SLOT = struct.Struct("<QQQQIIIHBB")
_pack_slot = _SLOT.pack_into
_pack_u64 = struct.Struct("<Q").pack_into
_pack_u32 = struct.Struct("<I").pack_into
_pack_u16 = struct.Struct("<H").pack_into
_unpack_u16 = struct.Struct("<H").unpack_from
_perf = time.perf_counter_ns

# File systems on which a shared memory map is unsafe or seen late by other machines.
_NETWORK = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "9p", "virtiofs", "drvfs", "fuse", "glusterfs",
            "afs", "orangefs", "prl_fs", "vboxsf", "osxfs", "grpcfuse")  # fmt: skip


def pick_store(path):
    """'append' on a network or desktop-shared file system, else 'mmap'. Source: /proc/self/mounts."""
    if not hasattr(os, "posix_fallocate"):
        return "append"
    best, kind = "", ""
    try:
        with open("/proc/self/mounts") as mounts:
            for line in mounts:
                fields = line.split()
                where = fields[1].replace("\\040", " ")
                if (path + "/").startswith(where.rstrip("/") + "/") and len(where) >= len(best):
                    best, kind = where, fields[2]
    except (OSError, IndexError, UnicodeDecodeError):
        return "mmap"
    return "append" if kind.startswith(_NETWORK) else "mmap"


# What posix_fallocate says where the file system has no such thing.
_NO_ALLOCATION = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class _Segment:
    """One calls-N.bin: a buffer, the number of its first slot, and how to make a slot durable."""

    __slots__ = ("buffer", "first", "limit", "fd")

    def __init__(self, buffer, first, limit, fd):
        self.buffer, self.first, self.limit, self.fd = buffer, first, limit, fd


class Recorder:
    """Owns the segments of this process. `slot()` is the only way to get room for a record."""

    def __init__(self, folder, store=None):
        self.folder = folder
        self.store = store
        self.dropped = 0
        self._lock = threading.RLock()  # a signal handler of the program's may call a site in the middle
        self._count = itertools.count()
        self._segments = []
        self.newest = _Segment(b"", 0, 0, -1)
        self._made = 0
        self._bytes = 0
        self._full = False
        self.next_number = self._count.__next__  # atomic under the GIL: no two threads share a slot

    def slot(self, number=None):
        """(segment, byte offset, slot number), or None when nothing more can be stored."""
        with self._lock:
            while True:
                if number is None:
                    number = self.next_number()
                while not self._full and (not self._segments or number >= self._segments[-1].limit):
                    self._grow()
                for segment in reversed(self._segments):
                    if segment.first <= number < segment.limit:
                        return segment, HEADER_BYTES + (number - segment.first) * SLOT_BYTES, number
                if self._full:
                    self.dropped += 1
                    return None
                # The thread slept while the others filled segments: its slot stays empty, it takes a new one.
                number = None

    def _grow(self):
        size = min(FIRST_SEGMENT_BYTES << min(self._made, 16), LAST_SEGMENT_BYTES)
        if self._bytes + size > MOST_BYTES:
            self._full = True
            self.folder.problem(
                "The call records reached %d MB; later calls of this process are not recorded." % (MOST_BYTES >> 20),
                "Stop recording earlier (--stop-after), or profile fewer sites.",
            )
            return
        if not self.folder.open():
            self._full = True
            return
        if self.store is None:
            self.store = pick_store(self.folder.path)
        try:
            try:
                segment = self._make(size)
            except OSError as error:
                if self.store == "append" or error.errno not in _NO_ALLOCATION:
                    raise
                self.store = "append"  # this file system cannot reserve blocks
                segment = self._make(size)
        except (OSError, ValueError) as error:
            self._full = True
            self.folder.problem(
                "Call records could not be written to %s: %s." % (self.folder.path, error),
                "Free some space there, or choose another log directory.",
            )
            return
        self._made += 1
        self._bytes += size
        # A number that was taken just before mostly belongs to the segment before. Older segments are kept
        # alive by the calls that are open in them.
        self._segments = self._segments[-1:] + [segment]
        self.newest = segment

    def _make(self, size):
        """The next calls-N.bin, with its header. Raises OSError when it cannot be written whole."""
        first = self._segments[-1].limit if self._segments else 0
        slots = (size - HEADER_BYTES) // SLOT_BYTES
        append = self.store == "append"
        # Appended slots lie in the order in which calls ended, so their place does not number them.
        numbered = 0xFFFFFFFFFFFFFFFF if append else first
        header = _HEADER.pack(
            b"PSCALL1\n", HEADER_BYTES, SLOT_BYTES, self.folder.pid, _perf(), time.time_ns(), numbered
        ).ljust(HEADER_BYTES, b"\0")
        path = os.path.join(self.folder.path, "calls-%d.bin" % self._made)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
        fd = os.open(path, flags | (os.O_APPEND if append else 0), 0o644)
        try:
            if append:
                os.write(fd, header)
                return _Segment(bytearray(HEADER_BYTES + slots * SLOT_BYTES), first, first + slots, fd)
            # A sparse map on a full disk kills the program with SIGBUS: reserve the blocks first.
            os.posix_fallocate(fd, 0, size)
            buffer = mmap.mmap(fd, size)
            buffer[:HEADER_BYTES] = header
            return _Segment(buffer, first, first + slots, -1)
        except BaseException:
            append = False
            raise
        finally:
            if not append:
                os.close(fd)

    def write(self, kind, begin, end, site=0, flags=0):
        """Writes a finished record that is not a call: our own work, or a clock pair."""
        place = self.slot()
        if place is not None:
            segment, offset, _ = place
            _pack_slot(segment.buffer, offset, begin, end, _native_id(), 0, site, 0, 0, flags, 0, kind)
            if segment.fd >= 0:
                flush(segment, offset)

    def open(self):
        """Makes the first file ahead of the first record."""
        with self._lock:
            if not self._segments and not self._full:
                self._grow()

    def used(self):
        """True once anything was recorded."""
        return bool(self._segments)

    def clock_pair(self):
        """perf_counter and Unix time of one moment: the readings that lie closest of three tries."""
        best = None
        for _ in range(3):
            before = _perf()
            unix = time.time_ns()
            after = _perf()
            if best is None or after - before < best[0]:
                best = (after - before, (before + after) // 2, unix)
        self.write(CLOCK_PAIR, best[1], best[2])


def flush(segment, offset):
    """`append` store: the whole finished slot goes out with one write."""
    try:
        os.write(segment.fd, bytes(segment.buffer[offset : offset + SLOT_BYTES]))
    except OSError:
        pass


_native_id = getattr(threading, "get_native_id", threading.get_ident)


class _Thread(threading.local):
    """Per thread: the innermost open call as (segment, offset, slot number, perf of span start)."""

    open = None

    def __init__(self):
        self.id = _native_id()


class Token:
    """Held by the expression that calls the model. Dropped without `end`, it closes the call as raised."""

    __slots__ = ("call", "outer", "note")

    def __init__(self, call, outer):
        self.call = call
        self.outer = outer
        self.note = None

    def __del__(self):
        if self.call is not None:
            _raised(self)


def _raised(_token):  # replaced by make_functions; a token cannot exist before that
    pass


def make_functions(recorder, windows, shapes):
    """(begin, end, detached, shape, stamp, shape_and_stamp): the functions that rewritten code calls.

    `begin(site)` before callee and arguments are evaluated; `stamp` re-stamps the begin after the last
    argument's own work; `end(token, value)` returns `value`. `detached` is `begin` for awaited calls,
    which may end in any order and so are nobody's parent.
    """
    global _raised
    thread = _Thread()
    slot = recorder.slot
    next_number = recorder.next_number

    def begin(site):
        slow = windows.slow
        if slow is not None:
            return begin_slowly(site, slow)
        number = next_number()
        segment = recorder.newest
        if segment.first <= number < segment.limit:
            offset = HEADER_BYTES + (number - segment.first) * SLOT_BYTES
            call = (segment, offset, number)
        else:
            call = slot(number)
            if call is None:
                return None
            segment, offset, _ = call
        outer = thread.open
        token = Token(call, outer)
        thread.open = call
        now = _perf()
        _pack_slot(
            segment.buffer, offset, now, 0, thread.id, 0, site, 0, 0 if outer is None else outer[2] + 1, 0, 0, CALL
        )  # fmt: skip
        if now > windows.next_look:
            windows.look(now)
            _pack_u64(segment.buffer, offset, _perf())
        return token

    def begin_slowly(site, slow):
        """`begin` while a trace window is open or can still open."""
        note, record_it = slow(site)
        call = slot() if record_it else None
        if call is None:
            if note is not None:
                windows.abandon(note)
            return None
        segment, offset, number = call
        outer = thread.open
        token = Token(call, outer)
        token.note = note
        thread.open = call
        now = _perf()
        if now > windows.next_look:
            windows.look(now)
        if note is not None:
            note.enter(site, number)
        parent = 0 if outer is None else outer[2] + 1
        _pack_slot(segment.buffer, offset, _perf(), 0, thread.id, 0, site, 0, parent, 0, 0, CALL)
        return token

    def detached(site):
        if windows.off:
            return None
        call = slot()
        if call is None:
            return None
        now = _perf()
        if now > windows.next_look:
            windows.look(now)
        _pack_slot(call[0].buffer, call[1], _perf(), 0, thread.id, 0, site, 0, 0, 0, 0, CALL)
        return Token(call, None)

    def close(token, now, flags):
        call = token.call
        token.call = None
        segment, offset, _ = call
        note = token.note
        if note is not None:
            token.note = None
            flags |= note.leave()
        if flags:
            _pack_u16(segment.buffer, offset + 44, flags)
        _pack_u64(segment.buffer, offset + 8, now)
        if segment.fd >= 0:
            flush(segment, offset)
        if thread.open is call:
            thread.open = token.outer
        if note is not None:
            windows.after(note, now)

    def end(token, value):
        if token is not None:
            now = _perf()
            call = token.call
            if token.note is None and call is not None and call[0].fd < 0:
                # The usual case, written out: a function call less.
                token.call = None
                _pack_u64(call[0].buffer, call[1] + 8, now)
                if thread.open is call:
                    thread.open = token.outer
            elif call is not None:
                close(token, now, 0)
        return value

    def raised(token):
        try:
            close(token, _perf(), RAISED)
        except Exception:  # interpreter shutdown, a closed map: nobody to tell
            pass

    _raised = raised

    def shape(value):
        call = thread.open
        if call is not None:
            known = shapes.count
            index = shapes.index(value)
            if index:
                _pack_u32(call[0].buffer, call[1] + 36, index)
                if shapes.count != known:
                    _pack_u64(call[0].buffer, call[1], _perf())  # writing it down was our work
        return value

    def stamp(value):
        call = thread.open
        if call is not None:
            _pack_u64(call[0].buffer, call[1], _perf())
        return value

    def shape_and_stamp(value):
        return stamp(shape(value))

    return begin, end, detached, shape, stamp, shape_and_stamp


class Shapes:
    """Input shapes, interned: index 0 is unknown, each new one is written to process.jsonl once."""

    MOST = 4096  # a program with ever new shapes must not fill the event file

    def __init__(self, folder):
        self._folder = folder
        self._known = {}
        self.count = 0
        self._shapeless = {int, float, str, bytes, bool, type(None)}

    def index(self, value):
        kind = type(value)
        if kind in self._shapeless:
            return 0
        try:
            dims = value.shape
        except Exception:
            return self._of_container(kind, value)
        try:
            return self._known[dims]
        except KeyError:
            return self._add(dims)
        except TypeError:  # a framework's own shape type that cannot be hashed
            try:
                dims = tuple(int(d) for d in dims)
                return self._known.get(dims) or self._add(dims)
            except Exception:
                return 0

    def _of_container(self, kind, value):
        """Shape of the first array in a list, tuple or dict of inputs; 0 when there is none."""
        if kind in (list, tuple):
            return self.index(value[0]) if value else 0
        if kind is dict:
            return self.index(next(iter(value.values()))) if value else 0
        if len(self._shapeless) < 100:
            self._shapeless.add(kind)
        return 0

    def _add(self, dims):
        try:
            plain = [None if d is None else int(d) for d in dims]
        except (TypeError, ValueError):
            return 0
        if len(self._known) >= self.MOST:
            return 0
        index = self._known[dims] = len(self._known) + 1
        self.count = index
        self._folder.write(t="shape", index=index, dims=plain)
        return index
