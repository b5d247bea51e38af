"""JAX's profiler: sessions, spans, devices, and the guard around the program's own.

A session sees all threads and may end in any. Sources: jax/_src/profiler.py of 0.4 and 0.10.
"""

import functools
import os
import sys
import threading
import time

from predictscope.frameworks import Busy

NAME = "jax"
PER_CALL = False
KINDS = ("first", "steady")

_MODULE = "jax._src.profiler"


def available():
    """True when a session can be made without JAX initialising anything."""
    return _library() is not None


def _library():
    """The C++ part: JAX's own start_trace would first initialise the devices, which the program may
    want to configure, and writes each trace twice."""
    module = sys.modules.get(_MODULE)
    for found in (getattr(module, "_profiler", None), getattr(getattr(module, "xla_client", None), "profiler", None)):
        if hasattr(found, "ProfilerSession") and hasattr(found, "ProfileOptions"):
            return found
    return None


def _bridge():
    return sys.modules.get("jax._src.xla_bridge")


def used():
    """Whether the program computes with it."""
    try:
        return bool(_bridge().backends_are_initialized())
    except Exception:
        return True


class Session:
    """One profiler session; its file appears below `path` at `stop`."""

    thread = None

    def __init__(self, path, library):
        self.path = path
        self._annotation = sys.modules[_MODULE].TraceAnnotation
        options = library.ProfileOptions()
        options.python_tracer_level = 0  # the default makes Python code 9 times slower
        options.host_tracer_level = 2
        try:
            options.enable_hlo_proto = False  # hundreds of kB that nothing here reads
        except AttributeError:
            pass
        self._session = library.ProfilerSession(options)

    def span(self, site, slot):
        """Opens the span of one call. Values are numbers only: `#` and `,` would end the metadata."""
        span = self._annotation(
            "predict",
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
        """Ends the session and writes its file, laid out as TensorBoard wants it."""
        data = self._session.stop()
        folder = os.path.join(self.path, "plugins", "profile", time.strftime("%Y_%m_%d_%H_%M_%S"))
        os.makedirs(folder)
        host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "host")
        with open(os.path.join(folder, "%s.xplane.pb" % host.replace(":", "_")), "wb") as file:
            file.write(data)


def start(path):
    """Starts a session that writes below `path`. Raises Busy when another one is running."""
    module = sys.modules[_MODULE]
    if getattr(getattr(module, "_profile_state", None), "profile_session", None) is not None:
        raise Busy("The program runs a JAX profiler session of its own.")
    if getattr(sys.modules["jax"].config, "jax_enable_pgle", False):
        raise Busy("JAX profiles the program itself (jax_enable_pgle).")
    return Session(path, _library())


def guard(module, give_way):
    """Wraps the functions that start and stop a session, so that ours ends before the program's begins."""

    def wrap(function, starts):
        @functools.wraps(function)
        def call(*args, **kwargs):
            give_way(starts)
            return function(*args, **kwargs)

        return call

    for name, starts in (
        ("start_trace", True),
        ("start_server", True),
        ("stop_trace", False),
        ("stop_and_get_fdo_profile", False),
    ):
        if hasattr(module, name):
            setattr(module, name, wrap(getattr(module, name), starts))


def enqueued(value):
    """True when a call's result is still being computed by the device. Waits for nothing."""
    if type(value) is dict and value:
        value = next(iter(value.values()))
    elif type(value) in (tuple, list) and value:
        value = value[0]
    ready = getattr(value, "is_ready", None)
    return ready is not None and hasattr(value, "block_until_ready") and not ready()


def describe(final=False):
    """Version and devices of JAX; None while it has not initialised them, until the end."""
    jax = sys.modules["jax"]
    devices, gpus = [], []
    try:
        if _bridge().backends_are_initialized():
            for device in jax.local_devices():
                kind = "GPU" if device.platform in ("gpu", "cuda", "rocm") else device.platform.upper()
                devices.append(dict(name="%s:%d" % (device.platform, device.id), type=kind))
                if kind == "GPU":
                    gpus.append(str(device.device_kind))
    except Exception:
        pass
    if not devices and not final:
        return None
    return dict(name="jax", version=str(getattr(jax, "__version__", "")), devices=devices, gpus=gpus, build={})
