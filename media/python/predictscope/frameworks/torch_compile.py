"""Inside a function that torch.compile traces, our functions must not be seen doing anything."""

import builtins

from predictscope import transform_names


def step_aside(torch):
    """Makes `begin` return at once while torch.compile runs a function: a graph break would slow the
    program down, and with fullgraph=True end it."""
    compiler = getattr(torch, "compiler", None)
    compiling = getattr(compiler, "is_compiling", None)
    if compiling is None:
        return
    begin = getattr(builtins, transform_names.BEGIN)

    def begin_unless_compiling(site, value=None):
        return None if compiling() else begin(site, value)

    setattr(builtins, transform_names.BEGIN, begin_unless_compiling)
