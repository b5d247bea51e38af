"""Framework profilers: which one is there now, without importing what the program did not import."""

import sys


class Busy(Exception):
    """A profiler session that is not ours is running. The message is a sentence for the user."""


def _loaded(name):
    """The module when the program has imported it completely, else None."""
    module = sys.modules.get(name)
    if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
        return None
    return module


def patches(windows):
    """{module name: what to do once the program has imported it}. `windows()` are those of the process then."""

    def tensorflow(module):
        from predictscope.frameworks import tensorflow

        tensorflow.guard(module, lambda starts: windows().give_way(starts))
        windows().framework_loaded()

    def torch(module):
        from predictscope.frameworks import torch_compile

        torch_compile.step_aside(module)

    return {"tensorflow.python.profiler.profiler_v2": tensorflow, "torch": torch}


def after_fork():
    """In a forked child, once it has recording functions of its own: what `patches` did to those of the parent."""
    if "torch" in sys.modules:
        from predictscope.frameworks import torch_compile

        torch_compile.step_aside(sys.modules["torch"])


def current():
    """The framework whose profiler a call should be traced with, or None."""
    if _loaded("tensorflow") is not None:
        from predictscope.frameworks import tensorflow

        if tensorflow.available():
            return tensorflow
    return None


def describe():
    """Name, version and registered devices of each framework that has initialised its devices."""
    found = []
    if _loaded("tensorflow") is not None:
        from predictscope.frameworks import tensorflow

        description = tensorflow.describe()
        if description is not None:
            found.append(description)
    torch = _loaded("torch")
    if torch is not None:
        found.append(dict(name="torch", version=str(getattr(torch, "__version__", "")), devices=[]))
    jax = _loaded("jax")
    if jax is not None:
        found.append(dict(name="jax", version=str(getattr(jax, "__version__", "")), devices=[]))
    return found
