"""samples-0.bin: where each thread was, as runs of equal stacks. Layout: docs/run-directory.md.

Everything is written once: a file, a function, a stack (its caller's stack and one line more). A thread
that stays where it is writes nothing. Blocks are appended whole, so that kill -9 leaves what was written.
"""

import binascii
import os
import struct

FILE, CODE, STACK, THREAD, CHANGE, MARK, TOTAL, PAUSE, REAL = 1, 2, 3, 4, 5, 6, 7, 8, 9
OURS = 1
TICK_NS = 1000
HEADER_BYTES = 64
# Beyond this, times of day are given up and only sums per stack are kept; then nothing is.
PLACED_BYTES = 32 * 1024 * 1024
MOST_BYTES = 48 * 1024 * 1024
# Interned stacks are a few hundred bytes each in the program's memory: forgotten and begun anew beyond this.
MOST_STACKS = 40 * 1000
MOST_CODES = 10 * 1000
_TOTALS_TICKS = 60 * 1000 * 1000

# Frames below the deepest that is kept; their stack is the root of the stacks that were cut off.
CUT = 1

_HEADER = struct.Struct("<8sIIQQQI")
_BLOCK = struct.Struct("<II")
_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


class SampleFile:
    """Encodes and appends; knows nothing of threads that run. Ticks are microseconds since `perf_ns`."""

    def __init__(self, folder, perf_ns, unix_ns, interval_us):
        self._header = _HEADER.pack(
            b"PSSAMP1\n", HEADER_BYTES, TICK_NS, folder.pid, perf_ns, unix_ns, interval_us
        ).ljust(HEADER_BYTES, b"\0")
        self._folder = folder
        self.fd = -1
        self._out = bytearray()
        self._bytes = 0
        self.written = 0  # tick that the last record was written at
        self._files = {}
        self._unresolved = []
        self._folders = {}  # where their symbolic links lead
        self._codes = {}
        self._alive = []  # code objects are told apart by address, so they must not be freed
        self._exact = {}  # (caller's stack, address of the code, instruction) -> stack
        self._stacks = {}  # (caller's stack, code, line) -> stack
        self._code_count = 0
        self._stack_count = CUT
        self._thread_count = 0
        self._before = {}
        self._before_code = 0
        self._totals = None
        self._totals_due = 0
        self._totals_every = _TOTALS_TICKS
        # Names of a script that was started by a relative path are relative to this.
        self._cwd = _working_directory()

    def find(self, chain, whole):
        """Stack of a chain of (code, instruction) pairs, innermost first; None when it is new."""
        get = self._exact.get
        stack = 0 if whole else CUT
        for i in range(len(chain) - 2, -1, -2):
            stack = get((stack, id(chain[i]), chain[i + 1]))
            if stack is None:
                return None
        return stack

    def add(self, places, whole):
        """Stack of [(code, instruction, line)], innermost first, writing down what is new of it."""
        if len(self._exact) > MOST_STACKS or len(self._codes) > MOST_CODES:
            self._forget()
        stack = 0 if whole else CUT
        for code, instruction, line in reversed(places):
            key = (stack, id(code), instruction)
            known = self._exact.get(key)
            if known is None:
                known = self._exact[key] = self._stack(stack, self._code(code), line or code.co_firstlineno)
            stack = known
        return stack

    def before(self, stack):
        """Stack of a thread that ran Python nobody saw, until it had this stack."""
        known = self._before.get(stack)
        if known is None:
            if self._before_code == 0:
                file = self._file("<before>")
                self._code_count += 1
                self._before_code = self._code_count
                self._put(CODE, file, 0)
                self._text("before")
            if len(self._before) > MOST_STACKS:
                self._before.clear()
            self._stack_count += 1
            known = self._before[stack] = self._stack_count
            self._put(STACK, stack, self._before_code, 0)
        return known

    def _stack(self, caller, code, line):
        key = (caller, code, line)
        known = self._stacks.get(key)
        if known is None:
            self._stack_count += 1
            known = self._stacks[key] = self._stack_count
            self._put(STACK, caller, code, line)
        return known

    def _code(self, code):
        known = self._codes.get(id(code))
        if known is None:
            file = self._file(code.co_filename)
            self._code_count += 1
            known = self._codes[id(code)] = self._code_count
            self._alive.append(code)
            self._put(CODE, file, code.co_firstlineno)
            self._text(getattr(code, "co_qualname", code.co_name))
        return known

    def _file(self, name):
        known = self._files.get(name)
        if known is None:
            known = self._files[name] = len(self._files) + 1
            path = name if name.startswith("<") or os.path.isabs(name) else os.path.join(self._cwd, name)
            self._put(FILE, OURS if _is_our_work(path) else 0)
            self._text(path)
            if not path.startswith("<"):
                self._unresolved.append((known, path))
        return known

    def resolve(self):
        """Writes down where symbolic links lead. Looks at the file system, so the GIL comes and goes."""
        while self._unresolved:
            file, path = self._unresolved.pop()
            folder, name = os.path.split(path)
            real = self._folders.get(folder)
            if real is None:  # a program imports from far fewer folders than files, and each costs a look per level
                real = self._folders[folder] = os.path.realpath(folder)
            real = os.path.realpath(path) if os.path.islink(path) else os.path.join(real, name)
            if real != path:
                self._put(REAL, file)
                self._text(real)

    def _forget(self):
        self._exact.clear()
        self._stacks.clear()
        self._codes.clear()
        del self._alive[:]

    def thread(self, native_id, ident, name):
        """Number of a thread that was not seen before."""
        self._put(THREAD, native_id, ident)
        self._text(name)
        self._thread_count += 1
        return self._thread_count

    def change(self, tick, thread, stack):
        """From `tick` on, the thread has this stack; 0: it has ended."""
        self._put(CHANGE, tick - self.written, thread, stack)
        self.written = tick

    def pause(self, tick):
        """Until `tick` everything was as written; after it nothing is known until the next change."""
        self.mark(tick)
        self._put(PAUSE)

    def mark(self, tick):
        """Until `tick` everything was as written."""
        self._put(MARK, tick - self.written)
        self.written = tick

    @property
    def placed(self):
        """True while changes are written; False once only sums are kept (`spent`)."""
        return self._totals is None

    def spent(self, thread, stack, ticks):
        """Adds to a sum, in place of changes."""
        if ticks <= 0 or stack == 0:
            return
        key = (thread, stack)
        self._totals[key] = self._totals.get(key, 0) + ticks

    def sum_up(self, tick):
        """From now on only sums are kept."""
        self.pause(tick)
        self._totals = {}
        self._totals_due = tick + self._totals_every

    def block(self, tick, last=False):
        """What was gathered, as one block to append to `fd`; b"" when there is nothing. Raises OSError when
        the file would become too large."""
        if self._totals is None:
            self.mark(tick)
        elif last or tick >= self._totals_due:
            for (thread, stack), ticks in self._totals.items():
                self._put(TOTAL, thread, stack, ticks)
            self._totals.clear()
            # Ever longer, so that ten hours of them stay small.
            self._totals_every = min(2 * self._totals_every, 10 * _TOTALS_TICKS)
            self._totals_due = tick + self._totals_every
        out, self._out = self._out, bytearray()
        if not out:
            return b""
        self._bytes += _BLOCK.size + len(out)
        if self._bytes > MOST_BYTES:
            raise OSError("they reached %d MB" % (MOST_BYTES >> 20))
        return _BLOCK.pack(len(out), binascii.crc32(out)) + bytes(out)

    def appended(self, block, written):
        """Raises OSError when so few bytes of the block were written that it is not whole."""
        if written < len(block):
            raise OSError("the disk is full")

    def full(self):
        """True when changes should end."""
        return self._totals is None and self._bytes > PLACED_BYTES

    def open(self):
        """Makes the file that blocks are appended to, at `fd`. Raises OSError."""
        if not self._folder.open():
            raise OSError("the run directory cannot be written")
        path = os.path.join(self._folder.path, "samples-0.bin")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self.fd = os.open(path, flags, 0o644)
        os.write(self.fd, self._header)
        self._bytes = HEADER_BYTES

    def close(self):
        """Lets go of the file; also in a forked child, whose parent goes on with it."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def _put(self, kind, *values):
        out = self._out
        out.append(kind)
        for value in values:
            while value > 127:
                out.append(value & 127 | 128)
                value >>= 7
            out.append(value)

    def _text(self, text):
        data = text.encode("utf-8", "backslashreplace")[:4096]
        size = len(data)
        while size > 127:
            self._out.append(size & 127 | 128)
            size >>= 7
        self._out.append(size)
        self._out += data


def _is_our_work(path):
    """imports.py is on the stack while the program's own modules are executed: that is not our work."""
    return path.startswith(_HERE) and os.path.basename(path) != "imports.py"


def _working_directory():
    try:
        return os.getcwd()
    except OSError:
        return ""
