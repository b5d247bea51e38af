"""kill -9 at any moment leaves readable files with all finished calls; threads and processes mix nothing."""

import json
import mmap
import os
import random
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import CLI, RUNTIME
from test_records import MODEL, one

# The program counts its own finished calls by the length of a file, a byte each. Not in a mapped file, as we do it:
# a witness must not share our faults (and on some virtual machines a kill loses such stores, ours or anybody's).
COUNTING = (
    "import os, sys\n" + MODEL + "mine = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\nx = 0\n"
    "while True:\n"
    "    m.predict(x)  # site\n"
    "    os.write(mine, b'.')\n"
)


def ready_run(lab, text, name="20261121T000000Z-0001"):
    """A run directory as `profile` makes it, with the site of `text` in it."""
    lab.write(text)
    report = lab.folder.parent / "once.json"
    words = ["node", str(CLI), "profile", "--json", str(report), "--site", "main.py:%d" % one(text)]
    words += ["--log-dir", str(lab.folder.parent / "runs"), "--", sys.executable, "-c", "pass"]
    subprocess.run(words, cwd=lab.folder, env=lab.environment(), capture_output=True, check=True)
    first = json.loads(report.read_text())["run"]["directory"]
    config = json.loads(Path(first, "config.json").read_text())
    config["options"].pop("frameworkCalls", None)
    run = lab.folder.parent / "runs" / name
    run.mkdir()
    (run / "config.json").write_text(json.dumps(config))
    return run


def summary_of(run):
    out = subprocess.run(["node", str(CLI), "summarize", str(run), "--json"], capture_output=True, check=True)
    return json.loads(out.stdout)


@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.full)])
def test_killed_at_any_moment(lab, tmp_path, kills):
    run = ready_run(lab, COUNTING)
    env = lab.environment(PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(run))
    random.seed(20261121)

    def kill(i):
        counter = tmp_path / ("count-%d" % i)
        counter.touch()
        program = subprocess.Popen([sys.executable, "main.py", str(counter)], cwd=lab.folder, env=env)
        # Most after calls have begun, some while the interpreter starts.
        time.sleep(random.choice((0.02, 0.1, 0.3)) + random.random() * 0.2)
        program.kill()
        program.wait()
        return counter.name, counter.stat().st_size

    with ThreadPoolExecutor(2) as pool:
        counted = dict(pool.map(kill, range(kills)))
    assert sum(count > 1000 for count in counted.values()) > kills / 4
    finished = {}
    for folder in filter(Path.is_dir, run.iterdir()):
        # By what it was given: of so many processes two may have had the same number.
        log = folder / "process.jsonl"
        first = log.read_text().partition("\n")[0] if log.exists() else ""
        name = Path(json.loads(first)["argv"][-1]).name if first else folder.name
        finished[name] = sum(map(calls_in, folder.glob("calls-*.bin")))
    for name, count in counted.items():
        # It may have been killed between the end of a call and counting it.
        assert finished.get(name, 0) - count in (0, 1), (name, finished.get(name), count)
    summary = summary_of(run)
    assert summary["sites"][0]["calls"] == sum(finished.values())
    assert not any("damaged" in p["message"] for p in summary["problems"])


def calls_in(path):
    """Finished calls, by a second reader."""
    data = path.read_bytes()
    return sum(
        1
        for at in range(4096, len(data) - 47, 48)
        if data[at + 47] == 1 and struct.unpack_from("<Q", data, at + 8)[0] > 0
    )


def test_eight_threads_in_four_processes(lab):
    """A million calls: none is lost, and each has the site, thread and input of its own."""
    calls = 31_250
    text = (
        "import multiprocessing, sys, threading\n"
        "class Array:\n    def __init__(self, n): self.shape = (n,)\n" + MODEL + "def work(n):\n    x = Array(n)\n"
        "    for i in range(%d):\n        m.predict(x)  # site\n" % calls + "def process(p):\n"
        "    threads = [threading.Thread(target=work, args=(8 * p + t + 1,)) for t in range(8)]\n"
        "    [t.start() for t in threads]; [t.join() for t in threads]\n"
        "if __name__ == '__main__':\n"
        "    made = [multiprocessing.get_context('fork').Process(target=process, args=(p,)) for p in range(4)]\n"
        "    [p.start() for p in made]; [p.join() for p in made]; print([p.exitcode for p in made])\n"
    )
    lab.write(text)
    done = lab.profiled(site="main.py:%d" % one(text))
    assert (done.code, done.stdout) == (0, b"[0, 0, 0, 0]\n")
    site = done.site()
    assert (site["calls"], site["unfinished"], site["errors"]) == (1_000_000, 0, 0)
    seen = {}
    run = done.summary["run"]["directory"]
    for name in os.listdir(run):
        folder = os.path.join(run, name)
        if not os.path.exists(os.path.join(folder, "process.jsonl")):
            continue
        lines = [json.loads(line) for line in Path(folder, "process.jsonl").read_text().splitlines()]
        shapes = {line["index"]: line["dims"][0] for line in lines if line["t"] == "shape"}
        for segment in sorted(f for f in os.listdir(folder) if f.startswith("calls-")):
            with open(os.path.join(folder, segment), "rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                for at in range(4096, len(data) - 47, 48):
                    if data[at + 47] == 1:
                        begin, end, thread, _, which, shape = struct.unpack_from("<QQQQII", data, at)
                        assert 0 < begin <= end and which == 0
                        key = (name, thread, shapes[shape])
                        seen[key] = seen.get(key, 0) + 1
                data.close()
    assert len(seen) == 32 and set(seen.values()) == {calls}
    assert len({(name, thread) for name, thread, _ in seen}) == 32
    assert sorted(shape for _, _, shape in seen) == list(range(1, 33))
