"""Every call of every thread and process, however it ends."""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CLI, RUNTIME, pythons

MODEL = "class M:\n    def predict(self, x): return x\nm = M()\n"


def one(text, mark="# site"):
    return next(i for i, line in enumerate(text.splitlines(), 1) if mark in line)


def test_threads_lose_and_mix_nothing(lab):
    text = (
        "import threading\n" + MODEL + "def work():\n    for i in range(20000):\n        m.predict(i)  # site\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    lab.write(text)
    done = lab.profiled(site="main.py:%d" % one(text))
    assert done.site()["calls"] == 160000
    threads = {}
    for path in Path(done.summary["run"]["directory"]).glob("*/calls-*.bin"):
        data = path.read_bytes()
        for offset in range(4096, len(data) - 47, 48):
            begin, end, thread = struct.unpack_from("<QQQ", data, offset)
            if data[offset + 47] == 1:
                assert 0 < begin <= end
                threads[thread] = threads.get(thread, 0) + 1
    assert sorted(threads.values()) == [20000] * 8


def test_the_append_store_keeps_the_same(lab):
    """What is used where the log directory is on a network file system."""
    text = MODEL + "import os\nfor i in range(3000):\n    m.predict(i)  # site\nos._exit(0)\n"
    lab.write(text)
    first = Path(lab.profiled(site="main.py:%d" % one(text)).summary["run"]["directory"])
    config = json.loads((first / "config.json").read_text())
    config["options"]["store"] = "append"
    second = first.with_name("20261121T000000Z-0000")
    second.mkdir()
    (second / "config.json").write_text(json.dumps(config))
    env = lab.environment(PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(second))
    subprocess.run([sys.executable, "main.py"], cwd=lab.folder, env=env, check=True)
    sizes = [p.stat().st_size for p in sorted(second.glob("*/calls-*.bin"))]
    assert len(sizes) > 1 and sum((size - 4096) // 48 for size in sizes) >= 3000
    out = subprocess.run(["node", str(CLI), "summarize", str(second), "--json"], capture_output=True, check=True)
    assert json.loads(out.stdout)["sites"][0]["calls"] == 3000


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing(lab, method):
    text = (
        "import multiprocessing\n"
        + MODEL
        + "def work(n):\n    for i in range(n):\n        m.predict(i)  # site\n    return n\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(%r)\n"
        "    with context.Pool(2) as pool:\n        print(sum(pool.map(work, [10, 20, 30])))\n"
        "    p = context.Process(target=work, args=(5,)); p.start(); p.join(); print(p.exitcode)\n" % method
    )
    lab.write(text)
    before = lab.plain()
    done = lab.profiled(site="main.py:%d" % one(text))
    assert (done.code, done.stdout) == (before.code, before.stdout) == (0, b"60\n0\n")
    assert done.site()["calls"] == 65


def test_child_programs_are_profiled_too(lab):
    text = MODEL + "for i in range(4):\n    m.predict(i)  # site\n"
    lab.write(text, "child.py")
    lab.write("import subprocess, sys\nprint(subprocess.run([sys.executable, 'child.py']).returncode)\n")
    done = lab.profiled(site="child.py:%d" % one(text))
    assert done.stdout == b"0\n"
    assert done.site()["calls"] == 4


def test_modules_packages_and_folders(lab):
    text = (
        MODEL
        + "def main():\n    for i in range(3):\n        m.predict(i)  # site\nif __name__ == '__main__':\n    main()\n"
    )
    lab.write("", "pkg/__init__.py")
    lab.write("from pkg import scorer\nscorer.main()\n", "pkg/__main__.py")
    lab.write(text, "pkg/scorer.py")
    lab.write(text, "folder/__main__.py")
    site = "pkg/scorer.py:%d" % one(text)
    for command in (["-m", "pkg"], ["-m", "pkg.scorer"], ["-c", "import pkg.scorer as s; s.main()"]):
        done = lab.profiled(command=[sys.executable, *command], site=site)
        assert (done.code, done.site()["calls"]) == (0, 3), (command, done.text)
    done = lab.profiled(command=[sys.executable, "folder"], site="folder/__main__.py:%d" % one(text))
    assert (done.code, done.site()["calls"]) == (0, 3)


def test_a_copy_elsewhere_is_found_by_its_content_and_said(lab):
    """The console script runs the installed copy while the user looks at the workspace's."""
    text = MODEL + "def main():\n    for i in range(3):\n        m.predict(i)  # site\n"
    lab.write("", "src/tool/__init__.py")
    lab.write(text, "src/tool/scorer.py")
    lab.write("", "installed/tool/__init__.py")
    lab.write(
        "import this_line_makes_it_differ as _  # noqa\n".replace("import this_line_makes_it_differ as _", "_ = 1")
        + text,
        "installed/tool/scorer.py",
    )
    script = lab.write(
        "#!%s\nimport sys\nfrom tool.scorer import main\nsys.exit(main())\n" % sys.executable, "bin/tool"
    )
    script.chmod(0o755)
    env = lab.environment(PYTHONPATH=str(lab.folder / "installed"))
    done = lab.profiled(command=[str(script)], site="src/tool/scorer.py:%d" % one(text), env=env)
    site = done.site()
    assert site["calls"] == 3
    assert site["file"].endswith("src/tool/scorer.py") and site["ranFile"].endswith("installed/tool/scorer.py")


def test_every_kind_of_call_expression(lab):
    text = (
        "import asyncio\n"
        "class Base:\n    def predict(self, *a, **k): return (a, k)\n"
        "class M(Base):\n    def predict(self, *a, **k): return super().predict(*a, **k)  # super\n"
        "    async def apredict(self, x):\n        await asyncio.sleep(0.001)\n        return x\n"
        "m = M()\n"
        "print([m.predict(i) for i in range(3)])  # comprehension\n"
        "print((lambda x: m.predict(x))(1))  # lambda\n"
        "print(m.predict(\n    1,\n    key=max(2, 3),  # inside\n))\n"
        "print(f'{m.predict(4)}')  # fstring\n"
        "print(m.predict(m.predict(5)))  # nested\n"
        "async def main():\n    return await asyncio.gather(*[m.apredict(i) for i in range(3)]), await m.apredict(9)  # awaited\n"
        "print(asyncio.run(main()))\n"
        "def g():\n    yield from (m.predict(i) for i in range(2))  # generator\n"
        "print(list(g()))\n"
    )
    lab.write(text)
    plain = lab.plain()
    marks = {
        "# super": None,
        "# comprehension": 3,
        "# lambda": 1,
        "# inside": 1,
        "# nested": None,
        "# awaited": None,
        "# generator": 2,
    }
    done = lab.profiled(site=["main.py:%d" % one(text, mark) for mark in marks], options=("--calls", "0"))
    assert (done.code, done.stdout) == (0, plain.stdout), done.text
    calls = {}
    for site in done.summary["sites"]:
        calls.setdefault(site["line"], []).append(site["calls"])
    for mark, expected in marks.items():
        if expected is not None:
            line = one(text, mark) - (2 if mark == "# inside" else 0)
            assert calls[line] == [expected], (mark, calls)
    assert sorted(calls[one(text, "# nested")]) == [1, 1]
    assert sum(calls[one(text, "# awaited")]) == 4


@pytest.mark.parametrize("attempt", range(20))
def test_kill_at_any_moment_keeps_finished_calls(lab, attempt):
    text = (
        "import sys\n" + MODEL + "i = 0\nwhile True:\n    m.predict(i)  # site\n    i += 1\n"
        "    if i % 500 == 0:\n        sys.stdout.write('%d\\n' % i); sys.stdout.flush()\n"
    )
    lab.write(text)
    runs = lab.folder.parent / "runs"
    process = subprocess.Popen(
        ["node", str(CLI), "profile", "--log-dir", str(runs), "--site", "main.py:%d" % one(text), "--", sys.executable, "main.py"],
        cwd=lab.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=lab.environment(),
    )  # fmt: skip
    process.stdout.readline()
    time.sleep(0.002 * attempt)
    child = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(child[0]), 9)
    out, err = process.communicate(timeout=60)
    assert process.returncode == -9
    printed = int((out.split() or [b"500"])[-1]) if out.endswith(b"\n") else 500
    run = next(runs.iterdir())
    summary = json.loads(
        subprocess.run(["node", str(CLI), "summarize", str(run), "--json"], capture_output=True).stdout
    )
    site = summary["sites"][0]
    assert site["calls"] >= printed and site["unfinished"] <= 1
    assert site["calls"] - printed < 60000


@pytest.mark.parametrize("minor", range(7, 16))
def test_each_interpreter(lab, minor):
    python = pythons().get(minor)
    if python is None:
        pytest.skip("no python3.%d here" % minor)
    text = (
        MODEL + "for i in range(50):\n    m.predict(i)  # site\n"
        "try:\n    m.predict()\nexcept TypeError as error:\n    print(error)\n"
    )
    lab.write(text)
    before = lab.plain(python=python)
    done = lab.profiled(python=python, site=["main.py:%d" % one(text), "main.py:7"])
    assert (done.code, done.stdout) == (before.code, before.stdout)
    assert done.site(one(text))["calls"] == 50
    assert done.site(7)["errors"] == 1
    assert done.summary["run"]["python"].startswith("3.%d." % minor)
    # Byte-compiles as a whole under it.
    check = "import sys, glob\nfor f in glob.glob(sys.argv[1] + '/**/*.py', recursive=True): compile(open(f, 'rb').read(), f, 'exec')"
    assert subprocess.run([python, "-c", check, str(RUNTIME)]).returncode == 0


def test_calls_past_the_limit_are_counted(lab):
    """Ten hours of calls: the records end at their limit, the figures do not."""
    text = (
        "import time\n"
        + MODEL
        + "class Bad:\n    def predict(self, x): raise ValueError\n"
        + "def f(m):\n    try:\n        m.predict(1)  # site\n    except ValueError:\n        pass\n"
        "for i in range(60000):\n    f(m)\nfor i in range(10):\n    f(Bad())\n"
        "M.predict = lambda self, x: time.sleep(0.05)\nf(m)\nimport os; os._exit(0)\n"
    )
    lab.write(text)
    first = Path(lab.profiled(site="main.py:%d" % one(text)).summary["run"]["directory"])
    config = json.loads((first / "config.json").read_text())
    config["options"]["mostRecordBytes"] = 1 << 20
    second = first.with_name("20261121T000000Z-0000")
    second.mkdir()
    (second / "config.json").write_text(json.dumps(config))
    env = lab.environment(PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(second))
    subprocess.run([sys.executable, "main.py"], cwd=lab.folder, env=env, check=True)
    assert sum(p.stat().st_size for p in second.glob("*/calls-*.bin")) <= 1 << 20
    found = []
    for run in (first, second):
        out = subprocess.run(["node", str(CLI), "summarize", str(run), "--json"], capture_output=True, check=True)
        summary = json.loads(out.stdout)
        found.append(summary["sites"][0])
    whole, folded = found
    assert folded["calls"] == whole["calls"] == 60011
    assert folded["errors"] == whole["errors"] == 10
    assert 50e6 <= folded["maxNs"] < 500e6
    assert 0.3 < folded["p50Ns"] / whole["p50Ns"] < 3  # two runs; what a bucket does to it is tested in the decoder
    assert any("counted" in p["message"] for p in summary["problems"])


def test_a_sessions_input_is_what_it_is_fed(lab):
    """What `run` of TensorFlow 1 and onnxruntime is given first says what to compute, and has a shape of its own."""
    text = (
        "class A:\n    def __init__(self, *shape): self.shape = shape\n"
        "class Session:\n    def run(self, fetches, feed_dict=None): return 1\n"
        "session, y, data = Session(), A(), A(1, 64, 4)\n"
        "session.run(y, {'x': data})  # site 1\n"
        "session.run(y, feed_dict={'x': data})  # site 2\n"
        "session.run([y], feed_dict=dict(x=data))  # site 3\n"
    )
    lab.write(text)
    sites = ["main.py:%d" % one(text, "# site %d" % number) for number in (1, 2, 3)]
    done = lab.profiled(site=sites)
    assert [site["batchShapes"] for site in done.summary["sites"]] == [[{"dims": [1, 64, 4], "calls": 1}]] * 3
