"""Programs with inserted profiler calls: they do what they did before, and leave a run directory that can be read."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import CLI, ROOT, pythons

HEAD = """
import asyncio, atexit, os, signal, sys, threading, time

class Model:
    def predict(self, x):
        if x == "raise":
            raise ValueError("no such input: %r" % (x,))
        if x == "exit":
            sys.exit(3)
        return x

class Twice(Model):
    def predict(self, x):
        return super().predict(x) * 2

model = Model()
for i in range(5):
    print(model.predict(i))
"""

# Program, and how many calls it makes below the five of HEAD (which `Twice` makes two of).
PROGRAMS = {
    "ends": ("print('done')\n", 0),
    "raises": ("model.predict('raise')\n", 1),
    "catches": ("try:\n    model.predict('raise')\nexcept ValueError as error:\n    print(error)\n", 1),
    "sys.exit": ("model.predict('exit')\n", 1),
    "os._exit": ("sys.stdout.flush()\nprint(model.predict(1), flush=True)\nos._exit(7)\n", 1),
    "killed": ("model.predict(1)\nsys.stdout.flush()\nos.kill(os.getpid(), signal.SIGKILL)\n", 1),
    "super": ("print(Twice().predict(4))\n", 2),
    "comprehensions": (
        "print([model.predict(v) for v in model.predict([1, 2])], {model.predict(v) for v in (1, 2)},\n"
        "      list(model.predict(v) for v in (1,)), (lambda v: model.predict(v))(8), f'{model.predict(3):>4}')\n",
        8,
    ),
    "wrapped lines": ("x = (model\n     .predict(\n  1,  # note\n)); y = model.predict \\\n  (2)\nprint(x, y)\n", 2),
    "nested": ("print(model.predict(model.predict(model.predict(1))))\n", 3),
    "generator": ("def g():\n    for i in range(3):\n        got = yield model.predict(i)\n\nprint(list(g()))\n", 3),
    "walrus and star": ("print(model.predict(*[1]), model.predict(**{'x': 2}), *[model.predict(3)])\n", 3),
    "await": (
        "class Later:\n    async def predict(self, x):\n        await asyncio.sleep(0.01)\n        return x\n\n"
        "async def main():\n    later = Later()\n"
        "    print(await asyncio.gather(*[one(later, i) for i in range(4)]), await (later.predict(9)))\n\n"
        "async def one(later, i):\n    return await later.predict(i)\n\n"
        "loop = asyncio.new_event_loop()\nloop.run_until_complete(main())\nloop.close()\n",
        5,
    ),
    "threads": (
        "def work():\n    for i in range(500):\n        model.predict(i)\n\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]\nprint('joined')\n",
        2000,
    ),
    "fork": (
        "sys.stdout.flush()\npid = os.fork()\nif pid == 0:\n    for i in range(20):\n        model.predict(9)\n    os._exit(4)\n"
        "print(os.waitpid(pid, 0)[1])\nmodel.predict(8)\n",
        21,
    ),
    "recursion": (
        "def f(n):\n    return model.predict(f(n + 1))\n\ntry:\n    f(0)\nexcept RecursionError as error:\n    print(str(error)[:30])\n",
        None,
    ),
    "pickle": (
        "import pickle, copy\nprint(pickle.loads(pickle.dumps(model)).predict(3), copy.copy(model).predict(4))\n",
        2,
    ),
    "own atexit": ("atexit.register(lambda: print('bye', model.predict(1)))\n", 1),
    "writes files": ("open('out.bin', 'wb').write(b'x' * 1000)\nprint(sorted(os.listdir('.')))\n", 0),
    "log directory in the way": ("print(model.predict(1))\n", "nothing"),
}


MOVED = re.compile(r"(?m)^    .*\n|line \d+")


@pytest.fixture(scope="session")
def insert(tmp_path_factory):
    """insert(form, file, logs, framework, *names): runs the source edit on a file."""
    bundle = tmp_path_factory.mktemp("insert") / "insert.mjs"
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    source = ROOT / "test" / "fixtures" / "instrument" / "insert.ts"
    words = [
        str(esbuild),
        str(source),
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--log-level=error",
        "--outfile=" + str(bundle),
    ]
    subprocess.run(words, check=True, cwd=ROOT)

    def run(form, file, logs="-", framework="unknown", names=("predict",)):
        done = subprocess.run(
            ["node", str(bundle), str(ROOT), form, framework, str(logs), str(file), *names],
            check=True,
            capture_output=True,
        )
        return json.loads(done.stdout)

    return run


def summaries(logs):
    found = []
    for run in sorted(logs.glob("*")):
        done = subprocess.run(["node", str(CLI), "summarize", str(run), "--json"], capture_output=True, check=True)
        found.append(json.loads(done.stdout))
    return found


def calls(logs):
    found = summaries(logs)
    return sum(site["calls"] for run in found for site in run["sites"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_compact_does_what_the_program_did(lab, insert, name):
    body, more = PROGRAMS[name]
    lab.write(HEAD + body)
    original = lab.main.read_bytes()
    logs = lab.folder.parent / "logs"
    before = lab.plain()
    for file in lab.folder.glob("out.*"):
        file.unlink()
    report = insert("compact", lab.main, logs)
    assert report["refused"] == []
    if more == "nothing":
        logs.write_text("a file where the folder should be")
    after = lab.plain()
    assert (after.code, after.stdout) == (before.code, before.stdout)
    # Only the lines of a traceback moved; the text of the call in it is the wrapped one.
    assert MOVED.sub("", after.text) == MOVED.sub("", before.text)
    files = {"main.py"} | ({"out.bin"} if name == "writes files" else set())
    assert {p.name for p in lab.folder.rglob("*")} == files
    if more == "nothing":
        logs.unlink()
    elif more is not None:
        assert calls(logs) == 5 + more
        (run,) = summaries(logs)
        assert run["run"]["state"] == "ended" or name in ("os._exit", "killed", "fork")
        lines = lab.main.read_text().splitlines()
        assert all("_predictscope_b(" in lines[site["line"] - 1] for site in run["sites"])
        assert sum(site["errors"] for site in run["sites"]) == (1 if name in ("raises", "catches", "sys.exit") else 0)
    assert insert("remove", lab.main)["left"] == []
    assert lab.main.read_bytes() == original


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_write_into_the_same_run(lab, insert, method):
    lab.write(
        "import multiprocessing\nfrom other import score\n\n"
        "class Model:\n    def predict(self, x):\n        return x\n\nmodel = Model()\n\n"
        "def work(x):\n    return score(model) + model.predict(x)\n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('METHOD').Pool(2) as pool:\n"
        "        print(pool.map(work, range(40), 4))\n        model.predict(1)\n".replace("METHOD", method)
    )
    lab.write("def score(model):\n    return model.predict(1)\n", "other.py")
    before = lab.plain()
    logs = lab.folder.parent / "logs"
    insert("compact", lab.main, logs)
    insert("compact", lab.folder / "other.py", logs)
    after = lab.plain()
    assert (after.code, after.stdout) == (before.code, before.stdout)
    (run,) = summaries(logs)
    assert {Path(site["file"]).name: site["calls"] for site in run["sites"] if site["line"] < 14} == {
        "main.py": 40,
        "other.py": 40,
    }
    assert sum(site["calls"] for site in run["sites"]) == 81


def interpreters():
    found = {7: None, 13: None}
    found.update({minor: path for minor, path in pythons().items() if minor in found})
    old = sorted(Path.home().glob(".pyenv/versions/3.6*/bin/python"))
    return {6: str(old[0]) if old else None, **found}


@pytest.mark.parametrize("minor", [6, 7, 13])
def test_compact_runs_on(lab, insert, minor):
    python = interpreters()[minor]
    if python is None:
        pytest.skip("Python 3.%d is not here" % minor)
    logs = lab.folder.parent / "logs"
    total = 0
    for name in ("raises", "super", "comprehensions", "wrapped lines", "await", "fork", "pickle"):
        body, more = PROGRAMS[name]
        lab.write(HEAD + body)
        before = lab.plain(python=python)
        insert("compact", lab.main, logs)
        after = lab.plain("-W", "error", python=python)
        assert (after.code, after.stdout) == (before.code, before.stdout)
        total += 5 + more
    assert calls(logs) == total


KERAS = """
import numpy
import keras

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
model.build((None, 8))
x = numpy.zeros((2, 8), "float32")
for i in range(30):
    y = model.predict(x, verbose=0)
print(y.shape)
"""

KERAS_PLAIN = """
def more():
    return model.predict(x, verbose=0)

for i in range(3):
    print(more().shape)
"""


def test_keras_traces_by_both_forms(lab, insert):
    """One program: its loop has the compact form, its function the plain one."""
    pytest.importorskip("tensorflow")
    logs = lab.folder.parent / "logs"
    lab.write(KERAS + KERAS_PLAIN)
    original = lab.main.read_bytes()
    lab.write(KERAS)
    insert("compact", lab.main, logs, "keras")
    lab.write(lab.main.read_text(encoding="utf-8") + KERAS_PLAIN)
    assert insert("plain", lab.main, logs, "keras") == {
        "inserted": 1,
        "refused": ["The profiler calls are already there."],
    }
    done = lab.plain(env=lab.environment(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES=""))
    assert (done.code, done.stdout) == (0, b"(2, 4)\n" * 4), done.text
    runs = summaries(logs)
    (compact,) = [run for run in runs if run["sites"]]
    (site,) = compact["sites"]
    assert (site["calls"], site["partsCalls"], site["errors"]) == (30, 20, 0)
    assert len(compact["traces"]) == 1
    assert "tensorflow" in compact["run"]["frameworks"]
    plain = [run for run in runs if not run["sites"]]
    assert len(plain) == 3
    assert all(len(run["traces"]) == 1 and run["traces"][0]["events"] > 10 for run in plain)
    assert [run["problems"] for run in runs] == [[], [], [], []]
    assert insert("remove", lab.main) == {"removed": 2, "left": []}
    assert lab.main.read_bytes() == original
