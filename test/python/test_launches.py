"""Every call of every process is recorded, however the program is started and its children end."""

import itertools
import os
import py_compile
import sys

import pytest
from conftest import pythons
from launches import LAUNCHES, MODELS

# In `npm test` each launch once, with these; the whole product with `npm run test:full`. TensorFlow takes
# seconds to import in each process, so it gets the launches with few of them.
PAIRS = {
    "script": "tensorflow",
    "-m package": "tensorflow",
    "console script": "tensorflow",
    "-c": "tensorflow",
    "killed child, spawn": "tensorflow",
    "os.execv": "tensorflow",
    "absolute path": "onnxruntime",
    "zipapp": "onnxruntime",
    "Process, fork": "onnxruntime",
    "Pool, forkserver": "onnxruntime",
    "environment of the child replaced": "onnxruntime",
    "-I": "onnxruntime",
    "-m module": "jax",
    "folder": "jax",
    "Process, spawn": "jax",
    "terminated child, spawn": "jax",
    "subprocess with pipes": "jax",
    "python -m pytest": "jax",
    "standard input": "sklearn",
    "pytest": "sklearn",
    "Pool, fork": "sklearn",
    "joblib": "sklearn",
    "shell script": "sklearn",
    "-E": "sklearn",
    "-S": "sklearn",
    "-E, children": "jax",
}
OWN_FRAMEWORK = "torch"


def pairs():
    for launch, framework in itertools.product(LAUNCHES, MODELS):
        if framework in LAUNCHES[launch].not_with:
            continue
        usual = PAIRS.get(launch, OWN_FRAMEWORK) == framework
        yield pytest.param(launch, framework, marks=() if usual else pytest.mark.full)


@pytest.mark.parametrize("launch, framework", list(pairs()))
def test_every_call_of_every_process_is_recorded(lab, launch, framework):
    check(lab, launch, framework)


# What our code does differently from version to version.
TELLING = ["script", "zipapp", "Process, spawn", "environment of the child replaced", "-E, children", "cProfile"]
STANDARD = [*TELLING, "absolute path", "-m module", "-m package", "folder", "-c", "standard input", "shell script"]
STANDARD += ["subprocess with pipes", "Process, fork", "Process, forkserver", "Pool, fork", "Pool, spawn"]
STANDARD += ["killed child, spawn", "terminated child, fork", "os.fork", "os.execv", "runpy.run_path", "-E", "-I"]


@pytest.mark.parametrize("minor", sorted(pythons()))
@pytest.mark.parametrize(
    "launch", [pytest.param(name, marks=() if name in TELLING else pytest.mark.full) for name in STANDARD]
)
def test_under_each_interpreter(lab, monkeypatch, launch, minor):
    """The launches of the standard library, on every Python that is here."""
    monkeypatch.setattr(sys, "executable", pythons()[minor])
    check(lab, launch, "none")


def check(lab, launch, framework):
    how = LAUNCHES[launch]
    lines = how.write(lab, framework)
    env = lab.environment(**how.env)
    command = how.command(lab)
    before = lab.plain(command=command, env=env, stdin=how.stdin)
    sites = ["%s:%d" % place for place in lines.items()]
    after = lab.profiled(command=command, env=env, stdin=how.stdin, site=sites, options=("--calls", "2"))
    assert (after.code, without_times(after.stdout)) == (before.code, without_times(before.stdout)), after.text
    calls = {os.path.basename(s["file"]): s["calls"] for s in after.summary["sites"]}
    wanted = {os.path.basename(how.where): len(how.works), "scorer.py": sum(how.works)}
    assert calls == wanted, (after.summary["problems"], after.text)


def without_times(out):
    return [line for line in out.splitlines() if b" in " not in line]


SOURCELESS = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.ReLU())
def score(n):
    for _ in range(n):
        net(torch.ones(1, 4))
    return n
print(score(3), net(torch.ones(2, 4)).shape)
"""


@pytest.mark.parametrize("way", ["-c", "standard input", ".pyc", "-E -c"])
def test_calls_from_code_without_source_are_recorded_by_the_framework(lab, way):
    stdin, file = b"", "<string>"
    command = [sys.executable, *way.split(), SOURCELESS]
    if way == "standard input":
        command, stdin, file = [sys.executable, "-"], SOURCELESS.encode(), "<stdin>"
    if way == ".pyc":
        source = lab.write(SOURCELESS, "made.py")
        py_compile.compile(str(source), str(lab.folder / "app.pyc"))
        source.unlink()
        command, file = [sys.executable, "app.pyc"], str(source)
    before = lab.plain(command=command, stdin=stdin)
    after = lab.profiled(command=command, stdin=stdin, options=("--calls", "0"))
    assert (after.code, after.stdout) == (before.code, before.stdout), after.text
    found = {(s["file"], s["line"], s["framework"]): s["calls"] for s in after.summary["sites"]}
    assert found == {(file, 6, "torch"): 3, (file, 8, "torch"): 1}, after.text
    assert {tuple(shape["dims"]) for s in after.summary["sites"] for shape in s["batchShapes"]} == {(1, 4), (2, 4)}


def test_an_exception_of_such_a_call_looks_as_without_us(lab):
    text = SOURCELESS + "net('wrong')\n"
    before = lab.plain(command=[sys.executable, "-c", text])
    after = lab.profiled(command=[sys.executable, "-c", text], options=("--calls", "0"))
    assert (after.code, after.stdout) == (before.code, before.stdout)
    assert after.stderr.startswith(before.stderr), after.text
