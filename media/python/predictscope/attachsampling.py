"""Run by the host with the program's own Python (3.15 and later): what that Python's sampler sees of the program from
outside, in the form that attached.py reads.

usage: attachsampling.py PID SECONDS RATE RAW
"""

import sys


def main(pid, seconds, rate, raw):
    from profiling.sampling import CollapsedStackCollector
    from profiling.sampling.sample import sample

    class Stacks(CollapsedStackCollector):
        def export(self, filename):
            """Theirs leaves out the folders of the files."""
            with open(filename, "w", encoding="utf-8", errors="backslashreplace") as file:
                for (frames, thread), count in self.stack_counter.items():
                    parts = ["%s (%s:%d)" % (function, name, line) for name, line, function in frames if line]
                    file.write("%s %d\n" % (";".join(["thread (%d)" % thread, *parts]), count))

    stacks = Stacks(1000000 // rate)
    sample(pid, stacks, duration_sec=seconds, all_threads=True)
    stacks.export(raw)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))
