"""Programs that look at themselves, or that other tools look at: the same with and without us."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest
from launches import MODELS
from test_transparency import NOISE, split_report

HEAD = """
import os, sys
class Model:
    def predict(self, x):
        return x
model = Model()
def call(x):
    return model.predict(x)  # site
"""

PROGRAMS = {
    "asyncio": """
import asyncio
class Slow:
    async def predict(self, x):
        await asyncio.sleep(0.001 * x)
        if x == 3: raise ValueError(x)
        return x
slow = Slow()
async def one(x):
    return await slow.predict(x)  # site 2
async def main():
    print(await asyncio.gather(*[one(i) for i in range(5)], return_exceptions=True))
    try:
        await asyncio.wait_for(one(1000), 0.01)
    except asyncio.TimeoutError as error:
        print('late', type(error).__name__)
    async for x in stream(): print(x)
async def stream():
    for i in range(2): yield await slow.predict(call(i))
asyncio.run(main())
""",
    "generators that are dropped": """
def g():
    while True:
        yield call((yield call(1)))
it = g(); next(it); it.send(2); it.close(); del it
import gc; gc.collect()
print(call(3))
""",
    "threads": """
import threading
def work():
    for i in range(50): call(i)
ts = [threading.Thread(target=work, name='t%d' % i) for i in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]
print(threading.active_count(), sorted(t.name for t in threading.enumerate()))
""",
    "a daemon thread at the end": """
import threading
def work():
    while True: call(1)
threading.Thread(target=work, daemon=True).start()
import time; time.sleep(0.05)
print('end')
""",
    "deep recursion": """
def down(n): return call(n) if n == 0 else down(n - 1)
print(down(800))
sys.setrecursionlimit(300)
def forever(n): return call(forever(n + 1))
try: forever(0)
except RecursionError as error: print('deep')
print(call(5))
""",
    "tracemalloc": """
import tracemalloc
tracemalloc.start()
for i in range(100): call(i)
own = [t for t in tracemalloc.take_snapshot().statistics('filename') if t.traceback[0].filename == __file__]
print(len(own), tracemalloc.is_tracing())
""",
    "cProfile in the program": """
import cProfile, pstats, io
p = cProfile.Profile(); p.enable()
for i in range(100): call(i)
p.disable()
out = io.StringIO(); pstats.Stats(p, stream=out).print_stats('main.py')
print([line.split()[0] for line in out.getvalue().splitlines() if 'main.py' in line])
""",
    "a trace function": """
lines = []
def tracer(frame, event, arg):
    if frame.f_code.co_filename != __file__: return None
    lines.append((frame.f_code.co_name, frame.f_lineno, event))
    return tracer
sys.settrace(tracer)
call(1); call(2)
sys.settrace(None)
print(lines)
""",
    "a debugger": """
import bdb
class Debugger(bdb.Bdb):
    def user_line(self, frame):
        if frame.f_code.co_filename == __file__: print(frame.f_lineno, end=' ')
        self.set_step()
Debugger().runcall(call, 1)
print()
""",
    "C code that calls back": """
import ctypes, functools
kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 6)(5, 3, 1, 4, 2, 0)
ctypes.CDLL(None).qsort(numbers, 6, ctypes.sizeof(ctypes.c_int), kind(lambda a, b: call(a[0]) - call(b[0])))
print(list(numbers), sorted([3, 1, 2], key=call), functools.reduce(lambda a, b: call(a + b), range(5)))
""",
    "stacks": """
import inspect, traceback
class Loud:
    def predict(self, x):
        print([(f.function, f.lineno) for f in inspect.stack() if 'runpy' not in f.filename])
        print(traceback.format_list(f for f in traceback.extract_stack() if 'runpy' not in f.filename))
        raise KeyError(x)
model = Loud()
try: call(1)
except KeyError: traceback.print_exc()
print(sys.path[:3], sys.argv, sys.flags.optimize)
call(2)
""",
    "exec of its own text": """
if os.environ.get('AGAIN') is None:
    call(1); sys.stdout.flush()
    os.environ['AGAIN'] = '1'
    os.execv(sys.executable, [sys.executable, 'main.py'])
print('again', call(2))
""",
    "own handlers": """
import atexit, signal, threading
signal.signal(signal.SIGALRM, lambda *a: print('alarm', call(7)))
signal.setitimer(signal.ITIMER_REAL, 0.02)
import time; time.sleep(0.1)
sys.excepthook = lambda *a: print('mine', a[0].__name__)
threading.excepthook = lambda a: print('theirs', a.exc_type.__name__) if hasattr(threading, 'excepthook') else None
t = threading.Thread(target=lambda: call(1 / 0)); t.start(); t.join()
atexit.register(lambda: print('bye', call(1)))
call(1 / 0)
""",
    "weak references and globals": """
import weakref, gc
class Big: pass
b = Big(); r = weakref.ref(b)
call(b); del b
print(r() is None, gc.collect() >= 0)
print([n for n in dir() if 'predictscope' in n.lower()], [n for n in sys.modules if n.startswith('test_')])
""",
    "limits of file size": """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
for i in range(5000): call(i)
try:
    open('big', 'wb').write(b'x' * 30000)
except OSError as error: print(error.errno)
""",
    "subinterpreter-like exec": """
exec(compile("print(call(1)); y = [call(i) for i in range(3)]", 'text', 'exec'))
print(y, eval('call(4)'))
""",
    "audit and import hooks": """
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == 'not_there': print('asked'); return None
sys.meta_path.insert(0, Finder())
try: import not_there
except ImportError as error: print(error)
import json, colorsys
print(call(json.dumps([1])), type(colorsys.__loader__).__name__, colorsys.__spec__.loader is colorsys.__loader__)
""",
    "pickles and copies": """
import copy, pickle, inspect
print(pickle.loads(pickle.dumps(call))(3), copy.deepcopy(model).predict(2))
print(inspect.getsource(call).splitlines()[1].strip(), call.__code__.co_firstlineno, call.__code__.co_consts[:1])
""",
}


def site(text, mark="# site\n"):
    return text[: text.index(mark)].count("\n") + 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_with_and_without_us(lab, name):
    text = HEAD + PROGRAMS[name]
    lab.write(text)
    sites = ["main.py:%d" % site(text)]
    if "# site 2" in text:
        sites.append("main.py:%d" % site(text, "# site 2"))
    before = lab.plain()
    for made in lab.folder.glob("big"):
        made.unlink()
    after = lab.profiled(site=sites)
    assert (after.code, after.stdout) == (before.code, before.stdout)
    assert NOISE.sub(b"", split_report(after.stderr)[0]) == NOISE.sub(b"", before.stderr)
    assert sum(s["calls"] for s in after.summary["sites"]) > 0


TORCH = MODELS["torch"].replace("        ", "").replace("with torch.no_grad():\n", "with torch.no_grad():\n    ") + "\n"


def test_torch_compile_of_the_whole_graph_goes_through_a_site(lab):
    text = (
        "import torch\nnet = torch.nn.Linear(4, 2).eval()\nx = torch.ones(1, 4)\n"
        "def inner(x):\n    return net(x).relu()  # site\n"
        "torch._dynamo.reset()\n"
        "f = torch.compile(inner, fullgraph=True, backend='eager')\n"
        "print(torch.equal(f(x), inner(x)))\n"
        "print(torch._dynamo.explain(inner)(x).graph_break_count)\n"
    )
    lab.write(text)
    before = lab.plain()
    after = lab.profiled(site="main.py:5", options=("--calls", "0"))
    assert (after.code, after.stdout) == (before.code, before.stdout) == (0, b"True\n0\n")
    assert after.site()["calls"] == 1  # the one that was not compiled


def test_known_differences_are_these(lab):
    """What a program can see of us when it looks for it: docs/differences.md."""
    text = (
        HEAD
        + "import _thread, builtins, threading\ncall(1)\n"
        + "print(sorted(n for n in vars(builtins) if 'predictscope' in n))\n"
        "print(sorted(n for n in sys.modules if 'predictscope' in n)[:1])\n"
        "print([type(f).__name__ for f in sys.meta_path if type(f).__module__.startswith('predictscope')])\n"
        "print(len(sys._current_frames()) - threading.active_count() in (0, 1))\n"
        "import inspect; print([f.function for f in inspect.stack()])\n"
    )
    lab.write(text)
    shown = lab.profiled(site="main.py:%d" % site(text)).stdout.decode().splitlines()
    assert [re.sub("_predictscope_._", "", name) for name in eval(shown[0])] == [""] * len(eval(shown[0]))
    assert shown[1:] == ["['predictscope']", "['Finder']", "True", "['<module>', '_run_code', '_run_module_as_main']"]


def test_a_child_forked_after_tensorflow_has_started(lab):
    """It may not compute; it may do all else, a recorded call of its own too."""
    text = (
        "import os, sys\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\n"
        "import keras, numpy\nnet = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])\n"
        "class M:\n    def predict(self, x): return x\n"
        "def call(model, x):\n    return model.predict(x)  # site\n"
        "x = numpy.ones((1, 4), 'float32')\n"
        "class Batch:\n    predict = staticmethod(lambda x: net.predict(x, verbose=0))\n"
        "for i in range(3): call(Batch, x)\n"
        "sys.stdout.flush()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    print([call(M(), i) for i in range(4)], flush=True); os._exit(5)\n"
        "print(os.waitpid(pid, 0)[1] >> 8)\n"
        "call(Batch, x); print('end')\n"
    )
    lab.write(text)
    before = lab.plain()
    after = lab.profiled(site="main.py:%d" % site(text))
    assert (after.code, after.stdout) == (before.code, before.stdout) == (0, b"[0, 1, 2, 3]\n5\nend\n")
    assert after.site()["calls"] == 8


CYTHON = """
cdef class Model:
    def predict(self, x):
        if x == 3: raise ValueError(x)
        return x * 2

def each(f, int n):
    return [f(i) for i in range(n)]
"""


def test_cython_code_on_both_sides_of_a_site(lab):
    if shutil.which("cc") is None or not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"):
        pytest.skip("no C compiler or no headers of Python")
    lab.write(CYTHON, "fast.pyx")
    made = lab.plain(command=[sys.executable, "-m", "Cython.Build.Cythonize", "-i", "-q", "fast.pyx"])
    assert made.code == 0, made.text
    text = (
        "import fast\nmodel = fast.Model()\ndef call(x):\n    return model.predict(x)  # site\n"
        "print(fast.each(call, 3))\nfast.each(call, 5)\n"
    )
    lab.write(text)
    before = lab.plain()
    after = lab.profiled(site="main.py:%d" % site(text))
    assert (after.code, after.stdout) == (before.code, before.stdout)
    assert split_report(after.stderr)[0] == before.stderr
    assert (after.site()["calls"], after.site()["errors"]) == (7, 1)


def test_a_disk_that_fills_up(lab, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; test_broken has a limit of file size in its place")
    try:
        text = HEAD + "print(sum(call(i) for i in range(30000)))\nopen('own', 'w').write('x' * 500000)\n"
        lab.write(text)
        after = lab.profiled(site="main.py:%d" % site(text), options=("--log-dir", str(disk / "runs")))
        assert (after.code, after.stdout) == (0, b"449985000\n")
        assert (lab.folder / "own").stat().st_size == 500000
        assert any("could not be written" in p and "Free some space" in p for p in after.problems()), after.problems()
        assert after.site()["calls"] > 1000
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
