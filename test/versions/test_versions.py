"""Real old and new stacks, from the versions that the first users run to today's.

scripts/versions.mjs makes their environments and says in $PREDICTSCOPE_STACKS where they are; each stack leaves a
row of figures there, and its run directory in artifacts/versions.
"""

import json
import os
import re
import shutil
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from conftest import ROOT, lab  # noqa: E402, F401
from programs import CALLS, CHILD_CALLS, program, site_lines  # noqa: E402
from test_tensorflow import own_stderr  # noqa: E402

STACKS = json.loads(Path(__file__).with_name("stacks.json").read_text())
FOUND = json.loads(Path(os.environ["PREDICTSCOPE_STACKS"]).read_text())
KEPT = ROOT / "artifacts" / "versions"

# What the profilers of TensorFlow 2.2 to 2.4 say where they leave their files, in lines and parts of lines.
FILES = re.compile(rb"Dumped (gzipped )?tool data for|Creating directory: |Generation of step-events took|^$")
# What differs from run to run: time stamps, process ids, speeds.
NOISE = re.compile(rb"^\d{4}-\d\d-\d\d [\d:.]+: |(?<=Hz: )\d+|^\[W[\d:. -]+|^W\d{4} [\d:.]+ +\d+ ", re.M)


@pytest.mark.parametrize("stack", [s for s in STACKS if s["name"] in FOUND], ids=lambda s: s["name"])
def test_stack(lab, stack):  # noqa: F811
    row = dict(stack=stack["name"], python=stack["python"])
    found = FOUND[stack["name"]]
    try:
        if "problem" in found:
            row["outcome"] = "not run: %s" % found["problem"]
            pytest.skip(found["problem"])
        check(lab, stack, found["python"], row)
        row["outcome"] = "passed"
    except AssertionError as error:
        row["outcome"] = "failed: %s" % (str(error).splitlines() or [""])[0]
        raise
    finally:
        with open(os.environ["PREDICTSCOPE_STACKS"] + ".rows", "a") as file:
            file.write(json.dumps(row) + "\n")


def check(lab, stack, python, row):  # noqa: F811
    text = program(stack["program"])
    lab.write(text)
    lines = site_lines(text)
    before = lab.plain(python=python)
    assert before.code == 0, before.text
    # The program's own counts are those of the run with us.
    for path in lab.folder.glob("made-*"):
        path.unlink()
    begun = time.monotonic()
    after = lab.profiled(python=python, site=["main.py:%d" % line for line in lines])
    row["seconds"] = round(time.monotonic() - begun, 1)
    summary = after.summary
    run = Path(summary["run"]["directory"])
    keep(run, stack["name"])
    row["version"] = summary["run"]["frameworks"]
    row["calls"] = sum(site["calls"] for site in summary["sites"])
    row["traces"] = len(summary["traces"])
    row["events"] = sum(trace["events"] for trace in summary["traces"])
    row["parts"] = {name: ns for site in summary["sites"] for name, ns in site["parts"].items()}

    assert (after.code, after.stdout) == (before.code, before.stdout), after.text
    assert stderr(after) == stderr(before)
    assert summary["run"]["python"].startswith(stack["python"] + "."), summary["run"]
    for name, version in stack["version"].items():
        assert summary["run"]["frameworks"].get(name) == version, summary["run"]["frameworks"]

    # One call raised, at the first site that it came to.
    assert sum(site["errors"] for site in summary["sites"]) == 1
    assert [site["unfinished"] for site in summary["sites"]] == [0] * len(lines)
    made = {int(path.name[5:]): int(path.read_text()) * len(lines) for path in lab.folder.glob("made-*")}
    assert sorted(made.values()) == [CHILD_CALLS * len(lines)] * 2 + [CALLS * len(lines)]
    parent = max(made, key=made.get)
    made[parent] += 1
    assert calls_by_process(run) == made
    assert row["calls"] == sum(made.values())
    for site in summary["sites"]:
        # Sizes of the two inputs; the wrong one's too, where it was tried.
        assert len(site["batchShapes"]) in (2, 3), site["batchShapes"]

    problems = [p["message"] for p in summary["problems"]]
    assert problems == stack.get("problems", [])
    if problems:  # each of them says why there is no trace
        assert summary["traces"] == []
        return
    # The first call and a window after warm-up in the program's process, the first call in each child.
    assert len(summary["traces"]) == 4
    for trace in summary["traces"]:
        assert trace["events"] > 0, trace
    for site in summary["sites"]:
        assert site["partsCalls"] == 20 and site["parts"], site
        assert sum(site["parts"].values()) == pytest.approx(steady_ns(run, parent), rel=1e-3)
        assert sum(ns for name, ns in site["parts"].items() if name != "python") > 0


def stderr(outcome):
    lines = [line for line in own_stderr(outcome.stderr) if not FILES.search(line)]
    return sorted(NOISE.sub(b"", line) for line in lines)


def keep(run, name):
    """Copies the run where scripts/versions.mjs says that it lies."""
    target = KEPT / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(run, target)


def recorded(run):
    """[(pid, nanoseconds, flags)] of all calls, in the order of each process's files."""
    for path in sorted(run.glob("*/calls-*.bin")):
        data = path.read_bytes()
        header, slot, pid = struct.unpack_from("<IIQ", data, 8)
        for offset in range(header, len(data) - slot + 1, slot):
            if data[offset + 47] == 1:
                begin, end = struct.unpack_from("<QQ", data, offset)
                yield pid, end - begin, struct.unpack_from("<H", data, offset + 44)[0]


def calls_by_process(run):
    """{pid: number of calls}, by the files themselves."""
    return dict(Counter(pid for pid, _, _ in recorded(run)))


def steady_ns(run, process):
    """Time of the traced calls of one process but the first, which has a window of its own."""
    return sum([ns for pid, ns, flags in recorded(run) if pid == process and flags & 2][1:])
