"""Run by the host, in a process of its own: what py-spy saw of a program that runs without us, as a process of a run.

usage: attached.py RAW RUN PID RATE STARTEDUNIXNS    RAW is py-spy's `--format raw --full-filenames --threads`: a line a stack,
frames `function (file:line)` outermost first, joined by `;`, then the number of samples.
"""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from predictscope import rundir, samplefile  # noqa: E402

_FRAME = re.compile(r"^(.*) \((.*):(\d+)\)$")
_THREAD = re.compile(r"^thread \((\d+)\)(?:: (.*))?$")


class _Code:
    """What SampleFile asks of a code object."""

    def __init__(self, file, name):
        self.co_filename, self.co_qualname, self.co_name, self.co_firstlineno = file, name, name, 1


class _Folder(rundir.ProcessFolder):
    """The folder of another process, which begins with our looking at it."""

    def __init__(self, run, pid, started):
        super().__init__(run)
        self.pid = pid
        self._started = started

    def write(self, **record):
        if record["t"] == "process":
            record.update(argv=_argv(self.pid), python="", executable="", unixNs=self._started)
        super().write(**record)


def _argv(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return [part.decode("utf-8", "replace") for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def stacks(lines):
    """[(thread text, [(function, file, line)] outermost first, samples)]; lines that are none are left out."""
    for text in lines:
        stack, _, count = text.rstrip("\n").rpartition(" ")
        if not count.isdigit() or not stack:
            continue
        thread, frames = "", []
        for part in stack.split(";"):
            found = _FRAME.match(part)
            if found:
                frames.append((found.group(1), found.group(2), int(found.group(3))))
            elif part.startswith("thread"):
                thread = part
        if frames:
            yield thread, frames, int(count)


def convert(raw, run, pid, rate, started):
    """Writes the folder of the process: process.jsonl and samples-0.bin with sums a stack."""
    folder = _Folder(run, pid, started)
    if not folder.open():
        raise OSError("the run directory cannot be written")
    file = samplefile.SampleFile(folder, time.perf_counter_ns(), time.time_ns(), int(1e6 / rate))
    file.open()
    file.sum_up(0)
    codes, threads, samples = {}, {}, 0
    with open(raw, encoding="utf-8", errors="backslashreplace") as lines:
        for thread, frames, count in stacks(lines):
            if thread not in threads:
                known = _THREAD.match(thread)
                native = int(known.group(1)) if known else pid
                threads[thread] = file.thread(native, 0, (known and known.group(2)) or "MainThread")
            places = []
            for function, name, line in reversed(frames):
                code = codes.setdefault((name, function), _Code(name, function))
                places.append((code, line, line))
            file.spent(threads[thread], file.add(places, True), count * 1000000 // rate)
            samples += count
    file.resolve()
    block = file.block(1, last=True)
    os.write(file.fd, block)
    file.close()
    folder.write(t="sampler", samples=samples, longestGapNs=0, ownCpuNs=0, intervalMs=1000 / rate)
    folder.write(t="exit", unixNs=str(time.time_ns()))


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
