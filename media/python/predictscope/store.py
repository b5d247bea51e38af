"""Files of call records: 48-byte slots, pre-allocated, so that kill -9 loses no finished call.

Layout of header and slot: "Run directory, version 1" in docs/run-directory.md.
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

CALL, OWN_WORK, CLOCK_PAIR, REQUEST = 1, 2, 3, 4

_HEADER = struct.Struct("<8sIIQQQQ")
_SLOT = struct.Struct("<QQQQIIIHBB")
_pack_slot = _SLOT.pack_into
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


# A segment is one calls-N.bin, as a tuple (unpacking one is what costs least): its buffer, the numbers of
# its first slot and of the first that it has no room for, and a file descriptor where slots are appended.
_NONE = (b"", 0, 0, None)


class Recorder:
    """Owns the segments of this process. `slot()` is the only way to get room for a record."""

    def __init__(self, folder, store=None, most_bytes=None):
        self.folder = folder
        self.store = store
        self._most_bytes = most_bytes or MOST_BYTES
        self.folded = None  # what counts the calls for which no slot is left
        self._lock = threading.RLock()  # a signal handler of the program's may call a site in the middle
        self._count = itertools.count()
        self._segments = []
        self.newest = _NONE
        self._made = 0
        self._bytes = 0
        self._full = False
        self.next_number = self._count.__next__  # atomic under the GIL: no two threads share a slot

    def slot(self, number=None):
        """(buffer, byte offset, slot number, descriptor), or None when nothing more can be stored."""
        with self._lock:
            while True:
                if number is None:
                    number = self.next_number()
                while not self._full and (not self._segments or number >= self._segments[-1][2]):
                    self._grow()
                for buffer, first, limit, fd in reversed(self._segments):
                    if first <= number < limit:
                        return buffer, HEADER_BYTES + (number - first) * SLOT_BYTES, number, fd
                if self._full:
                    return None
                # The thread slept while the others filled segments: its slot stays empty, it takes a new one.
                number = None

    def _grow(self):
        size = min(FIRST_SEGMENT_BYTES << min(self._made, 16), LAST_SEGMENT_BYTES)
        if self._bytes + size > self._most_bytes:
            self._full = True
            self.newest = _NONE
            from predictscope.folded import Folded

            self.folded = Folded(self.folder)
            self.folder.problem(
                "The call records reached %d MB: later calls are counted, and in the percentiles, but not kept one by one."
                % (self._most_bytes >> 20),
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
        first = self._segments[-1][2] if self._segments else 0
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
                return bytearray(HEADER_BYTES + slots * SLOT_BYTES), first, first + slots, fd
            # A sparse map on a full disk kills the program with SIGBUS: reserve the blocks first.
            os.posix_fallocate(fd, 0, size)
            buffer = mmap.mmap(fd, size)
            buffer[:HEADER_BYTES] = header
            return buffer, first, first + slots, None
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
            buffer, offset, _, fd = place
            _pack_slot(buffer, offset, begin, end, native_id(), 0, site, 0, 0, flags, 0, kind)
            if fd is not None:
                flush(fd, buffer, offset)

    def begin_request(self, place):
        """Writes an open request into a slot; its begin, ns of perf_counter."""
        begin = _perf()
        _pack_slot(place[0], place[1], begin, 0, native_id(), 0, 0, 0, 0, 0, 0, REQUEST)
        return begin

    def end_request(self, buffer, offset, begin, name):
        """Ends it, and names it by its number in process.jsonl (0: none)."""
        _pack_slot(buffer, offset, begin, _perf(), native_id(), 0, name, 0, 0, 0, 0, REQUEST)

    def open(self):
        """Makes the first file ahead of the first record."""
        with self._lock:
            if not self._segments and not self._full:
                self._grow()

    def report(self, error):
        """A fault of ours, for the user to know."""
        self.folder.problem(
            "A part of the recorder failed: %s: %s. Some calls may be missing, and traces."
            % (type(error).__name__, error),
            "This is a fault of Predictscope; the program was not affected. Please report it.",
        )

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


def flush(fd, buffer, offset):
    """`append` store: the whole finished slot goes out with one write."""
    try:
        os.write(fd, bytes(buffer[offset : offset + SLOT_BYTES]))
    except OSError:
        pass


native_id = getattr(threading, "get_native_id", threading.get_ident)
