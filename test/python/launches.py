"""Ways in which a program is started, each as: files, a command, and the calls that it makes.

A launch makes calls in two places: in `scorer.py`, which each process imports, and in the program's own
main file. How many it makes is known from its text, so that a test can hold the records against it.
"""

import os
import stat
import sys
import sysconfig
import textwrap
import zipapp

# One small model a framework, behind one name. `call` is what main files call.
PLAIN = """
    x = (1, 2)
    def call(x):
        return x
    """
MODELS = {
    "tensorflow": """
        import os
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras, numpy
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        x = numpy.ones((1, 4), "float32")
        def call(x):
            return net.predict_on_batch(x)
        """,
    "torch": """
        import torch
        torch.set_num_threads(1)
        net = torch.nn.Linear(4, 2).eval()
        x = torch.ones(1, 4)
        def call(x):
            with torch.no_grad():
                return net(x)
        """,
    "jax": """
        import os
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        import jax, jax.numpy as jnp
        w = jnp.ones((4, 2))
        x = jnp.ones((1, 4))
        net = jax.jit(lambda x: x @ w)
        def call(x):
            return net(x)
        """,
    "onnxruntime": """
        import numpy, onnxruntime
        from onnx import TensorProto, helper
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in "xy"]
        graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        x = numpy.ones((1, 4), "float32")
        def call(x):
            return session.run(None, {"x": x})
        """,
    "sklearn": """
        import numpy
        from sklearn.linear_model import LogisticRegression
        x = numpy.array([[0.0], [1.0]])
        net = LogisticRegression().fit(x, [0, 1])
        def call(x):
            return net.predict(x)
        """,
}

SCORER = """
def score(n):
    for _ in range(n):
        call(x)  # site
    return n
"""

WORK = """
import os, sys
if sys.flags.isolated:
    sys.path.insert(0, os.getcwd())
import scorer
def work(n):
    scorer.score(n)
    scorer.call(scorer.x)  # site
    return n
"""


class Launch:
    """`main`: text of the main file (after WORK). `calls`: calls of `work`, so many in main's own site, and
    their arguments' sum in the scorer's. `command(lab)`: words, after `prepare(lab)` wrote what else it needs."""

    def write(self, lab, framework):
        """Writes the program; {file: line} of its two sites."""
        texts = {self.where: self.main, self.scorer: textwrap.dedent(MODELS.get(framework, PLAIN)) + SCORER}
        for name, text in texts.items():
            lab.write(text, name)
        if os.path.dirname(self.where) not in ("", "app"):
            lab.write("", os.path.join(os.path.dirname(self.where), "__init__.py"))
        self.prepare(lab)
        return {name: text[: text.index("# site")].count("\n") + 1 for name, text in texts.items()}

    def __init__(
        self, main, works, command=None, prepare=None, where="main.py", scorer=None, not_with=(), env=None, stdin=b""
    ):
        self.main = WORK + textwrap.dedent(main)
        self.works = works
        self.command = command or (lambda lab: [sys.executable, "main.py"])
        self.prepare = prepare or (lambda lab: None)
        self.where = where
        self.scorer = scorer or os.path.join(os.path.dirname(where), "scorer.py")
        self.not_with = not_with
        self.env = env or {}
        self.stdin = stdin


# Forking after these have started their threads hangs, with us and without.
NO_FORK = ("tensorflow", "jax")

ONCE = "if __name__ == '__main__':\n    print(work(3) + work(4))\n"


def _script(lab, name, text):
    path = lab.folder.parent / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def _zip(lab):
    zipapp.create_archive(lab.folder / "app", lab.folder.parent / "app.pyz")


def _console(lab):
    """What an installer writes for an entry point, with the package in a folder like site-packages."""
    return [
        _script(
            lab,
            "score-tool",
            "#!%s\nimport sys\nfrom tool.main import cli\nif __name__ == '__main__':\n    sys.exit(cli())\n"
            % sys.executable,
        )
    ]


def _processes(method, ending="join"):
    start = "[p.start() for p in ps]; [p.join() for p in ps]; print([p.exitcode for p in ps])\n"
    return (
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(%r)\n"
        "    ps = [context.Process(target=work, args=(n,)) for n in (2, 3)]\n"
        "    %s" % (method, start)
    )


def _killed(method, how):
    """A child that makes its calls, says so, and waits to be ended by its parent."""
    return (
        "import multiprocessing, time\n"
        "def child(n, pipe):\n"
        "    work(n); pipe.send('done'); time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(%r)\n"
        "    here, there = context.Pipe()\n"
        "    p = context.Process(target=child, args=(5, there)); p.start(); here.recv(); p.%s(); p.join()\n"
        "    print(p.exitcode)\n" % (method, how)
    )


def _pool(method):
    return (
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context(%r).Pool(2) as pool:\n"
        "        print(sum(pool.map(work, [1, 2, 3], chunksize=1)))\n" % method
    )


def _child_with(env):
    return (
        "import subprocess\n"
        "if len(sys.argv) > 1:\n"
        "    work(2)\n"
        "else:\n"
        "    work(3)\n"
        "    p = subprocess.Popen([sys.executable, 'main.py', 'child'], stdout=subprocess.PIPE, env=%s)\n"
        "    print(p.communicate(), p.returncode)\n" % env
    )


BARE = "{'PATH': os.environ['PATH'], 'HOME': os.environ.get('HOME', '/')}"
BIN = os.path.dirname(sys.executable)

LAUNCHES = {
    "script": Launch(ONCE, [3, 4]),
    "absolute path": Launch(ONCE, [3, 4], lambda lab: [sys.executable, str(lab.main)]),
    "-m module": Launch(ONCE, [3, 4], lambda lab: [sys.executable, "-m", "main"]),
    "-m package": Launch(
        ONCE, [3, 4], lambda lab: [sys.executable, "-m", "app"], where="app/__main__.py", scorer="scorer.py"
    ),
    "folder": Launch(ONCE, [3, 4], lambda lab: [sys.executable, "app"], where="app/__main__.py"),
    "zipapp": Launch(
        ONCE,
        [3, 4],
        lambda lab: [sys.executable, str(lab.folder.parent / "app.pyz")],
        prepare=_zip,
        where="app/__main__.py",
    ),
    "-c": Launch(
        "def run():\n    print(work(3))\n", [3], lambda lab: [sys.executable, "-c", "import main; main.run()"]
    ),
    "standard input": Launch(
        "def run():\n    print(work(3))\n", [3], lambda lab: [sys.executable, "-"], stdin=b"import main\nmain.run()\n"
    ),
    "console script": Launch(
        "def cli():\n    print(work(3))\n",
        [3],
        _console,
        where="lib/tool/main.py",
        scorer="lib/scorer.py",
        env={"PYTHONPATH": "lib"},
    ),
    "shell script": Launch(
        ONCE,
        [3, 4],
        lambda lab: [_script(lab, "run.sh", "#!/bin/sh\nset -e\n%s main.py | cat\n" % sys.executable)],
    ),
    "conda run (stand-in)": Launch(
        ONCE,
        [3, 4],
        # conda writes a script that activates the environment, and runs it with bash.
        lambda lab: [
            _script(
                lab,
                "conda",
                "#!/bin/bash\nfile=$(mktemp)\nprintf 'export CONDA_PREFIX=%s\\nexec \"$@\"\\n' > $file\n"
                'shift 4\nbash "$file" "$@"\ncode=$?\nrm -f "$file"\nexit $code\n' % os.path.dirname(BIN),
            ),
            *["run", "--no-capture-output", "-n", "env", sys.executable, "main.py"],
        ],
    ),
    "uv run (stand-in)": Launch(
        ONCE,
        [3, 4],
        # uv puts the environment's folder first on PATH, names it in VIRTUAL_ENV, and waits for its child.
        lambda lab: [
            _script(lab, "uv", '#!/bin/sh\nshift\nVIRTUAL_ENV=%s PATH=%s:$PATH "$@"\n' % (os.path.dirname(BIN), BIN)),
            *["run", os.path.basename(sys.executable), "main.py"],
        ],
    ),
    "subprocess with pipes": Launch(_child_with("None"), [3, 2]),
    "environment of the child replaced": Launch(_child_with(BARE), [3, 2]),
    "python -m pytest": Launch(
        "def test_one():\n    assert work(3) == 3\n",
        [3],
        lambda lab: [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_main.py"],
        where="test_main.py",
    ),
    "pytest": Launch(
        "def test_one():\n    assert work(3) == 3\n",
        [3],
        lambda lab: [os.path.join(BIN, "pytest"), "-q", "test_main.py"],
        where="test_main.py",
        env={"PYTHONPATH": "."},
    ),
    "Process, fork": Launch(_processes("fork"), [2, 3], not_with=NO_FORK),
    "Process, spawn": Launch(_processes("spawn"), [2, 3]),
    "Process, forkserver": Launch(_processes("forkserver"), [2, 3]),
    "Pool, fork": Launch(_pool("fork"), [1, 2, 3], not_with=NO_FORK),
    "Pool, spawn": Launch(_pool("spawn"), [1, 2, 3]),
    "Pool, forkserver": Launch(_pool("forkserver"), [1, 2, 3]),
    "terminated child, fork": Launch(_killed("fork", "terminate"), [5], not_with=NO_FORK),
    "terminated child, spawn": Launch(_killed("spawn", "terminate"), [5]),
    "killed child, fork": Launch(_killed("fork", "kill"), [5], not_with=NO_FORK),
    "killed child, spawn": Launch(_killed("spawn", "kill"), [5]),
    "os.fork": Launch(
        "pid = os.fork()\nwork(2)\nif pid == 0:\n    os._exit(0)\nprint(os.waitpid(pid, 0)[1])\n",
        [2, 2],
        not_with=NO_FORK,
    ),
    "os.execv": Launch(
        "work(2)\nif len(sys.argv) < 2:\n    os.execv(sys.executable, [sys.executable, 'main.py', 'again'])\n", [2, 2]
    ),
    "runpy.run_path": Launch(
        ONCE,
        [3, 4],
        lambda lab: [sys.executable, "other.py"],
        prepare=lambda lab: lab.write("import runpy\nrunpy.run_path('main.py', run_name='__main__')\n", "other.py"),
    ),
    "cProfile": Launch(
        ONCE, [3, 4], lambda lab: [sys.executable, "-m", "cProfile", "-o", str(lab.folder.parent / "p"), "main.py"]
    ),
    "torch.multiprocessing.spawn": Launch(
        "def child(rank, n):\n    work(n + rank)\n"
        "if __name__ == '__main__':\n"
        "    import torch.multiprocessing\n    torch.multiprocessing.spawn(child, args=(2,), nprocs=2)\n",
        [2, 3],
    ),
    "torchrun": Launch(
        "work(2 + int(os.environ['RANK']))\n",
        [2, 3],
        lambda lab: [os.path.join(BIN, "torchrun"), "--nproc-per-node", "2", "--standalone", "main.py"],
    ),
    "DataLoader workers": Launch(
        "import torch\n"
        "class Data(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 4\n"
        "    def __getitem__(self, i): return work(i)\n"
        "if __name__ == '__main__':\n"
        "    for method in %r:\n"
        "        loader = torch.utils.data.DataLoader(Data(), num_workers=2, multiprocessing_context=method)\n"
        "        print(sorted(int(n) for n in loader))\n" % (["spawn", "forkserver"],),
        [0, 1, 2, 3] * 2,
    ),
    "DataLoader workers, fork": Launch(
        "import torch\n"
        "class Data(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 4\n"
        "    def __getitem__(self, i): return work(i)\n"
        "if __name__ == '__main__':\n"
        "    loader = torch.utils.data.DataLoader(Data(), num_workers=2, multiprocessing_context='fork')\n"
        "    print(sorted(int(n) for n in loader))\n",
        [0, 1, 2, 3],
        not_with=NO_FORK,
    ),
    "loky": Launch(
        "from loky import get_reusable_executor\n"
        "if __name__ == '__main__':\n"
        "    import main\n"
        "    print(sum(get_reusable_executor(max_workers=2).map(main.work, [1, 2, 3])))\n",
        [1, 2, 3],
    ),
    "joblib": Launch(
        "import joblib\n"
        "if __name__ == '__main__':\n"
        "    import main\n"
        "    print(sum(joblib.Parallel(n_jobs=2)(joblib.delayed(main.work)(n) for n in [1, 2, 3])))\n",
        [1, 2, 3],
    ),
    "mpi4py.futures": Launch(
        "from mpi4py.futures import MPIPoolExecutor\n"
        "if __name__ == '__main__':\n"
        "    with MPIPoolExecutor() as executor:\n        print(sum(executor.map(work, [1, 2, 3])))\n",
        [1, 2, 3],
        lambda lab: [
            *[os.path.join(BIN, "mpiexec"), "-n", "3", sys.executable, "-m", "mpi4py.futures", "main.py"],
        ],
    ),
    "-E": Launch(ONCE, [3, 4], lambda lab: [sys.executable, "-E", "main.py"]),
    "-E, children": Launch(_processes("spawn"), [2, 3], lambda lab: [sys.executable, "-E", "main.py"]),
    "-S": Launch(
        "print(work(2), 'site' in sys.modules)\n",
        [2],
        lambda lab: [sys.executable, "-S", "main.py"],
        env={"PYTHONPATH": sysconfig.get_paths()["purelib"]},
    ),
    "-I": Launch(
        ONCE,
        [3, 4],
        lambda lab: [sys.executable, "-I", "main.py"],
    ),
}
