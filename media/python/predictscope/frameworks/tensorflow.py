"""TensorFlow's profiler (2.2 and newer): sessions, spans, devices.

Sources: tensorflow/python/profiler/profiler_v2.py and trace.py of 2.4, 2.11 and 2.21.
"""

import glob
import importlib
import sys
import threading
import time

from predictscope.frameworks import Busy, Unsafe

NAME = "tensorflow"
PER_CALL = False
KINDS = ("first", "steady")

_PROFILER = "tensorflow.python.profiler.profiler_v2"
# What opens a span: where it is, and its name there; the second up to 2.2.
_TRACES = (("tensorflow.python.profiler.trace", "Trace"), ("tensorflow.python.profiler.traceme", "TraceMe"))


class _Level:
    """An option value that every version takes: 2.21 ignores plain integers, older ones ask `__index__`."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    __int__ = __index__


def available():
    """Always; whether this version has sessions is told by `start`."""
    return True


def used():
    """Whether the program computes with it."""
    context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
    return bool(getattr(context, "_initialized", False)) or "keras" in sys.modules or "tf_keras" in sys.modules


class Session:
    """One profiler session; the files appear below `path` at `stop`."""

    thread = None

    def __init__(self, path, profiler):
        self.path = path
        self._profiler = profiler
        self._trace = _trace()
        self._step = 0

    def span(self, site, slot):
        """Opens the span of one call. Values are numbers only: `#` and `,` would end the metadata."""
        if self._trace is None:
            return None
        self._step += 1
        span = self._trace(
            "predict",
            step_num=self._step,
            _r=1,
            ps_site=site,
            ps_slot=slot,
            unix_ns=time.time_ns(),
            tid=getattr(threading, "get_native_id", threading.get_ident)(),
        )
        span.__enter__()
        return span

    def leave(self, span):
        """Closes the span; also when the call raised."""
        span.__exit__(None, None, None)

    def stop(self):
        """Ends the session and writes its files."""
        _unwrapped(self._profiler, "stop")()


def _trace():
    for module, name in _TRACES:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            pass
    return None


def start(path):
    """Starts a session that writes below `path` (absolute). Raises Busy when another one is running."""
    try:
        profiler = importlib.import_module(_PROFILER)
    except ImportError:
        raise Unsafe("TensorFlow %s has no profiler sessions like those of 2.2 and newer." % _version()) from None
    if getattr(profiler, "_profiler", None) is not None:
        raise Busy("The program runs a TensorFlow profiler session of its own.")
    try:
        options = profiler.ProfilerOptions(
            host_tracer_level=_Level(2),
            python_tracer_level=_Level(0),
            device_tracer_level=_Level(1),
            delay_ms=_Level(0),
        )
        arguments = dict(options=options)
    except (AttributeError, TypeError):  # 2.2 has no options; its defaults are the levels above
        arguments = {}
    try:
        _unwrapped(profiler, "start")(path, **arguments)
    except Exception as error:
        if type(error).__name__ != "AlreadyExistsError":
            raise
        # A session started outside of Python's module: the module now believes that it is its own.
        profiler._profiler = None
        raise Busy("Another TensorFlow profiler session is running in this process (a profiler server?).") from error
    return Session(path, profiler)


def _unwrapped(module, name):
    function = getattr(module, name)
    return getattr(function, "_predictscope_original", function)


def guard(module, give_way):
    """Wraps start and stop of profiler_v2, so that our session ends before the program's begins."""
    import functools

    def wrap(function, starts):
        @functools.wraps(function)
        def call(*args, **kwargs):
            give_way(starts)
            return function(*args, **kwargs)

        call._predictscope_original = function
        return call

    module.start = wrap(module.start, True)
    module.stop = wrap(module.stop, False)


def _version():
    return str(getattr(sys.modules["tensorflow"], "__version__", ""))


def describe(final=False):
    """Version, registered devices and build of TensorFlow; None while it has not initialised its devices
    (asking then would initialise them, which the program may want to configure first). In graph mode there
    are only those of the program's sessions, which cannot be asked for here."""
    context = sys.modules.get("tensorflow.python.eager.context")
    current = getattr(context, "_context", None)
    if current is None or not getattr(current, "_initialized", False):
        if not final or not _graph_mode(context):
            return None
        return dict(name="tensorflow", version=_version(), keras=_keras(), devices=[])
    devices = []
    for device in current.list_logical_devices():
        devices.append(dict(name=device.name, type=device.device_type))
    details = []
    try:
        for device in current.list_physical_devices("GPU"):
            details.append(current.get_device_details(device).get("device_name", ""))
    except Exception:
        pass
    build = {}
    try:
        info = importlib.import_module("tensorflow.python.platform.build_info").build_info
        for key in ("is_cuda_build", "is_rocm_build", "cuda_version", "cudnn_version"):
            if key in info:
                build[key] = info[key] if isinstance(info[key], bool) else str(info[key])
    except Exception:
        pass
    return dict(
        name="tensorflow",
        version=_version(),
        keras=_keras(),
        devices=devices,
        gpus=details,
        gpuNodes=sorted(glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/kfd")),
        build=build,
    )


def _graph_mode(context):
    """Whether this is TensorFlow 1, or a program that asked for its behaviour."""
    return getattr(context, "default_execution_mode", None) == getattr(context, "GRAPH_MODE", 0)


def _keras():
    # TensorFlow itself may load `keras`; the other is there only where the program wants it.
    keras = sys.modules.get("tf_keras") or sys.modules.get("keras")
    return str(getattr(keras, "__version__", "")) if keras is not None else ""
