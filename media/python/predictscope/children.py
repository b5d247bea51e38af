"""Child processes that would lose us: those with an environment of their own, and `python -E`, `-I`, `-S`.

`subprocess` and `multiprocessing` start children through one C function, which gets the finished
arguments and environment, and which is wrapped; a failure to start is reported from elsewhere, so that
no frame of ours shows. From 3.13 on subprocess mostly calls os.posix_spawn instead, which raises itself.
"""

import os
import re
import sys

from predictscope import rundir

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LAUNCHER = os.path.join(_HERE, "launch.py")
_PYTHON = re.compile(rb"(^|/)(python|pypy)[\d.]*w?$")
_SHELL = re.compile(rb"(^|/)(ba|da|z|k)?sh$")
_ISOLATED = re.compile(rb"-[bBdhiOPqsuvxEIS]*[EIS][bBdhiOPqsuvxEIS]*$")
_VALUED = (b"-W", b"-X", b"--check-hash-based-pycs")


def patch(module):
    """Wraps fork_exec of `_posixsubprocess`, also where subprocess (from 3.11 on) has taken it over."""
    start = module.fork_exec

    def fork_exec(args, executables, close_fds, pass_fds, cwd, env, *rest):
        try:
            args, env = _adapted(args, executables, env)
        except Exception:
            pass  # the child runs, without us
        return start(args, executables, close_fds, pass_fds, cwd, env, *rest)

    module.fork_exec = fork_exec
    if sys.version_info >= (3, 13):
        patch_spawn()
    subprocess = sys.modules.get("subprocess")
    if getattr(subprocess, "_fork_exec", None) is start:
        subprocess._fork_exec = fork_exec


def patch_spawn():
    """Wraps os.posix_spawn."""
    spawn = getattr(os, "posix_spawn", None)
    if spawn is None:
        return

    def posix_spawn(path, argv, env, **more):
        try:
            words, entries = _adapted(argv, [path], [os.fsencode(k) + b"=" + os.fsencode(v) for k, v in env.items()])
            if entries is not None:
                argv, env = words, dict(entry.split(b"=", 1) for entry in entries)
        except Exception:
            pass
        return spawn(path, argv, env, **more)

    os.posix_spawn = posix_spawn


def _adapted(args, executables, env):
    words = [os.fsencode(word) for word in args]
    path = next((p for p in map(os.fsencode, executables) if os.path.exists(p)), b"")
    if not _runs_python(path, words):
        return args, env
    place = isolated_from(words) if _PYTHON.search(path) else None
    if place is not None:
        args = words[:place] + [os.fsencode(_LAUNCHER)] + words[place:]
    return args, env if env is None else _with_us(env)


def _runs_python(path, words):
    if _PYTHON.search(path):
        return True
    if _SHELL.search(path):
        return any(b"python" in word for word in words[1:])
    with open(path, "rb") as file:
        head = file.readline(200)
    return head.startswith(b"#!") and b"python" in head


def isolated_from(words):
    """Index of the first word that is not Python's own when an option makes it ignore PYTHONPATH, else None."""
    isolated = False
    at = 1
    while at < len(words):
        word = words[at]
        if word in _VALUED:
            at += 2
            continue
        if _ISOLATED.match(word):
            isolated = True
        elif not word.startswith(b"-") or word == b"-" or re.match(rb"-[a-zA-Z]*[cm]", word):
            break
        at += 1
    if at >= len(words) or words[at] == b"-" or words[at] == os.fsencode(_LAUNCHER):
        return None
    return at if isolated else None


def _with_us(env):
    """The given environment (a list of b"NAME=value") with what brings us into the child."""
    ours = os.fsencode(_HERE)
    run = os.fsencode(rundir.RUN)
    out = []
    path = b""
    for entry in env:
        name, _, value = entry.partition(b"=")
        if name == b"PYTHONPATH":
            path = value
        elif name != run:
            out.append(entry)
    parts = [part for part in path.split(b":") if part] if path else []
    if ours not in parts:
        path = ours + (b":" + path if path else b"")
    out.append(b"PYTHONPATH=" + path)
    out.append(run + b"=" + os.fsencode(os.environ.get(rundir.RUN, "")))
    return out
