"""The run directory as this process sees it: where it is, our own folder in it, and its event file.

Layout: "Run directory, version 1" in docs/run-directory.md. One folder a process, one write a line.
"""

import json
import os
import sys
import time

RUN = "PREDICTSCOPE_RUN"
LOG = "PREDICTSCOPE_LOG"
CONFIG = "PREDICTSCOPE_CONFIG"


def find_run():
    """Absolute run directory, or None. A command line copied from the editor has only the log
    directory: its first process names the run, and its children find the name in the environment."""
    run = os.environ.get(RUN)
    if run:
        run = os.path.abspath(run)
        os.environ[RUN] = run  # children may start elsewhere
        return run
    log = os.environ.get(LOG)
    if not log:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    run = os.path.join(os.path.abspath(log), "%s-%04x" % (stamp, (os.getpid() * 40503 + time.time_ns()) & 0xFFFF))
    os.makedirs(run)
    config = os.environ.get(CONFIG)
    if config:
        with open(config, "rb") as source, open(os.path.join(run, "config.json"), "wb") as target:
            target.write(source.read())
    os.environ[RUN] = run
    return run


def read_config(run):
    """config.json of the run as a dict; {} when there is none (then nothing is timed)."""
    try:
        with open(os.path.join(run, "config.json"), "rb") as file:
            return json.loads(file.read().decode("utf-8"))
    except FileNotFoundError:
        return {}


class ProcessFolder:
    """HOST-PID-STARTUNIXNS/ and process.jsonl in it. Made at once in a process that Python started,
    at the first record in a forked child (most forked children never call a model)."""

    def __init__(self, run):
        self.run = run
        self.pid = os.getpid()
        self.path = None
        self._events = -1
        self._broken = False
        self._stop = os.path.join(run, "stop")

    def open(self):
        """Creates the folder once; False when it cannot be written (then nothing is recorded)."""
        if self.path is not None:
            return True
        if self._broken:
            return False
        try:
            host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "host")
            host = "".join(c if c.isalnum() or c in "._" else "_" for c in host) or "host"
            path = os.path.join(self.run, "%s-%d-%d" % (host, self.pid, time.time_ns()))
            os.makedirs(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
            self._events = os.open(os.path.join(path, "process.jsonl"), flags, 0o644)
            self._list(os.path.basename(path), flags)
            self.path = path
        except OSError:
            self._broken = True
            return False
        self.write(
            t="process",
            pid=self.pid,
            ppid=os.getppid(),
            host=host,
            argv=_argv(),
            python="%d.%d.%d" % sys.version_info[:3],
            executable=sys.executable or "",
            rank=_rank(),
            unixNs=str(time.time_ns()),
            perfNs=str(time.perf_counter_ns()),
        )
        return True

    def _list(self, name, flags):
        """Adds our folder to the run's list, so that a copy without it is known to lack it."""
        try:
            listed = os.open(os.path.join(self.run, "processes"), flags, 0o644)
            try:
                os.write(listed, (name + "\n").encode("utf-8"))
            finally:
                os.close(listed)
        except OSError:  # another user's process made it
            pass

    def write(self, **record):
        """Appends one line with one write call, so that lines of several threads never mix."""
        if not self.open():
            return
        try:
            os.write(self._events, (json.dumps(record, separators=(",", ":")) + "\n").encode("utf-8"))
        except (OSError, ValueError):
            pass  # a full disk must not reach the program

    def problem(self, message, fix=None):
        """A sentence for the user about what we could not do."""
        if fix:
            self.write(t="problem", message=message, fix=fix)
        else:
            self.write(t="problem", message=message)

    def stop_asked(self):
        """True when the user asked to stop recording."""
        try:
            os.stat(self._stop)
            return True
        except OSError:
            return False


def _argv():
    """The command line; sys.argv does not exist yet when sitecustomize runs."""
    argv = getattr(sys, "orig_argv", None)
    if argv:
        return list(argv)
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return [part.decode("utf-8", "replace") for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return [sys.executable or "python"]


def _rank():
    for key in ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"):
        value = os.environ.get(key, "")
        if value.isdigit():
            return int(value)
    return None
