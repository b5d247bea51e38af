"""Inside the calls: whose functions, what they were at, layers. Against clocks in the program and cProfile."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys

import pytest
from conftest import ROOT, pythons
from test_agreement import recorded
from traces import line_of

WORKSPACE = ROOT / "test" / "workspace"
torch_only = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch")

# The program knows how long each owner's part of a call took: a line of its own, a function of the standard library
# that its layer calls, and PyTorch's C++.
PLANTED = """
import gc, json, statistics, time
import torch
torch.set_num_threads(1)
gc.disable()
clock = time.perf_counter
took = {}

def note(name, begin):
    took.setdefault(name, []).append(clock() - begin)

few = [float(i) for i in range(600)]
big = torch.ones(480, 480)

def repeats(work, seconds):
    # No loop of a call looks at the clock: that would cost more under a profiler.
    work()
    begin = clock()
    for _ in range(20): work()
    return max(1, int(seconds * 20 / (clock() - begin)))

def plain(count):
    total = 0
    for i in range(count): total += i & 7

SLICES = 8
LOOPS = 1000 * repeats(lambda: plain(1000), 0.05 / SLICES)
LIBRARY = repeats(lambda: statistics.pstdev(few), 0.08 / SLICES)
KERNELS = repeats(lambda: torch.mm(big, big), 0.12 / SLICES)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 8)

    def forward(self, x):
        # In slices: whatever else the machine does meets all owners alike.
        spent = dict.fromkeys(("yours", "python", "torch"), 0)
        for _ in range(SLICES):
            begin = clock()
            plain(LOOPS)
            spent["yours"] += clock() - begin
            begin = clock()
            for _ in range(LIBRARY): statistics.pstdev(few)
            spent["python"] += clock() - begin
            begin = clock()
            for _ in range(KERNELS): torch.mm(big, big)
            spent["torch"] += clock() - begin
        for name in spent: took.setdefault(name, []).append(spent[name])
        return self.layer(x)

net = Net()
x = torch.ones(1, 8)
with torch.no_grad():
    for i in range(16):
        start = clock()
        net(x)  # site
        note("all", start)
json.dump(took, open("took.json", "w"))
"""


def owners(site, key="ns"):
    """{owner: share} of a site, C++ and Python of one owner told apart by a colon."""
    total = sum(o[key] for o in site["inside"]["owners"])
    return {"%s:%s" % (o["owner"], o["language"]): o[key] / total for o in site["inside"]["owners"]}


@pytest.mark.alone
@torch_only
def test_planted_owners(lab):
    """The calls 4 to 6 are recorded; the program's clock is read in those after them, which nothing slows down: under
    the profiler Python 3.11 takes twice as long for its own code, and what it calls pays for each call."""
    lab.write(PLANTED)
    done = lab.profiled(site="main.py:%d" % line_of(PLANTED), options=("--warm-up", "2", "--calls", "2"))
    assert done.code == 0, done.text
    took = json.loads((lab.folder / "took.json").read_text())
    site = done.site()
    assert site["inside"]["calls"] == 3
    found = owners(site)
    # One of the calls may meet other work of the machine, so the middle one counts.
    truth = {name: statistics.median(took[name][9:16]) * 3 for name in ("yours", "python", "torch")}
    whole = sum(truth.values())
    assert abs(found["yours:python"] - truth["yours"] / whole) < 0.03, (found, truth)
    assert abs(found["python:python"] - truth["python"] / whole) < 0.03, (found, truth)
    assert abs(found["torch:native"] - truth["torch"] / whole) < 0.03, (found, truth)
    # Without what the profiler took, the calls are as long as they are without it.
    assert abs(site["inside"]["totalNs"] / 1e9 - whole) < 0.1 * whole
    durations = [end - begin for begin, end in recorded(done.summary["run"]["directory"])]
    assert abs(site["inside"]["profiledNs"] - sum(durations[4:7])) < 1000
    # It slowed them down, so they are in no percentile.
    assert site["calls"] == 16
    names = [f["name"].rpartition(".")[2] for f in site["inside"]["functions"]]
    assert "plain" in names[:4], names


@pytest.mark.alone
@torch_only
def test_what_the_argument_does_is_not_in_it(lab):
    text = PLANTED.replace("net(x)  # site", "net(made())  # site").replace(
        "net = Net()", "def made():\n    time.sleep(0.03)\n    return x\n\nnet = Net()"
    )
    lab.write(text)
    done = lab.profiled(site="main.py:%d" % line_of(text), options=("--warm-up", "2", "--calls", "2"))
    assert done.code == 0, done.text
    site = done.site()
    assert site["inside"]["calls"] == 3
    assert "made" not in [f["name"] for f in site["inside"]["functions"]]
    inside = site["inside"]
    # With the argument's 30 ms a call, the functions would add up to more than the calls took.
    assert abs(sum(o["profiledNs"] for o in inside["owners"]) - inside["profiledNs"]) < 0.01 * inside["profiledNs"]
    durations = [end - begin for begin, end in recorded(done.summary["run"]["directory"])]
    assert abs(inside["profiledNs"] - sum(durations[4:7])) < 1000


# Garbage collection is off in both, so that a collection which falls into a few calls only is in neither.
SAMPLE = """
import gc
gc.disable()
import runpy, sys
sys.path.insert(0, %r)
sys.argv[1:] = ["-I", %r, "-R", %r, "-O", "out.vcf"]
%s
runpy.run_module("splicescore", run_name="__main__")
"""

CPROFILE = """
import cProfile, keras
profiler = cProfile.Profile()
plain = keras.Model.predict
seen = 0
def predict(self, *args, **more):
    global seen
    seen += 1
    if seen <= 26:
        return plain(self, *args, **more)
    profiler.enable()
    try:
        return plain(self, *args, **more)
    finally:
        profiler.disable()
keras.Model.predict = predict
import atexit
atexit.register(lambda: profiler.dump_stats("theirs.prof"))
"""


def theirs_by_owner(path):
    """Shares of cProfile's own times by package; a function in C is TensorFlow's C++ or its caller's."""
    import marshal
    import re

    with open(path, "rb") as file:
        stats = marshal.load(file)
    spent = {}

    def add(key, seconds):
        spent[key] = spent.get(key, 0) + seconds

    def package(file):
        found = re.search(r"site-packages/([^/]+)", file)
        return found.group(1) if found else "python"

    for (file, _, name), (_, _, own, _, callers) in stats.items():
        if file != "~":
            add(package(file), own)
        elif re.search("tensorflow|_pywrap", name):
            add("C++", own)
        elif "disable" not in name:
            for (caller, _, _), times in callers.items():
                add("numpy C" if "numpy" in name else package(caller), times[2])
    whole = sum(spent.values())
    return {key: seconds / whole for key, seconds in spent.items()}


def shares_by_owner(sites):
    """{(owner, language): share of the time under the function profiler}, all sites together."""
    spent = {}
    for site in sites:
        for owner in site["inside"]["owners"]:
            key = owner["owner"], owner["language"]
            spent[key] = spent.get(key, 0) + owner["profiledNs"]
    whole = sum(spent.values())
    return {key: ns / whole for key, ns in spent.items()}


@pytest.mark.alone
def test_the_sample_agrees_with_cprofile(lab):
    """The user's lines, Keras and TensorFlow in Python, TensorFlow in C++, within 3 points of cProfile's.

    Two processes, one after the other. Where the machine has other work, the thread waits in Keras for TensorFlow's, and
    the one process is not like the other (Keras 4 % of it on an idle machine, 13 to 24 % on a busy one). So they may be
    run again, as in test_agreement.py; an error of ours would be there each time."""
    data = WORKSPACE / "data"
    few = lab.folder / "few.vcf"
    lines = (data / "variants.vcf").read_text().splitlines(True)
    # Only exchanges of one base: the length of the others' windows makes Keras trace the models anew.
    plain = [t for t in lines if t[0] != "#" and all(len(base) == 1 for base in t.split("\t")[3:5])]
    few.write_text("".join([t for t in lines if t[0] == "#"] + plain[:5] * 2))
    places = (str(WORKSPACE), str(few), str(data / "genome.fa"))
    lab.write(SAMPLE % (*places, CPROFILE), "theirs.py")
    lab.write(SAMPLE % (*places, ""))
    tries = []
    for _ in range(3):
        subprocess.run([sys.executable, "theirs.py"], cwd=lab.folder, check=True, capture_output=True, timeout=300)
        done = lab.profiled(options=("--root", str(WORKSPACE / "splicescore")), timeout=300)
        assert done.code == 0, done.text
        sites = [s for s in done.summary["sites"] if s["inside"]]
        assert sum(s["inside"]["calls"] for s in sites) == 6
        ours, theirs = shares_by_owner(sites), theirs_by_owner(lab.folder / "theirs.prof")
        apart = {
            name: ours.get(key, 0) - theirs.get(name, 0)
            for key, name in (
                (("tensorflow", "native"), "C++"),
                (("tensorflow", "python"), "tensorflow"),
                (("keras", "python"), "keras"),
                (("yours", "python"), "yours"),
            )
        }
        tries.append(apart)
        if all(abs(points) < 0.03 for points in apart.values()):
            break
    else:
        raise AssertionError(tries)
    # The parts of the trace say the same of C++ and Python, from other calls and without that profiler.
    for site in sites:
        assert site["parts"].get("unexplained", 0) <= 0.05 * site["partsTotalNs"]
        layers = sum(layer["hostNs"] for layer in site["layers"])
        assert abs(layers - site["parts"]["modelFunction"]) <= 0.01 * site["parts"]["modelFunction"]


@torch_only
def test_modules_add_up_and_are_linked(lab):
    text = (ROOT / "test" / "fixtures" / "runs" / "whole_program.py").read_text()
    lab.write(text)
    done = lab.profiled()
    assert done.code == 0, done.text
    for site in done.summary["sites"]:
        layers = {layer["layer"]: layer for layer in site["layers"]}
        assert {".", "first", "second"} <= set(layers)
        assert layers["first"]["line"] == line_of(text, "self.first = ")
        assert layers["second"]["line"] == line_of(text, "self.second = ")
        host = sum(layer["hostNs"] for layer in site["layers"])
        assert abs(host - site["parts"]["modelFunction"]) <= 0.01 * site["parts"]["modelFunction"]
        python = sum(layer["pythonNs"] for layer in site["layers"])
        assert abs(python - site["parts"].get("python", 0)) <= 0.01 * site["partsTotalNs"]


@torch_only
def test_modules_leave_nothing_and_close_what_raised(lab):
    text = """
import torch
from torch.nn.modules import module as m
before = torch.nn.Module.__call__
net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(9, 9))
for i in range(9):
    try:
        net(torch.ones(1, 4))  # site
    except RuntimeError as error:
        last = str(error)
print(last, len(m._global_forward_hooks), torch.nn.Module.__call__ is before)
ok = torch.nn.Linear(4, 4)
print(ok(torch.ones(1, 4)).shape)
"""
    lab.write(text)
    before = lab.plain()
    done = lab.profiled(site="main.py:%d" % line_of(text), options=("--warm-up", "1", "--calls", "4"))
    assert (done.code, done.stdout) == (before.code, before.stdout)
    site = done.site()
    assert (site["calls"], site["errors"]) == (9, 9)
    assert {"0", "1", "."} <= {layer["layer"] for layer in site["layers"]}


CALLBACKS = """
import json, time
import keras, numpy
slept = {"callbacks": 0, "setUp": 0}

def sleep(what, seconds):
    begin = time.perf_counter()
    time.sleep(seconds)
    slept[what] += time.perf_counter() - begin

class Slow(keras.callbacks.Callback):
    def on_predict_batch_end(self, batch, logs=None):
        sleep("callbacks", 0.06)

class Data(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        sleep("setUp", 0.09)
        return (numpy.ones((2, 8), "float32"),)

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
for i in range(14):
    model.predict(Data(), verbose=0, callbacks=[Slow()])  # site
json.dump(slept, open("slept.json", "w"))
"""


@pytest.mark.alone
def test_phases_of_planted_sleeps(lab):
    """The input's 90 ms and the callback's 60 ms of each call are set-up and callbacks."""
    lab.write(CALLBACKS)
    done = lab.profiled(site="main.py:%d" % line_of(CALLBACKS), options=("--calls", "2"))
    assert done.code == 0, done.text
    site = done.site()
    phases = site["phases"]
    whole = sum(phases.values())
    assert abs(whole - site["totalNs"]) < 0.05 * site["totalNs"]
    slept = json.loads((lab.folder / "slept.json").read_text())
    assert abs(phases["callbacks"] / 1e9 - slept["callbacks"]) < 0.03 * whole / 1e9 + 0.05, (phases, slept)
    # Keras' own set-up comes on top of the input's.
    assert slept["setUp"] - 0.03 * whole / 1e9 < phases["setUp"] / 1e9 < slept["setUp"] + 0.6 * whole / 1e9


GAPS = """
import hashlib, json, time
class Model:
    def predict(self, x):
        time.sleep(0.01)
        return x
model = Model()
clock = time.perf_counter
took = {"sleep": 0, "loop": 0, "sha": 0, "sorted": 0}
data = bytes(30 << 20)
import random
numbers = [random.random() for i in range(120000)]
for i in range(100):
    model.predict(i)  # site
    begin = clock()
    time.sleep(0.02)  # sleep
    took["sleep"] += clock() - begin
    begin = clock()
    while clock() - begin < 0.025: pass  # loop
    took["loop"] += clock() - begin
    begin = clock()
    hashlib.sha256(data).digest()  # sha
    took["sha"] += clock() - begin
    begin = clock()
    sorted(numbers)  # sorted
    took["sorted"] += clock() - begin
json.dump(took, open("took.json", "w"))
"""


@pytest.mark.alone
def test_gaps_by_line(lab):
    lab.write(GAPS)
    done = lab.profiled(site="main.py:%d" % line_of(GAPS), options=("--calls", "0"))
    assert done.code == 0, done.text
    took = json.loads((lab.folder / "took.json").read_text())
    gaps = done.summary["gaps"]
    assert gaps["count"] == 99
    whole = gaps["totalNs"] / 1e9
    for name, seconds in took.items():
        line = line_of(GAPS, "# " + name)
        found = sum(each["ns"] for each in gaps["lines"] if each["line"] == line) / 1e9
        # The last round is after the last call.
        assert abs(found / whole - seconds * 99 / 100 / whole) < 0.03, (name, found, seconds, gaps)
    assert not any(each["line"] == line_of(GAPS) and each["shareOfGaps"] > 0.03 for each in gaps["lines"])


HIDDEN = """
import time
import jax, jax.numpy as jnp
@jax.jit
def model(x):
    for _ in range(6):
        x = jnp.tanh(x @ x)
    return x
x = jnp.ones((700, 700)) / 700
model(x).block_until_ready()
def hidden():
    time.sleep(0.01)  # hidden
def seen():
    time.sleep(0.03)  # seen
for i in range(40):
    y = model(x)  # site
    hidden()
    y.block_until_ready()  # wait
    seen()
"""


@pytest.mark.alone
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="no jax")
def test_lines_behind_the_device_keep_it_from_nothing(lab):
    """JAX computes on threads of its own, also on a CPU: what runs meanwhile costs the device nothing."""
    lab.write(HIDDEN)
    done = lab.profiled(site="main.py:%d" % line_of(HIDDEN), options=("--warm-up", "2", "--calls", "30"))
    assert done.code == 0, done.text
    idle = done.summary["deviceIdle"]
    assert idle["device"] == "CPU workers"
    assert abs(idle["busyNs"] + idle["idleNs"] - idle["windowNs"]) < 1000
    by_line = {line["line"]: line["ns"] / idle["windowNs"] for line in idle["lines"]}
    seen = by_line.get(line_of(HIDDEN, "# seen"), 0)
    assert by_line.get(line_of(HIDDEN, "# hidden"), 0) < 0.03, idle
    # 29 gaps lie within the window, each with 30 ms in which nothing is computed.
    planted = 29 * 0.03 / (idle["windowNs"] / 1e9)
    assert abs(seen - planted) < 0.06, (seen, planted, idle)


PROFILERS = {
    "a profiler of its own": "import sys\nsys.setprofile(lambda *a: None)\n",
    "cProfile loaded": "import cProfile\n",
}


@torch_only
@pytest.mark.parametrize("what", PROFILERS)
def test_a_profiler_of_the_programs_is_left_alone(lab, what):
    text = PROFILERS[what] + PLANTED + "import sys\nprint(type(sys.getprofile()).__name__)\n"
    lab.write(text)
    before = lab.plain()
    done = lab.profiled(site="main.py:%d" % line_of(text), options=("--warm-up", "2", "--calls", "2"))
    assert (done.code, done.stdout) == (before.code, before.stdout)
    assert done.site()["inside"] is None


@torch_only
def test_a_profiler_that_starts_within_a_call(lab):
    text = """
import gc, sys, torch
net = torch.nn.Linear(4, 4)
class Model:
    def predict(self, x):
        if len(seen) == 8:
            sys.setprofile(watch)
        seen.append(len(gc.callbacks))
        return net(x)
events = []
seen = []
def watch(frame, event, arg):
    events.append(event)
model = Model()
for i in range(14):
    model.predict(torch.ones(1, 4))  # site
print(sys.getprofile() is watch, len(events) > 10)
sys.setprofile(None)
print(gc.callbacks)
"""
    lab.write(text)
    before = lab.plain()
    done = lab.profiled(site="main.py:%d" % line_of(text), options=("--warm-up", "2", "--calls", "2"))
    assert (done.code, done.stdout) == (before.code, before.stdout), done.text
    assert done.site()["calls"] == 14


FORKS = """
import os, sys, torch
net = torch.nn.Linear(4, 4)
class Model:
    def predict(self, x):
        if x == 8:
            pid = os.fork()
            if pid == 0:
                os._exit(0 if sys.getprofile() is None else 7)
            print(os.waitpid(pid, 0)[1])
        return net(torch.ones(1, 4))
model = Model()
for i in range(12):
    model.predict(i)  # site
"""


@torch_only
def test_a_fork_within_a_recorded_call(lab):
    lab.write(FORKS)
    done = lab.profiled(site="main.py:%d" % line_of(FORKS), options=("--warm-up", "2", "--calls", "2"))
    assert done.code == 0, done.text
    assert done.stdout.strip() == b"0"


# Stands in for a framework where there is none: what is tested is Python's part.
BARE = """
import sys, types, time
sys.path.insert(0, %r)
from predictscope import functions, rundir
import os, json
class Sampler:
    def rest(self): pass
    def start(self): pass
class Folder:
    path = os.getcwd()
    lines = []
    def write(self, **record): self.lines.append(record)
folder = Folder()
profiled = functions.Functions(folder, Sampler(), 3)
def work(n):
    return sorted(str(i) for i in range(n))
for slot in range(6):
    note = profiled.note(0, {0: slot + 1}, None, 0)
    if note: note.enter(0, slot)
    work(2000)
    if note: note.leave()
profiled.finish()
assert sys.getprofile() is None
found = json.load(open("functions-0.json"))
names = {code[2].rpartition(".")[2]: code for code in found["codes"]}
assert "work" in names and any("sorted" in n for n in names), names
assert found["slots"] == [1, 2, 3], found["slots"]
rows = {found["codes"][row[0]][2].rpartition(".")[2]: row for row in found["rows"]}
assert rows["work"][1] == 3 and rows["work"][3] >= rows["work"][2] > 0, rows["work"]
print("ok", folder.lines)
"""


@pytest.mark.parametrize("version", sorted(pythons()))
def test_every_interpreter_has_the_function_profiler(lab, version):
    lab.write(BARE % str(ROOT / "media" / "python"))
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [pythons()[version], "-W", "error", "main.py"], cwd=lab.folder, capture_output=True, env=env, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"ok"), done.stdout
