"""Calls of a process whose records have reached their limit: exact counts, totals and maxima a site, and a
histogram of durations (32 buckets an octave: a percentile read from it is off by 1.6 % at most).

One small mapped file a site, so that kill -9 loses nothing here either. Layout: docs/run-directory.md.
"""

import mmap
import os
import struct
import threading

HEADER_BYTES = 64
SUB_BITS = 5
BUCKETS = (65 - SUB_BITS) << SUB_BITS
_HEADER = struct.Struct("<8sIIQQ")
CALLS, ERRORS, TOTAL_NS, MAX_NS, FIRST_BUCKET = range(5)


def bucket(ns):
    """Index of the bucket that holds a duration: exact below 32 ns, then 32 a power of two."""
    shift = ns.bit_length() - SUB_BITS - 1
    return ns if shift <= 0 else (shift << SUB_BITS) + (ns >> shift)


class Folded:
    """`add` takes the place of a slot."""

    MOST_SITES = 256

    def __init__(self, folder):
        self._folder = folder
        self._lock = threading.RLock()
        self._counters = {}

    def add(self, site, ns, raised):
        """Counts one finished call. Nothing more is said when its file cannot be made."""
        with self._lock:
            counters = self._counters.get(site)
            if counters is None:
                if site in self._counters:
                    return
                counters = self._counters[site] = self._make(site)
                if counters is None:
                    return
            counters[CALLS] += 1
            counters[TOTAL_NS] += ns
            if ns > counters[MAX_NS]:
                counters[MAX_NS] = ns
            if raised:
                counters[ERRORS] += 1
            counters[FIRST_BUCKET + bucket(ns)] += 1

    def _make(self, site):
        if len(self._counters) >= self.MOST_SITES:
            return None
        name = "folded-%d.bin" % site
        size = HEADER_BYTES + 8 * (FIRST_BUCKET + BUCKETS)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
            fd = os.open(os.path.join(self._folder.path, name), flags, 0o644)
            try:
                os.posix_fallocate(fd, 0, size)  # a sparse map on a full disk kills the program
                buffer = mmap.mmap(fd, size)
            finally:
                os.close(fd)
        except (OSError, ValueError, AttributeError):
            return None
        buffer[: _HEADER.size] = _HEADER.pack(b"PSFOLD1\n", HEADER_BYTES, SUB_BITS, self._folder.pid, site)
        self._folder.write(t="folded", site=site, path=name)
        return memoryview(buffer)[HEADER_BYTES:].cast("Q")
