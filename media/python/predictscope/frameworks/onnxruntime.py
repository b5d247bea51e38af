"""onnxruntime's profiler: it is switched on when an inference session is made, and off once.

So an inference session of the program's records from its first run on, and until the window ends: there is one
window, whose first calls are the warm-up. The profiler's files know the Unix time of their zero but nothing of
our calls, so `stop` makes one trace of them and of our spans. A process that ends without Python's knowledge
leaves them incomplete.
"""

import functools
import json
import os
import sys
import threading
import time
import weakref

NAME = "onnxruntime"
PER_CALL = False
KINDS = ("steady",)

# A program that makes inference sessions all the time must not pay for each of them.
_MOST = 8

_recorded = []  # weak references to inference sessions whose profiler runs
_made = 0


def guard(module, folder):
    """Wraps the making of inference sessions. `folder()` is where this process may write, or None."""
    kind = module.InferenceSession
    make = kind.__init__

    @functools.wraps(make)
    def initialize(self, path_or_bytes, sess_options=None, *args, **kwargs):
        with _SwitchedOn(self, module, sess_options, folder) as options:
            make(self, path_or_bytes, options, *args, **kwargs)

    kind.__init__ = initialize


class _SwitchedOn:
    """Within it an inference session is made, with the profiler switched on in its options."""

    def __init__(self, session, module, given, folder):
        self._session = session
        self._given = given
        self._options = None
        try:
            where = folder() if _made < _MOST and not getattr(given, "enable_profiling", False) else None
            if where is None:
                return
            where = os.path.join(where, "onnxruntime")
            os.makedirs(where, exist_ok=True)  # a missing folder is no error to it: nothing is written
            options = given if given is not None else module.SessionOptions()
            self._prefix = options.profile_file_prefix
            options.profile_file_prefix = os.path.join(where, "session-%d" % _made)
            options.enable_profiling = True
            self._options = options
        except Exception:
            pass

    def __enter__(self):
        return self._given if self._options is None else self._options

    def __exit__(self, error, *_):
        global _made
        if self._options is None:
            return
        self._options.enable_profiling = False
        self._options.profile_file_prefix = self._prefix
        if self._given is None:
            for name in ("_sess_options", "_sess_options_initial"):
                if getattr(self._session, name, None) is self._options:
                    setattr(self._session, name, None)
        if error is None:
            _made += 1
            _recorded.append(weakref.ref(self._session))


def available():
    """True when an inference session is recorded."""
    return any(known() is not None for known in _recorded)


class Session:
    """The spans of our calls while inference sessions are recorded; `stop` ends the recording."""

    thread = None

    def __init__(self, path):
        self.path = path
        self._spans = []

    def span(self, site, slot):
        """Opens the span of one call."""
        span = [site, slot, getattr(threading, "get_native_id", threading.get_ident)(), time.time_ns(), 0]
        self._spans.append(span)
        return span

    def leave(self, span):
        """Closes the span; also when the call raised."""
        span[4] = time.time_ns()

    def stop(self):
        """Writes one trace of all sessions, with our spans among the events."""
        events = []
        base = None
        for events_of_one, zero in _end():
            base = zero if base is None else base
            for event in events_of_one:
                event["ts"] += (zero - base) / 1000
            events += events_of_one
        if base is None:
            return
        for site, slot, thread, begin, end in self._spans:
            events.append(
                dict(
                    cat="user_annotation",
                    name="predict ps_site=%d ps_slot=%d" % (site, slot),
                    ph="X",
                    pid=os.getpid(),
                    tid=thread,
                    ts=(begin - base) / 1000,
                    dur=max(0, end - begin) / 1000,
                )
            )
        with open(os.path.join(self.path, "onnxruntime.trace.json"), "w") as file:
            json.dump(dict(baseTimeNanoseconds=base, traceEvents=events), file, separators=(",", ":"))


def _end():
    """Ends the recording of all inference sessions; their events, each with the Unix time of their zero."""
    recorded = [known() for known in _recorded]
    del _recorded[:]
    found = []
    for session in recorded:
        try:
            path = session.end_profiling()
            with open(path, "rb") as file:
                found.append((json.loads(file.read().decode("utf-8")), session.get_profiling_start_time_ns()))
        except Exception:
            continue  # an inference session that is gone already, or whose file is damaged
        finally:
            session = None
        os.remove(path)
        _remove_folder(os.path.dirname(path))
    return found


def _remove_folder(path):
    try:
        os.rmdir(path)
    except OSError:
        pass


def start(path):
    """Starts the spans of a window."""
    return Session(path)


def discard():
    """Ends the recording of inference sessions that no window wants any more."""
    _end()


def describe(final=False):
    """Version and providers of onnxruntime; None while no session was made, until the end."""
    module = sys.modules["onnxruntime"]
    if not _made and not final:
        return None
    devices = []
    try:
        if any("CUDA" in name or "ROCM" in name or "Tensorrt" in name for name in module.get_available_providers()):
            devices.append(dict(name="GPU", type="GPU"))
    except Exception:
        pass
    version = str(getattr(module, "__version__", ""))
    return dict(name=NAME, version=version, devices=devices or [dict(name="CPU", type="CPU")], gpus=[], build={})
