"""JAX programs, Keras on JAX and on PyTorch: the same with and without us, parts, clock, what is only enqueued."""

import shutil

import pytest
from traces import check_clock, check_partition, line_of, same, shares, slots

pytest.importorskip("jax")

NET = """
import os, signal, sys, threading, time
import numpy, jax, jax.numpy as jnp

@jax.jit
def apply(w, x):
    for _ in range(3):
        x = jnp.tanh(x @ w)
    return x

w = jnp.ones((200, 200))
x = jnp.ones((50, 200))

def predict(x):
    return numpy.asarray(apply(w, x))

def run():
    return predict(x)  # site

def theirs():
    found = [os.path.join(folder, name) for folder, _, names in os.walk("theirs") for name in names]
    return sorted(path.rpartition(".")[2] for path in found if os.path.getsize(path) > 500)
"""
SITE = line_of(NET)

ENDINGS = {
    "ends": ("for i in range(40): print(run().shape)\n", 40),
    "raises": ("for i in range(8): run()\nx = jnp.ones((3, 3))\nrun()\n", 9),
    "sys.exit": ("for i in range(8): run()\nsys.exit(3)\n", 8),
    "os._exit": ("for i in range(8): run()\nprint('out', flush=True)\nos._exit(7)\n", 8),
    "killed": ("for i in range(8): run()\nos.kill(os.getpid(), signal.SIGKILL)\n", 8),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: print(len(list(pool.map(lambda i: run(), range(60)))))\n",
        60,
    ),
}
RARELY = ["sys.exit", "killed"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if name in RARELY else ()) for name in ENDINGS]
)
def test_same_ending(lab, name):
    text, calls = ENDINGS[name]
    lab.write(NET + text)
    _, after = same(lab, SITE)
    site = after.site()
    assert site["calls"] == calls
    assert site["errors"] == (1 if name == "raises" else 0)
    assert after.summary["traces"][0]["events"] > 50
    if name == "ends":
        assert [t["format"] for t in after.summary["traces"]] == ["xplane"] * 2
        assert after.summary["run"]["devices"] == ["cpu:0"]
        assert site["partsCalls"] == 20
        check_partition(after)
        check_clock(after, 21)


OWN = {
    "around": (
        "jax.profiler.start_trace('theirs')\nfor i in range(9): run()\njax.profiler.stop_trace()\nprint(theirs())\n",
        "profiler itself, so no trace",
    ),
    "inside": (
        "for i in range(8): run()\nwith jax.profiler.trace('theirs'): run()\nprint(theirs())\n",
        "ours ended early",
    ),
    "in another thread": (
        "def work():\n    with jax.profiler.trace('theirs'): predict(x)\n"
        "for i in range(8): run()\nthread = threading.Thread(target=work)\nthread.start()\nrun()\nthread.join()\n"
        "print(theirs())\n",
        "ours ended early",
    ),
    "stopped only": (
        "for i in range(9):\n    run()\ntry:\n    jax.profiler.stop_trace()\nexcept RuntimeError as error:\n    print(error)\n",
        "ours ended early",
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_the_programs_own_profiler_comes_first(lab, name):
    text, sentence = OWN[name]
    lab.write(NET + text)
    before = lab.plain()
    shutil.rmtree(lab.folder / "theirs", ignore_errors=True)
    after = lab.profiled(site="main.py:%d" % SITE)
    assert (after.code, after.stdout) == (before.code, before.stdout)
    assert after.site()["calls"] == 9
    assert any(sentence in p for p in after.problems()), after.problems()


def test_the_first_call_compiles_and_a_new_shape_does_so_again(lab):
    lab.write(NET + "for i in range(9):\n    x = jnp.ones((50 + 10 * (i % 3), 200)); run()\n")
    done = lab.profiled(site="main.py:%d" % SITE, options=("--warm-up", "0"))
    site = done.site()
    assert site["retraces"] == 2
    assert site["parts"]["tracing"] > 0.5 * site["partsTotalNs"]


def test_a_result_that_is_not_ready_is_told(lab):
    lab.write(
        NET.replace("predict(x)  # site", "apply(w, x)  # site") + "w = jnp.ones((1500, 1500))\n"
        "x = jnp.ones((1500, 1500))\nfor i in range(10): run().block_until_ready()\n"
    )
    done = lab.profiled(site="main.py:%d" % SITE)
    flags = [flags for _, _, flags in slots(done.summary["run"]["directory"]).values()]
    assert sum(flag & 4 > 0 for flag in flags) >= 8
    lab.write(NET + "for i in range(10): run()\n")
    done = lab.profiled(site="main.py:%d" % SITE)
    assert not any(flag & 4 for _, _, flag in slots(done.summary["run"]["directory"]).values())


CLOCKED = """
import json, time
import numpy, jax, jax.numpy as jnp
clocked = []

@jax.jit
def apply(x):
    for _ in range(6):
        x = jnp.tanh(x @ x)
    return x

def predict(x):
    begin = time.perf_counter()
    while time.perf_counter() < begin + {loop}:
        pass
    middle = time.perf_counter()
    y = numpy.asarray(apply(x))
    taken = middle - begin, time.perf_counter() - middle
    clocked.append((taken[{which}], sum(taken)))
    return y

x = jnp.ones((400, 400))
for i in range(30):
    predict(x)  # site
json.dump(clocked, open("clocked.json", "w"))
"""


@pytest.mark.parametrize("loop, part, which", [(0.01, "python", 0), (0.002, "modelFunction", 1)])
def test_parts_against_the_programs_own_clock(lab, loop, part, which):
    done = shares(lab, CLOCKED.format(loop=loop, which=which), part)
    check_partition(done)


KERAS = """
import numpy, keras
model = keras.Sequential([keras.Input((16, 4)), keras.layers.Conv1D(8, 3), keras.layers.Dense(3)])
x = numpy.ones((2, 16, 4), "float32")
for i in range(30):
    y = model.predict(x, verbose=0)  # site
print(y.shape)
"""


@pytest.mark.parametrize("backend, format", [("jax", "xplane"), ("torch", "chrome-json"), ("tensorflow", "xplane")])
def test_keras_is_traced_by_its_backend(lab, backend, format):
    pytest.importorskip(backend)
    lab.write(KERAS)
    after = lab.profiled(site="main.py:%d" % line_of(KERAS), env=lab.environment(KERAS_BACKEND=backend))
    assert (after.code, after.stdout) == (0, b"(2, 14, 3)\n")
    site = after.site()
    assert site["calls"] == 30
    assert [t["format"] for t in after.summary["traces"]] == [format] * 2
    assert site["partsCalls"] == 20
    assert site["parts"]["modelFunction"] > 0
    assert site["parts"].get("unexplained", 0) <= 0.05 * site["partsTotalNs"]
    check_partition(after)
    check_clock(after, 21)
