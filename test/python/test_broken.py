"""Broken things say so: a sentence that names the fix, and the program runs all the same where it can."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CLI, RUNTIME

MODEL = "class M:\n    def predict(self, x): return x\nm = M()\n"
CALL = "m.predict(1)  # site\n"


def one(text):
    return next(i for i, line in enumerate(text.splitlines(), 1) if "# site" in line)


def run(lab, text, **more):
    lab.write(text)
    return lab.profiled(site="main.py:%d" % one(text), **more)


def test_no_interpreter(lab):
    lab.write(MODEL + CALL)
    done = lab.profiled(command=["python9.9", "main.py"], site="main.py:4")
    assert done.code == 125
    assert "python9.9 was not found" in done.text and "predictscope.interpreter" in done.text


def test_interpreter_that_may_not_be_executed(lab):
    lab.write(MODEL + CALL)
    tool = lab.write("#!/bin/sh\n", "tool")
    tool.chmod(0o644)
    done = lab.profiled(command=["./tool"], site="main.py:4")
    assert done.code == 125
    assert "may not be executed" in done.text and "chmod +x" in done.text


def test_tensorflow_missing(lab):
    done = run(lab, "import tensorflow_that_is_missing\n" + MODEL + CALL)
    assert done.code == 1
    assert "No module named 'tensorflow_that_is_missing'" in done.text.split("Predictscope ·")[0]
    assert any("pip install tensorflow_that_is_missing" in p for p in done.problems())


def test_log_directory_that_cannot_be_written(lab):
    lab.write(MODEL + CALL)
    lab.write("a file", "blocked")
    done = lab.profiled(site="main.py:4", options=("--log-dir", str(lab.folder / "blocked" / "runs")))
    assert done.code == 125
    assert "cannot be written" in done.text and "--log-dir" in done.text


def test_program_that_never_calls_the_site(lab):
    done = run(lab, MODEL + "if False:\n    " + CALL)
    assert done.code == 0
    assert any("without calling m.predict (main.py:5)" in p and "arguments" in p for p in done.problems())


def test_program_that_never_loads_the_file(lab):
    text = MODEL + CALL
    lab.write(text, "other.py")
    lab.write("print('hello')\n")
    done = lab.profiled(site="other.py:4")
    assert (done.code, done.stdout) == (0, b"hello\n")
    assert any("never loaded other.py" in p and "Check that this command" in p for p in done.problems())


def test_program_that_is_not_python(lab):
    lab.write(MODEL + CALL)
    done = lab.profiled(command=["sh", "-c", "exit 4"], site="main.py:4")
    assert done.code == 4
    assert any("no Python process" in p and "must start Python 3.7" in p for p in done.problems())


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_flags_that_keep_us_out(lab, flag):
    lab.write(MODEL + CALL)
    # From standard input: elsewhere the launcher brings us in.
    text = "import runpy; runpy.run_path('main.py')"
    done = lab.profiled(command=[sys.executable, flag, "-"], stdin=text.encode(), site="main.py:4")
    assert done.code == 0
    assert any("Python was started with " + flag in p and "Start it without" in p for p in done.problems())


def test_killed_by_a_signal_keeps_finished_calls(lab):
    done = run(
        lab,
        MODEL.replace("return x", "\n        if x == 7: os.kill(os.getpid(), 9)\n        return x").replace(
            "class", "import os\nclass", 1
        )
        + "for i in range(20):\n    m.predict(i)  # site\n",
    )
    assert done.code == -9
    site = done.site()
    assert (site["calls"], site["unfinished"]) == (7, 1)
    assert any("ended by SIGKILL" in p and "memory" in p for p in done.problems())


def test_log_directory_that_turns_unwritable_in_the_run(lab):
    """The program must not notice; what was recorded before stays."""
    text = MODEL + (
        "import os, glob, shutil\n"
        "m.predict(0)\n"
        "shutil.rmtree(os.environ['PREDICTSCOPE_RUN'])\n"
        "for i in range(5000):\n    m.predict(i)  # site\n"
        "print('done')\n"
    )
    done = run(lab, text)
    assert (done.code, done.stdout) == (0, b"done\n")


def test_full_disk(lab, tmp_path):
    """A file-size limit stands in for the full disk: both make posix_fallocate fail."""
    text = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n" + MODEL
    text += "for i in range(10):\n    m.predict(i)  # site\nprint('done')\n"
    # The limit must hold before the first record: set in the shell that starts Python.
    lab.write(text)
    done = lab.profiled(
        command=["sh", "-c", 'ulimit -f 8; exec "$0" main.py', sys.executable], site="main.py:%d" % one(text)
    )
    assert (done.code, done.stdout) == (0, b"done\n")
    assert any("could not be written" in p and "Free some space" in p for p in done.problems()), done.problems()


def test_truncated_and_corrupt_trace(lab, tmp_path):
    text = (
        "import numpy, keras\nm = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])\n"
        "x = numpy.zeros((1, 8), 'float32')\nfor i in range(8):\n    m.predict(x, verbose=0)  # site\n"
    )
    done = run(lab, text)
    directory = done.summary["run"]["directory"]
    traces = [Path(t["path"]) for t in done.summary["traces"]]
    assert len(traces) == 2
    whole = traces[1].read_bytes()
    events = done.summary["traces"][1]["events"]

    def again():
        out = subprocess.run(["node", str(CLI), "summarize", directory, "--json"], capture_output=True)
        assert out.returncode == 0, out.stderr
        return json.loads(out.stdout)

    traces[1].write_bytes(whole[: len(whole) // 2])
    summary = again()
    assert 0 < summary["traces"][1]["events"] < events
    assert any("byte" in p["message"] or "trunc" in p["message"].lower() for p in summary["problems"]), summary[
        "problems"
    ]
    traces[1].write_bytes(b"\x00garbage" * 100)
    summary = again()
    assert any(traces[1].name in p["message"] for p in summary["problems"]), summary["problems"]
    assert summary["sites"][0]["calls"] == 8
    traces[1].unlink()
    summary = again()
    assert any("not there" in p["message"] and "deleted" in p["fix"] for p in summary["problems"])


def test_gpu_machine_that_ran_on_cpu_names_the_library(lab):
    """A fake GPU node and a fake CUDA build stand in for the machine; the probe runs for real."""
    import json
    import subprocess

    out = subprocess.run(
        [sys.executable, str(RUNTIME / "predictscope" / "gpuprobe.py"), "12.5.1", "9"], capture_output=True, check=True
    )
    failed = {entry["library"]: entry["error"] for entry in json.loads(out.stdout)}
    if os.path.exists("/dev/nvidia0"):
        pytest.skip("a real GPU is here")
    assert "cannot open shared object file" in failed["libcudnn.so.9"]
    assert "libcudart.so.12" in failed and "libcuda.so.1" in failed


def test_a_killed_terminal_leaves_a_run_that_says_so(lab, tmp_path):
    """Both the program and the command line that watches it are killed, as a closed terminal may do."""
    text = (
        MODEL
        + "import time\nfor i in range(1000):\n    m.predict(i)  # site\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    lab.write(text)
    runs = tmp_path / "lost-runs"
    words = ["node", str(CLI), "profile", "--log-dir", str(runs), "--site", "main.py:%d" % one(text)]
    process = subprocess.Popen(
        [*words, "--", sys.executable, "main.py"], cwd=lab.folder, stdout=subprocess.PIPE, env=lab.environment()
    )
    process.stdout.readline()
    directory = next(runs.iterdir())
    child = json.loads((directory / "run.json").read_text())["ref"]["pid"]
    process.kill()
    os.kill(child, 9)
    process.wait()
    out = subprocess.run(["node", str(CLI), "summarize", str(directory), "--json"], capture_output=True, check=True)
    summary = json.loads(out.stdout)
    assert summary["run"]["state"] == "lost"
    assert summary["sites"][0]["calls"] == 1000
    assert any("how it ended is not known" in p["message"] for p in summary["problems"])


def test_a_fault_of_ours_does_not_reach_the_program(lab):
    """config.json that makes no sense: the program runs as if we were not there."""
    import subprocess

    lab.write(MODEL + CALL + "print('done')\n")
    run_directory = lab.folder / "run"
    run_directory.mkdir()
    for config in ("{", '{"files": 7}', '{"files": [{"file": "/x/main.py"}]}', '{"options": {"warmUpCalls": "many"}}'):
        (run_directory / "config.json").write_text(config)
        env = lab.environment(PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(run_directory))
        done = subprocess.run([sys.executable, "main.py"], cwd=lab.folder, capture_output=True, env=env)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b""), config


def test_a_fault_of_ours_is_not_the_programs(lab):
    """What no input can bring about: a part of the recorder raises."""
    lab.write(
        "import sys, time\n" + MODEL + "for i in range(3):\n"
        "    print(m.predict(i))  # site\n"
        "    sys.modules['predictscope.windows'].Windows.look = None\n"
        "    time.sleep(0.3)\n"
    )
    done = lab.profiled(site="main.py:6", options=("--calls", "0"))
    assert (done.code, done.stdout) == (0, b"0\n1\n2\n")
    assert done.site()["calls"] == 3
    assert any("A part of the recorder failed: TypeError" in p for p in done.problems()), done.problems()
