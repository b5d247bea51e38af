"""A program that runs without us, seen from outside by py-spy."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from conftest import CLI, pythons

PROGRAM = """
import hashlib, random, sys, time
data = b"x" * 9000000
some = random.Random(7).randrange  # equal rounds could keep step with the sampler
spent = {"python": 0.0, "library": 0.0, "sleep": 0.0}
def timed(name, function):
    begin = time.perf_counter()
    function()
    spent[name] += time.perf_counter() - begin
def python():
    for _ in range(some(600000)): pass  # python
def library():
    hashlib.sha256(data[: some(9000000)]).digest()  # library
def sleep():
    time.sleep(0.001)  # sleep
print("ready", flush=True)
end = time.perf_counter() + 30
while time.perf_counter() < end:
    timed("python", python)
    timed("library", library)
    timed("sleep", sleep)
    print(*[spent[name] for name in ("python", "library", "sleep")], flush=True)
"""


PY_SPY = os.path.join(os.path.dirname(sys.executable), "py-spy")
WAYS = {
    # way: minor version of the program's Python, how the run says it
    "py-spy": (11, "from outside by py-spy"),
    "sampling": (15, "from outside by the sampler of Python 3.15"),
    "remote-exec": (14, "by a thread of ours that sys.remote_exec of Python 3.14"),
}


@contextlib.contextmanager
def running(lab, python, text=PROGRAM):
    lab.write(text)
    program = subprocess.Popen(
        [python, "main.py"], cwd=lab.folder, env=lab.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert program.stdout.readline() == b"ready\n"
        yield program
    finally:
        program.kill()


def attach(lab, program, *words, tool=PY_SPY):
    words = ["node", str(CLI), "attach", str(program.pid), "--json", "--root", str(lab.folder), *words]
    words += ["--log-dir", str(lab.folder.parent / "runs")]
    env = lab.environment(PREDICTSCOPE_PY_SPY=tool)
    done = subprocess.run(words, cwd=lab.folder, env=env, capture_output=True, timeout=120)
    if b"not permitted" in done.stderr:
        pytest.skip("this account may not look at processes")
    return done


def python_of(minor):
    python = sys.executable if sys.version_info[1] == minor else pythons().get(minor)
    if python is None:
        pytest.skip("no python3.%d here" % minor)
    return python


@pytest.mark.alone
@pytest.mark.parametrize("way", WAYS)
def test_lines_of_a_program_that_runs_already(lab, way):
    minor, label = WAYS[way]
    with running(lab, python_of(minor)) as program:
        done = attach(lab, program, "--seconds", "6", "--by", way)
        assert done.returncode == 0, done.stderr
        assert program.poll() is None  # it goes on
    out, errors = program.communicate()
    shown = out.splitlines()
    seconds = [float(word) for word in shown[-1 if len(shown[-1].split()) == 3 else -2].split()]
    summary = json.loads(done.stdout)
    lines = {line["line"]: line["selfNs"] for line in summary["hotLines"]}
    text = PROGRAM.splitlines()
    own = [lines.get(next(i for i, t in enumerate(text, 1) if "# " + name in t), 0) for name in ("python", "library")]
    # py-spy leaves out what sleeps; the other two are to each other as the program's own clocks say: within three
    # standard deviations of the 150 samples and more that there are.
    assert sum(own) > 1.5e9
    assert abs(own[0] / sum(own) - seconds[0] / (seconds[0] + seconds[1])) < 0.12
    assert label in summary["problems"][0]["message"]
    assert summary["sites"] == []
    assert errors == b""


INSIDE = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore")  # of a second thread at the fork
print("ready", flush=True)
end = time.perf_counter() + 30
path, modules = list(sys.path), None
while time.perf_counter() < end:
    time.sleep(0.01)
    ours = sorted(name for name in sys.modules if "predictscope" in name)
    if ours and modules is None:
        modules = ours
        time.sleep(0.2)
        if os.fork() == 0:
            os._exit(0 if sys.getswitchinterval() == 0.005 and type(sys.getswitchinterval) is type(len) else 7)
        print("child", os.wait()[1], flush=True)
    if modules and not ours:
        print("gone", sys.path == path, threading.active_count(), len(sys._current_frames()), flush=True)
        break
"""


def test_what_was_started_within_a_program_leaves_it(lab):
    with running(lab, python_of(14), INSIDE) as program:
        done = attach(lab, program, "--seconds", "1", "--by", "remote-exec")
        assert done.returncode == 0, done.stderr
        out, errors = program.communicate(timeout=20)
    assert (out, errors, program.returncode) == (b"child 0\ngone True 1 1\n", b"", 0)


BUSY = """
import time
print("ready", flush=True)
sum(range(10**10))
print("back", flush=True)
"""


def test_a_program_that_does_not_come_back_to_python(lab):
    with running(lab, python_of(14), BUSY) as program:
        done = attach(lab, program, "--seconds", "1", "--by", "remote-exec")
        assert done.returncode == 1 and b"did not come back to Python" in done.stderr, done.stderr


def test_the_first_way_that_is_there_is_taken(lab):
    with running(lab, python_of(15)) as program:
        done = attach(lab, program, "--seconds", "1", tool="nothing-of-this-name")
        assert b"by the sampler of Python 3.15" in done.stdout, done.stderr
        done = attach(lab, program, "--seconds", "1", "--by", "telepathy")
        assert done.returncode == 1 and b"--by takes sampling, py-spy, remote-exec" in done.stderr
    with running(lab, sys.executable) as program:
        done = attach(lab, program, "--by", "sampling")
        assert done.returncode == 1 and b"--by sampling needs Python 3.15" in done.stderr


def test_what_cannot_be_attached(lab):
    for words, sentence in (
        (["99999999"], b"There is no process 99999999"),
        ([str(os.getpid())], b"nothing-of-this-name was not found"),
        ([], b"attach needs one PID"),
    ):
        env = lab.environment(PREDICTSCOPE_PY_SPY="nothing-of-this-name")
        done = subprocess.run(["node", str(CLI), "attach", *words], cwd=lab.folder, env=env, capture_output=True)
        assert done.returncode == 1 and sentence in done.stderr, done.stderr
        assert list(lab.folder.iterdir()) == []
