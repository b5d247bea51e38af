"""Exit code or signal, stdout, stderr and files are the same with and without us (no traces: no exceptions)."""

import re
import subprocess
from pathlib import Path

import pytest
from conftest import RUNTIME

HEAD = """
import os, signal, sys, time

class Model:
    def predict(self, x):
        if x == "raise":
            raise ValueError("no such input: %r" % (x,))
        if x == "exit":
            sys.exit(3)
        if x == "_exit":
            os._exit(7)
        if x == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        if x == "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        if x == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if x == "abort":
            os.abort()
        return x

model = Model()
for i in range(5):
    print(model.predict(i))
"""

PROGRAMS = {
    "ends": HEAD + "print('done')\n",
    "raises": HEAD + "model.predict('raise')\n",
    "raises in a function": HEAD + "def f(x):\n    return [model.predict(x) for _ in range(2)]\n\n\nf('raise')\n",
    "raises while handling": HEAD
    + "try:\n    model.predict('raise')\nexcept ValueError as error:\n    raise KeyError('other') from error\n",
    "catches": HEAD
    + "try:\n    model.predict('raise')\nexcept ValueError as error:\n    import traceback\n    traceback.print_exc()\n",
    "sys.exit(3)": HEAD + "model.predict('exit')\n",
    "sys.exit text": HEAD + "sys.exit('gave up')\n",
    "os._exit": HEAD + "sys.stdout.flush()\nmodel.predict('_exit')\n",
    "interrupted": HEAD + "sys.stdout.flush()\nmodel.predict('interrupt')\n",
    "terminated": HEAD + "sys.stdout.flush()\nmodel.predict('terminate')\n",
    "killed": HEAD + "sys.stdout.flush()\nmodel.predict('kill')\n",
    "aborted": HEAD + "sys.stdout.flush()\nmodel.predict('abort')\n",
    "own handler": HEAD
    + "signal.signal(signal.SIGINT, lambda *a: print('handled'))\nsignal.siginterrupt(signal.SIGINT, False)\n"
    + "os.kill(os.getpid(), signal.SIGINT)\nprint(signal.getsignal(signal.SIGTERM))\n",
    "atexit": HEAD + "import atexit\natexit.register(lambda: print('bye'))\n",
    "reads stdin": HEAD + "print(sys.stdin.read().upper())\nprint(model.predict(sys.stdin.isatty()))\n",
    "binary stdout": HEAD + "sys.stdout.buffer.write(bytes(range(256)) * 300)\n",
    "writes files": HEAD + "open('out.bin', 'wb').write(b'x' * 1000)\nprint(sorted(os.listdir('.')))\n",
    "globals": HEAD
    + "print(sorted(k for k in globals()))\nprint(__name__, __file__, __doc__, __package__, __spec__, __cached__, type(__loader__))\n"
    + "print(sys.argv, sys.path[0], sys.flags, sorted(m for m in sys.modules if 'site' in m))\n",
    "warning": HEAD
    + "import warnings\n\n\nclass Loud:\n    def predict(self, x):\n        warnings.warn('old', DeprecationWarning, stacklevel=2)\n\n\nLoud().predict(1)\n",
    "stack": HEAD
    + "import inspect\n\n\nclass Deep:\n    def predict(self, x):\n        print([(f.function, f.lineno) for f in inspect.stack()[:3]][:2])\n\n\nDeep().predict(1)\n",
    "syntax error": HEAD + "def broken(:\n    pass\n",
    "recursion": HEAD
    + "def f(n):\n    return model.predict(f(n + 1))\n\n\ntry:\n    f(0)\nexcept RecursionError as error:\n    print(str(error)[:30])\n",
    "generator": HEAD
    + "def g():\n    for i in range(3):\n        yield model.predict(i)\n\n\nprint(list(g()), model.predict(*[1]), model.predict(**{'x': 2}))\n",
    "pickle": HEAD + "import pickle\nprint(pickle.loads(pickle.dumps(model)).predict(3))\n",
    "fork": HEAD
    + "sys.stdout.flush()\npid = os.fork()\nif pid == 0:\n    model.predict(9)\n    os._exit(4)\nprint(os.waitpid(pid, 0)[1])\nmodel.predict(8)\n",
}

SITE = HEAD.splitlines().index("    print(model.predict(i))") + 1

# Lines that hold an address or a random number differ between any two runs.
NOISE = re.compile(rb"0x[0-9a-f]+")


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_with_and_without_us(lab, name):
    lab.write(PROGRAMS[name])
    before = lab.plain(stdin=b"some input\n")
    for file in lab.folder.glob("out.*"):
        file.unlink()
    after = lab.profiled(site="main.py:%d" % SITE, options=("--calls", "0"), stdin=b"some input\n")
    assert after.code == before.code
    assert after.stdout == before.stdout
    theirs, report = split_report(after.stderr)
    assert NOISE.sub(b"", theirs) == NOISE.sub(b"", before.stderr)
    assert b"Predictscope" in report
    if name != "syntax error":
        assert after.site(SITE).get("calls") == 5
    assert sorted(p.name for p in lab.folder.rglob("*")) == sorted(
        {"main.py"} | ({"out.bin"} if name == "writes files" else set())
    )


def split_report(stderr):
    """(the program's own stderr, our report): the report begins with an empty line and our name."""
    at = stderr.rfind(b"\nPredictscope \xc2\xb7 ")
    assert at >= 0, stderr
    return stderr[:at], stderr[at:]


def test_environment_and_path_are_the_programs_own(lab):
    lab.write(
        "import os, sys\nprint(sys.path)\nprint(sorted(os.environ))\n"
        "class M:\n    def predict(self, x): return x\nM().predict(1)\n"
    )
    before = lab.plain()
    after = lab.profiled(site="main.py:6", options=("--calls", "0"))
    path, names = after.stdout.decode().splitlines()
    plain_path, plain_names = before.stdout.decode().splitlines()
    assert path == plain_path
    added = set(eval(names)) - set(eval(plain_names))
    assert added == {"PREDICTSCOPE_RUN", "PYTHONPATH"}
    assert set(eval(plain_names)) <= set(eval(names))


def test_an_own_sitecustomize_still_runs(lab):
    lab.write("print('theirs')\n", "custom/sitecustomize.py")
    lab.write(
        "import sys\nclass M:\n    def predict(self, x): return x\nM().predict(1)\nprint(sys.modules['sitecustomize'].__file__)\n"
    )
    env = lab.environment(PYTHONPATH=str(lab.folder / "custom"))
    before = lab.plain(env=env)
    after = lab.profiled(site="main.py:4", options=("--calls", "0"), env=env)
    assert after.stdout == before.stdout
    assert b"theirs" in after.stdout
    assert after.site(4)["calls"] == 1


def test_python_2_and_3_6_children_print_nothing(lab):
    old = [str(p) for v in ("2.7", "3.6") for p in Path.home().glob(".pyenv/versions/%s*/bin/python" % v)]
    if not old:
        pytest.skip("no old interpreter here")
    for python in old:
        done = subprocess.run(
            [python, "-c", "print(1)"],
            env=lab.environment(PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(lab.folder)),
            capture_output=True,
        )
        assert (done.stdout, done.stderr, done.returncode) == (b"1\n", b"", 0)
