"""PyTorch's profiler (2.0 and newer): sessions, spans, devices, and the guard around the program's own.

A session sees the thread that started it and must end there: one that is displaced by another session,
or still open when the process ends or forks, crashes 2.13. So ours last for one call, end before a fork, and
the program's start waits for them. Sources: torch/autograd/profiler.py of 1.13, 2.0, 2.4 and 2.13.
"""

import functools
import os
import re
import sys
import threading
import time

from predictscope.frameworks import Unsafe, kineto, torchmodules

NAME = "torch"
PER_CALL = True
KINDS = ("first", "steady")

# A program of small operators fills 140 MB of trace in a second, and its end takes five.
MOST_BYTES = 32 << 20
_FIRST_SECONDS = 1

_bytes_per_second = None
_own = threading.local()


def available():
    """True when there is a profiler; whether it is safe is told by `start`."""
    return hasattr(sys.modules.get("torch.autograd.profiler"), "profile")


def used():
    """Whether the program computes with it; PyTorch does not tell."""
    return True


class Session:
    """One session, open in the thread that made it; `stop` writes its file."""

    def __init__(self, path, profiler):
        self.path = path
        self.thread = threading.get_ident()
        self._profiler = profiler
        devices = _devices(sys.modules["torch"])
        self._synchronize = devices.synchronize if devices else None
        arguments = dict(use_kineto=True)
        if devices is not None and _version(sys.modules["torch"]) >= (2, 4):
            arguments["use_device"] = "cuda"
        elif devices is not None:
            arguments["use_cuda"] = True
        self._profile = profiler.profile(**arguments)
        with kineto.ThreadEnded(), kineto.Quiet(), _Own():
            if hasattr(self._profile, "_prepare_trace"):
                self._profile._prepare_trace()
                with kineto.Quiet():  # the first preparation sets the level anew
                    self._profile._start_trace()
            else:
                self._profile.__enter__()
        self._began = time.perf_counter()
        self._span = torchmodules.fast(sys.modules["torch"]) or profiler.record_function
        self._modules = torchmodules.Modules(sys.modules["torch"], self._span)

    def span(self, site, slot):
        """Opens the span of one call; its name carries the ids, for there is no place for values."""
        span = self._span("predict ps_site=%d ps_slot=%d" % (site, slot))
        span.__enter__()
        return span

    def leave(self, span):
        """Closes the span; also when the call raised."""
        self._modules.close_open()
        span.__exit__(None, None, None)

    def stop(self):
        """Ends the session and writes its file. The profile object's own end would first turn all events into
        Python objects (8 to 24 ms a call up to 2.4). Returns the file's size."""
        self._modules.remove()
        if self._synchronize is not None:
            self._synchronize()
        global _bytes_per_second
        taken = time.perf_counter() - self._began
        with kineto.Quiet(), _Own():
            result = self._profiler._disable_profiler()
            finish = getattr(self._profiler, "_run_on_profiler_stop", None)
            if finish is not None:
                finish()
            result.save(self.path)
        size = os.path.getsize(self.path)
        if taken > 0.1:  # the rate of the shortest ones is that of what every file begins with
            _bytes_per_second = size / taken
        return size


class _Own:
    """Within it, the guarded functions are called by us."""

    def __enter__(self):
        _own.now = True

    def __exit__(self, *error):
        _own.now = False


def seconds(most):
    """How long a session may last, so that its file stays small by what the last ones wrote."""
    if _bytes_per_second is None:
        return min(most, _FIRST_SECONDS)
    return min(most, max(0.1, MOST_BYTES / _bytes_per_second))


def start(path):
    """Starts a session in this thread, whose file appears in the folder `path`."""
    if not kineto.load(sys.modules["torch"]):
        raise Unsafe("The profiler of PyTorch %s cannot be taken down completely." % sys.modules["torch"].__version__)
    name = "%s.%d.%d.pt.trace.json" % (_host(), os.getpid(), len(os.listdir(path)))
    return Session(os.path.join(path, name), sys.modules["torch.autograd.profiler"])


def _host():
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "host")
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in host) or "host"


# What may follow the list of events: members of the root that are a text or a number.
_TAIL = re.compile(rb'\](?:\s*,\s*"\w+"\s*:\s*(?:"(?:\\.|[^"\\])*"|[\d.]+))*\s*\}\s*$')
_BASE = re.compile(rb'"baseTimeNanoseconds"\s*:\s*(\d+)')
_LONGEST_TAIL = 8192


def _pieces(data):
    """(what is before the first event, the events, what is after the last one, the zero of the times)."""
    begin = data.index(b"[", data.index(b'"traceEvents"')) + 1
    tail = _TAIL.search(data, max(begin, len(data) - _LONGEST_TAIL))
    head, events, rest = data[:begin], data[begin : tail.start()].strip(), data[tail.start() :]
    if events[:1] != b"{" or events[-1:] != b"}":
        raise ValueError("not a list of events")
    return head, events, rest, _BASE.findall(head[-_LONGEST_TAIL:] + rest)


def finish(path):
    """Makes one trace of the sessions of a window, as text: their events count from the same zero, but for the
    one that changes every three months. Where that fails, they stay as they are."""
    names = sorted(os.listdir(path), key=lambda name: int(name.split(".")[-4]))
    if len(names) < 2:
        return
    parts = []
    for name in names:
        with open(os.path.join(path, name), "rb") as file:
            parts.append(_pieces(file.read()))
    if any(part[3] != parts[0][3] for part in parts):
        return
    target = os.path.join(path, names[0])
    with open(target + ".new", "wb") as file:
        file.write(parts[0][0] + b"\n" + b",\n".join(part[1] for part in parts) + b"\n" + parts[0][2])
    os.replace(target + ".new", target)
    for name in names[1:]:
        os.remove(os.path.join(path, name))


def modules():
    """The program's own modules that were traced: where they are defined."""
    return torchmodules.told()


def guard(module, give_way):
    """Wraps the functions through which every session of torch.profiler and torch.autograd.profiler goes."""
    _wrap(module, ("_prepare_profiler", "_enable_profiler"), give_way, True)


def guard_legacy(module, give_way):
    """The same for the profiler before Kineto, which shares the thread's state with it."""
    _wrap(module, ("_enable_profiler_legacy",), give_way, True)


def _wrap(module, names, give_way, starts):
    def wrap(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            if not getattr(_own, "now", False):
                give_way(starts)
            return function(*args, **kwargs)

        return call

    for name in names:
        if hasattr(module, name):
            setattr(module, name, wrap(getattr(module, name)))


def _version(torch):
    return tuple(int(part) for part in str(torch.__version__).split("+")[0].split(".")[:2])


def _devices(torch):
    """torch.cuda (NVIDIA's and AMD's GPUs) when the program uses it already; asking for more would start it."""
    cuda = getattr(torch, "cuda", None)
    try:
        return cuda if cuda is not None and cuda.is_initialized() else None
    except Exception:
        return None


def enqueued(value):
    """True when a call's result is still being computed by the device. Waits for nothing."""
    if type(value) in (tuple, list) and value:
        value = value[0]
    if not getattr(value, "is_cuda", False):
        return False
    cuda = sys.modules["torch"].cuda
    # A stream that is being captured into a graph must not be asked.
    return not cuda.is_current_stream_capturing() and not cuda.current_stream(value.device).query()


def describe(final=False):
    """Version, build and GPUs of PyTorch; None while it has not initialised them, until the end."""
    torch = sys.modules["torch"]
    cuda = _devices(torch)
    if cuda is None and not final:
        return None
    gpus = []
    try:
        if cuda is not None:
            gpus = [cuda.get_device_name(index) for index in range(cuda.device_count())]
    except Exception:
        pass
    build = {}
    version = getattr(torch, "version", None)
    if getattr(version, "cuda", None):
        build.update(is_cuda_build=True, cuda_version=str(version.cuda))
    if getattr(version, "hip", None):
        build.update(is_rocm_build=True)
    devices = [dict(name="cuda:%d" % index, type="GPU") for index in range(len(gpus))]
    return dict(
        name="torch",
        version=str(getattr(torch, "__version__", "")),
        devices=devices or [dict(name="CPU", type="CPU")],
        gpus=gpus,
        build=build,
    )
