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
