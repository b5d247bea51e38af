"""PyTorch programs: the same with and without us, sessions that never meet the program's own, parts, clock."""

import json

import pytest
from traces import check_clock, check_partition, line_of, same, shares, spans

pytest.importorskip("torch")

NET = """
import os, signal, sys, threading, time
import torch
torch.set_num_threads(1)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(*[torch.nn.Linear(16, 16) for _ in range(3)])
        self.calls = 0
        self.hook = None
    def forward(self, x):
        self.calls += 1
        if self.hook is not None:
            return self.hook(x)
        return self.layers(x)

model = Net().eval()
x = torch.ones(4, 16)

def predict():
    with torch.no_grad():
        return model(x)  # site

def operators(profiler):
    profiler.export_chrome_trace("theirs.json")
    return len([event for event in profiler.events() if event.name.startswith("aten")])
"""
SITE = line_of(NET)

# All that our use of it adds to stderr, or takes away: the profiler's complaint when a process's first session
# is not in the thread that imported PyTorch.
PROFILER_LINE = rb"External init callback must run in same thread"

ENDINGS = {
    "ends": ("for i in range(40): print(tuple(predict().shape))\n", 40),
    "raises": ("for i in range(8): predict()\nmodel(torch.ones(3, 3))\n", 8),
    "raises in a traced call": (
        "def hook(x):\n    if model.calls == 8: raise ValueError('no')\n    return model.layers(x)\n"
        "model.hook = hook\nfor i in range(12): predict()\n",
        8,
    ),
    "sys.exit in a traced call": (
        "def hook(x):\n    if model.calls == 8: sys.exit(3)\n    return model.layers(x)\n"
        "model.hook = hook\nfor i in range(12): predict()\n",
        8,
    ),
    "os._exit in the window": ("for i in range(9): predict()\nprint('out', flush=True)\nos._exit(7)\n", 9),
    "killed in the window": ("for i in range(9): predict()\nos.kill(os.getpid(), signal.SIGKILL)\n", 9),
    "interrupted in a traced call": (
        "def hook(x):\n    if model.calls == 8: os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\n"
        "    return model.layers(x)\nmodel.hook = hook\nfor i in range(12): predict()\n",
        8,
    ),
}


RARELY = ["raises", "interrupted in a traced call", "autograd.profiler", "data parallel"]


def cases(names):
    return [pytest.param(name, marks=pytest.mark.full if name in RARELY else ()) for name in names]


@pytest.mark.parametrize("name", cases(ENDINGS))
def test_same_ending(lab, name):
    text, calls = ENDINGS[name]
    lab.write(NET + text)
    _, after = same(lab, SITE)
    assert after.site()["calls"] == calls
    # The first call's trace is written when that call ends, so it survives every ending.
    assert after.summary["traces"][0]["events"] > 20
    if name == "ends":
        assert [t["format"] for t in after.summary["traces"]] == ["chrome-json"] * 2
        assert len(spans(after.summary["traces"][1]["path"])) == 20
        assert after.summary["run"]["frameworks"]["torch"]
        assert after.summary["run"]["devices"] == ["CPU"]
        assert after.site()["partsCalls"] == 20


OWN = {
    "around": (
        "with torch.profiler.profile() as p:\n    for i in range(9): predict()\nprint(operators(p))\n",
        9,
        "profiler itself, so no trace",
    ),
    "inside": (
        "for i in range(8): predict()\nwith torch.profiler.profile() as p: predict()\n"
        "for i in range(3): predict()\nprint(operators(p))\n",
        12,
        "ours ended early",
    ),
    "autograd.profiler": (
        "for i in range(7): predict()\nwith torch.autograd.profiler.profile() as p: predict()\n"
        "print(operators(p), sorted(event.key for event in p.key_averages()))\n",
        8,
        "ours ended early",
    ),
    "in a traced call": (
        "def hook(x):\n    if model.calls == 8:\n"
        "        with torch.profiler.profile() as p: y = model.layers(x)\n        print(operators(p))\n        return y\n"
        "    return model.layers(x)\nmodel.hook = hook\nfor i in range(12): predict()\n",
        12,
        None,
    ),
    "in another thread during a traced call": (
        "def work():\n    with torch.profiler.profile() as p: model.layers(x)\n    print(operators(p))\n"
        "def hook(x):\n    if model.calls == 8:\n        model.thread = threading.Thread(target=work)\n"
        "        model.thread.start(); time.sleep(0.3)\n    return model.layers(x)\n"
        "model.hook = hook\nfor i in range(12): predict()\nmodel.thread.join()\n",
        12,
        None,
    ),
    "in another thread again and again": (
        "done = []\ndef work():\n    for i in range(5):\n        with torch.profiler.profile() as p: model.layers(x)\n"
        "        done.append(operators(p))\n"
        "thread = threading.Thread(target=work)\nthread.start()\nfor i in range(400): predict()\nthread.join()\n"
        "print(done)\n",
        400,
        None,
    ),
}


@pytest.mark.parametrize("name", cases(OWN))
def test_the_programs_own_profiler_comes_first(lab, name):
    text, calls, sentence = OWN[name]
    lab.write(NET + text)
    _, after = same(lab, SITE, noise=rb"USDT|" + PROFILER_LINE)
    assert after.site()["calls"] == calls
    assert json.loads((lab.folder / "theirs.json").read_text())["traceEvents"]
    if sentence:
        assert any(sentence in p for p in after.problems()), after.problems()


FORKS = {
    # Kineto's own thread made a child hang at its end; an open session made it crash.
    "after a session": (
        "for i in range(40): predict()\npid = os.fork()\nif pid == 0:\n    predict(); sys.exit(4)\n"
        "print(os.waitpid(pid, 0)[1])\n",
        41,
    ),
    "in traced calls": (
        "def hook(x):\n    if model.calls in (1, 8):\n        pid = os.fork()\n        if pid == 0:\n"
        "            model.layers(x); sys.exit(4)\n        print(os.waitpid(pid, 0)[1])\n    return model.layers(x)\n"
        "model.hook = hook\nfor i in range(12): predict()\n",
        12,
    ),
}


@pytest.mark.parametrize("name", FORKS)
def test_forked_children_end_as_they_would(lab, name):
    text, calls = FORKS[name]
    lab.write(NET + text)
    _, after = same(lab, SITE)
    assert after.site()["calls"] == calls
    assert len(after.summary["traces"]) == 2


THREADS = {
    "pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: print(len(list(pool.map(lambda i: predict(), range(60)))))\n",
        60,
    ),
    "daemon": (
        "go = threading.Event()\ndef work():\n    for i in range(30): predict()\n    go.set()\n    time.sleep(60)\n"
        "threading.Thread(target=work, daemon=True).start()\ngo.wait()\n",
        30,
    ),
    "data parallel": (
        "model = torch.nn.DataParallel(model)\nfor i in range(30): predict()\n",
        30,
    ),
}


@pytest.mark.parametrize("name", cases(THREADS))
def test_calls_from_threads(lab, name):
    text, calls = THREADS[name]
    lab.write(NET + text)
    _, after = same(lab, SITE, noise=PROFILER_LINE)
    assert after.site()["calls"] == calls
    # A session must not be open in a thread that the process leaves behind.
    assert (len(after.summary["traces"]) > 0) == (name != "daemon")


def test_a_compiled_function_stays_whole(lab):
    lab.write(
        NET + "compiled = torch.compile(predict, fullgraph=True, backend='eager')\n"
        "for i in range(3): print(compiled().sum().item() == predict().sum().item())\n"
    )
    _, after = same(lab, SITE)
    assert after.site()["calls"] == 3


CLOCKED = """
import json, time
import torch
torch.set_num_threads(1)
clocked = []

class Net(torch.nn.Module):
    def forward(self, x):
        before = time.perf_counter()
        while time.perf_counter() < before + {loop}:
            pass
        middle = time.perf_counter()
        y = {math}
        self.taken = middle - before, time.perf_counter() - middle
        return y

model = Net()
x = torch.rand(600, 600)
for i in range(30):
    with torch.no_grad():
        model(x)  # site
    clocked.append((model.taken[{which}], sum(model.taken)))
json.dump(clocked, open("clocked.json", "w"))
"""


@pytest.mark.parametrize(
    "loop, math, part, which",
    [
        (0.004, "x @ x @ x", "python", 0),
        (0.001, "x @ x @ x @ x @ x @ x", "modelFunction", 1),
    ],
)
def test_parts_against_the_programs_own_clock(lab, loop, math, part, which):
    done = shares(lab, CLOCKED.format(loop=loop, math=math, which=which), part)
    check_partition(done)
    check_clock(done, 21)
    assert set(done.site()["parts"]) == {"python", "modelFunction"}


@pytest.mark.full
def test_a_profiler_in_a_thread_that_a_traced_call_waits_for(lab):
    """The one case that costs time: the thread waits 10 s for our session, then the session is given up."""
    lab.write(
        NET + "def work():\n    with torch.profiler.profile() as p: model.layers(x)\n    print(operators(p))\n"
        "def hook(x):\n    if model.calls == 8:\n        thread = threading.Thread(target=work)\n"
        "        thread.start(); thread.join()\n    return model.layers(x)\n"
        "model.hook = hook\nfor i in range(12): predict()\n"
    )
    _, after = same(lab, SITE, noise=rb"USDT|disableProfiler called|Leaked callback")
    assert after.site()["calls"] == 12
    assert any("a traced call waits for" in p for p in after.problems())
