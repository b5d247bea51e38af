"""A program that runs without us, seen from outside by py-spy."""

import json
import os
import subprocess
import sys

import pytest
from conftest import CLI

PROGRAM = """
import hashlib, random, sys, time
data = b"x" * 3000000
some = random.Random(7).randrange  # equal rounds could keep step with the sampler
spent = {"python": 0.0, "library": 0.0, "sleep": 0.0}
def timed(name, function):
    begin = time.perf_counter()
    function()
    spent[name] += time.perf_counter() - begin
def python():
    for _ in range(some(200000)): pass  # python
def library():
    hashlib.sha256(data[: some(3000000)]).digest()  # library
def sleep():
    time.sleep(0.001)  # sleep
print("ready", flush=True)
end = time.perf_counter() + 30
while time.perf_counter() < end:
    timed("python", python); timed("library", library); timed("sleep", sleep)
    print(*[spent[name] for name in ("python", "library", "sleep")], flush=True)
"""


@pytest.mark.alone
def test_lines_of_a_program_that_runs_already(lab):
    lab.write(PROGRAM)
    env = lab.environment(PREDICTSCOPE_PY_SPY=os.path.join(os.path.dirname(sys.executable), "py-spy"))
    program = subprocess.Popen([sys.executable, "main.py"], cwd=lab.folder, env=env, stdout=subprocess.PIPE)
    try:
        assert program.stdout.readline() == b"ready\n"
        words = ["node", str(CLI), "attach", str(program.pid), "--seconds", "6", "--json", "--root", str(lab.folder)]
        words += ["--log-dir", str(lab.folder.parent / "runs")]
        done = subprocess.run(words, cwd=lab.folder, env=env, capture_output=True, timeout=120)
        if b"not permitted" in done.stderr:
            pytest.skip("this account may not look at processes")
        assert done.returncode == 0, done.stderr
        assert program.poll() is None  # it goes on
    finally:
        program.kill()
    shown = program.communicate()[0].splitlines()
    seconds = [float(word) for word in shown[-1 if len(shown[-1].split()) == 3 else -2].split()]
    summary = json.loads(done.stdout)
    lines = {line["line"]: line["selfNs"] for line in summary["hotLines"]}
    text = PROGRAM.splitlines()
    own = [lines.get(next(i for i, t in enumerate(text, 1) if "# " + name in t), 0) for name in ("python", "library")]
    # py-spy leaves out what sleeps; the other two are to each other as the program's own clocks say: within three
    # standard deviations of the 150 samples and more that there are.
    assert sum(own) > 1.5e9
    assert abs(own[0] / sum(own) - seconds[0] / (seconds[0] + seconds[1])) < 0.12
    assert "from outside by py-spy" in summary["problems"][0]["message"]
    assert summary["sites"] == []


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
