"""Framework profilers: which one a call site is traced with, without importing what the program did not import.

Each profiler is a module of this package with `NAME`, `available()` and `start(path)`, which returns a
session: `span(site, slot)`, `leave(span)`, `stop()`, and `thread`, the only one that may stop it (None: any).
`PER_CALL` says that a session lasts for one call, `KINDS` which windows it can have.
"""

import importlib
import sys

# The profilers that calls are traced with, in the order in which they are asked when a site does not tell.
_PROFILERS = ("tensorflow", "torch", "jax", "onnxruntime")
# Sites of these have call times only.
_UNTRACED = ("sklearn", "xgboost", "tfjs")

_sites = {}


class Busy(Exception):
    """A profiler session that is not ours is running. The message is a sentence for the user."""


class Unsafe(Exception):
    """This version's profiler could harm the program. The message is a sentence for the user."""


def _loaded(name):
    """The module when the program has imported it completely, else None."""
    module = sys.modules.get(name)
    if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
        return None
    return module


def _profiler(name):
    return importlib.import_module("predictscope.frameworks." + name)


def know_sites(files):
    """Takes the frameworks of the wanted sites from the `files` of config.json."""
    for file in files:
        for site in file.get("sites", ()):
            _sites[site.get("index")] = site.get("framework", "unknown")


def all_seen(seen):
    """Whether the profilers in `seen` are all that the sites of the program want."""
    names = set(_sites.values()).difference(_UNTRACED)
    if names <= {"keras", "unknown"}:  # one profiler, whichever it is
        return bool(seen)
    return names.difference(("keras", "unknown")) <= set(seen)


def patches(windows, files=()):
    """{module name: what to do once the program has imported it}. `windows()` are those of the process then."""
    know_sites(files)

    def guarded(name, guard):
        def patch(module):
            getattr(_profiler(name), guard)(module, lambda starts: windows().give_way(starts))
            windows().framework_loaded()

        return patch

    def dynamo(_module):
        _profiler("torch_compile").step_aside(sys.modules["torch"])

    def onnxruntime(module):
        _profiler("onnxruntime").guard(module, lambda: windows().folder())
        windows().framework_loaded()

    def tensorflow(module):
        windows().framework_loaded()  # below 2.2 nothing else is imported that would tell

    found = {
        "tensorflow": tensorflow,
        "tensorflow.python.profiler.profiler_v2": guarded("tensorflow", "guard"),
        "torch.autograd.profiler": guarded("torch", "guard"),
        "torch.autograd.profiler_legacy": guarded("torch", "guard_legacy"),
        "torch._dynamo": dynamo,  # before it is there, nothing is compiled, and begin can do without asking
        "jax._src.profiler": guarded("jax", "guard"),
    }
    if "onnxruntime" in _sites.values():  # it can only be recorded from the start, and at a price for each run
        found["onnxruntime"] = onnxruntime
    return found


def after_fork():
    """In a forked child, once it has recording functions of its own: what `patches` did to those of the parent."""
    if "torch._dynamo" in sys.modules:
        _profiler("torch_compile").step_aside(sys.modules["torch"])


def discard():
    """Ends what records without a window."""
    module = sys.modules.get("predictscope.frameworks.onnxruntime")
    if module is not None:
        module.discard()


def for_site(site):
    """The profiler that calls of this site are traced with, or None."""
    framework = _sites.get(site, "unknown")
    if framework in _UNTRACED:
        return None
    if framework == "keras":
        framework = _keras_backend()
    if framework in _PROFILERS:
        return _ready(framework)
    ready = [profiler for profiler in map(_ready, _PROFILERS) if profiler is not None]
    # Many programs import TensorFlow for a helper of it and compute with something else.
    used = [profiler for profiler in ready if not hasattr(profiler, "used") or profiler.used()]
    return (used or ready or [None])[0]


def _ready(name):
    if _loaded(name) is None:
        return None
    profiler = _profiler(name)
    return profiler if profiler.available() else None


def _keras_backend():
    """Keras 3 computes with the backend that it was told; earlier ones with TensorFlow."""
    try:
        return sys.modules["keras"].config.backend()
    except Exception:
        return "tensorflow"


def describe(final=False):
    """Name, version and devices of each framework that has initialised its devices, or, at the end, has not."""
    found = []
    for name in _PROFILERS:
        if _loaded(name) is not None:
            description = _profiler(name).describe(final)
            if description is not None:
                found.append(description)
    return found
