"""Windows beside the usual two: asked for by a file, opened by a slow call, and those that a call outlasts."""

import json
import subprocess
import time

import pytest
from conftest import CLI
from traces import line_of, spans

pytest.importorskip("torch")

NET = """
import sys, threading, time
import torch
model = torch.nn.Linear(16, 16)
x = torch.ones(4, 16)

def predict(seconds=0.001):
    with torch.no_grad():
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            y = model(x)
    return y

def run(seconds=0.001):
    return predict(seconds)  # site
"""
SITE = line_of(NET)


def windows(directory):
    found = []
    for path in sorted(directory.glob("**/process.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        found += [record for record in records if record["t"] == "trace"]
    return found


def test_the_file_capture_opens_one_more_window_each_time(lab):
    lab.write(NET + "print('ready', flush=True)\nwhile not threading.Event().wait(0.01):\n    run()\n")
    runs = lab.folder.parent / "runs"
    words = ["node", str(CLI), "profile", "--log-dir", str(runs), "--site", "main.py:%d" % SITE, "--calls", "4", "--"]
    words += [__import__("sys").executable, "main.py"]
    program = subprocess.Popen(words, cwd=lab.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert program.stdout.readline() == b"ready\n"

        def wait_for(kinds):
            until = time.monotonic() + 60
            # A machine that stops for a moment makes slow calls.
            while [record["window"] for record in windows(runs) if record["window"] != "slow"] != kinds:
                assert time.monotonic() < until, windows(runs)
                time.sleep(0.1)

        wait_for(["first", "steady"])
        (run,) = runs.glob("*-*")
        (run / "capture").touch()
        wait_for(["first", "steady", "capture"])
        time.sleep(1)
        (run / "capture").touch()
        wait_for(["first", "steady", "capture", "capture"])
        assert [record["calls"] for record in windows(runs) if record["window"] == "capture"] == [4, 4]
        (run / "stop").touch()
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
        program.stderr.close()


def test_a_slow_call_opens_a_window(lab):
    # It opens one only while windows cost a small share of the time, and is seen after 2 s at the latest where looking
    # is slow: on a busy machine.
    lab.write(
        NET + "for i in range(300): run()\ntime.sleep(8)\n"
        "for i in range(40): run(0.2 if i < 3 else 0.001); time.sleep(0.15)\n"
    )
    done = lab.profiled(site="main.py:%d" % SITE)
    (directory,) = lab.folder.parent.glob("program-runs")
    kinds = [record["window"] for record in windows(directory)]
    assert kinds[:2] == ["first", "steady"]
    assert 1 <= len(kinds[2:]) <= 3 and set(kinds[2:]) == {"slow"}
    assert done.site()["calls"] == 340
    # Slow calls stand for no others.
    assert done.site()["partsCalls"] == 20


def test_a_call_that_outlasts_the_window_shows_its_beginning(lab):
    lab.write(NET + "run(4)\n")
    done = lab.profiled(site="main.py:%d" % SITE)
    assert any("the trace shows its beginning" in p for p in done.problems())
    site = done.site()
    (trace,) = done.summary["traces"]
    ((_, _, duration),) = spans(trace["path"])
    assert 0.5e9 < duration < site["p50Ns"]
    assert site["parts"]["modelFunction"] > 0
