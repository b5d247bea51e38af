"""Comparing real runs by the command line: repeated, sets, results; and reports of them."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import CLI

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch")

PROGRAM = """
import os, time
import torch
torch.manual_seed(7)
net = torch.nn.Linear(4, 4)
wait = float(os.environ.get("WAIT", "0.004"))
class Model:
    def predict(self, x):
        time.sleep(wait)
        return net(x) * float(os.environ.get("TIMES", "1"))
model = Model()
with torch.no_grad():
    for i in range(40):
        y = model.predict(torch.full((2, 4), float(i)))  # site
print("done", os.environ.get("SECRET_WORD", ""))
"""


def profiled(lab, *options, args=(), **env):
    done = lab.profiled(*args, options=("--site", "main.py:14", "--calls", "5", *options), env=lab.environment(**env))
    assert done.code == 0, done.text
    return done.summary["run"]["directory"]


def compare(lab, *words, fails=False):
    done = subprocess.run(
        ["node", str(CLI), "compare", *words], cwd=lab.folder, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done


def test_two_runs(lab):
    lab.write(PROGRAM)
    a, b = profiled(lab), profiled(lab, WAIT="0.006")
    found = json.loads(compare(lab, a, b, "--json").stdout)
    (site,) = found["sites"]
    assert site["verdict"] == "slower" and site["method"] == "blocks"
    assert 1.3 < site["ratio"] < 1.7 and site["low"] < site["ratio"] < site["high"]
    assert {p["name"] for p in site["parts"]} >= {"modelFunction", "python"}
    text = compare(lab, a, b).stdout
    assert "slower" in text and "one run on a side" in text
    page = compare(lab, a, b, "--html").stdout
    assert page.startswith("<!DOCTYPE html>") and "<script" not in page


def test_repeated_in_turn(lab):
    """What runs is what both runs ran; the program's own output does not mix with ours."""
    lab.write(PROGRAM)
    a = profiled(lab, "--keep-outputs", "--exact-lines")
    done = compare(lab, a, a, "--repeat", "3", "--json")
    found = json.loads(done.stdout)
    (site,) = found["sites"]
    assert site["method"] == "pairs" and len(found["a"]) == len(found["b"]) == 3
    assert done.stderr.count("done") == 6

    def options(run):
        return json.loads(Path(run, "config.json").read_text())["options"]

    made = [run for run in Path(a).parent.iterdir() if run.is_dir() and run.name in found["a"] + found["b"]]
    assert len(made) == 6 and all(options(run) == options(a) for run in made)
    lab.write(PROGRAM + "\n# edited\n")
    refused = compare(lab, a, a, "--repeat", "2", fails=True)
    assert "has changed since" in refused.stderr and "Compare the runs as they are" in refused.stderr


def test_sets(lab):
    lab.write(PROGRAM)
    a = [profiled(lab) for _ in range(2)]
    b = [profiled(lab, WAIT="0.008") for _ in range(2)]
    found = json.loads(compare(lab, ",".join(a), ",".join(b), "--json").stdout)
    (site,) = found["sites"]
    assert site["method"] == "runs" and site["ratio"] > 1.5


def test_results_that_differ(lab):
    lab.write(PROGRAM)
    a = profiled(lab, "--keep-outputs")
    same = profiled(lab, "--keep-outputs")
    other = profiled(lab, "--keep-outputs", TIMES="1.01")
    nan = profiled(lab, "--keep-outputs", TIMES="nan")
    assert "returned the same" in compare(lab, a, same).stdout
    text = compare(lab, a, other).stdout
    assert re.search(r"19 of 20 calls of model\.predict|20 of 20 calls of model\.predict", text), text
    (site,) = json.loads(compare(lab, a, other, "--json").stdout)["sites"]
    assert site["outputs"]["compared"] == 20 and 0 < site["outputs"]["most"] < 0.2
    summary = subprocess.run(["node", str(CLI), "summarize", nan, "--json"], capture_output=True, text=True, check=True)
    problems = json.loads(summary.stdout)["problems"]
    assert any("20 of 20 calls of model.predict" in p["message"] and "NaN" in p["message"] for p in problems)
    # Nothing of it where nobody asked.
    plain = subprocess.run(["node", str(CLI), "summarize", profiled(lab), "--json"], capture_output=True, text=True)
    assert json.loads(plain.stdout)["sites"][0]["outputs"] is None


def test_refusals(lab):
    lab.write(PROGRAM)
    a = profiled(lab)
    assert "needs two runs" in compare(lab, a, fails=True).stderr
    assert "is not there" in compare(lab, a, str(lab.folder / "nothing"), fails=True).stderr
    assert "not a run directory" in compare(lab, a, str(lab.folder), fails=True).stderr


# `/a/b` after a blank, a quote or a bracket: what no tag of a page looks like.
ABSOLUTE = re.compile(r"""(?:(?<=[\s"'(>=])|^)(?:/[A-Za-z_.][\w.+-]*){2,}|[A-Za-z]:\\\\""")


def test_reports(lab):
    text = PROGRAM.replace('print("done"', 'data = "/data/patients/genome.fa"\nprint("done"')
    lab.write(text)
    run = profiled(lab, args=("--input", "/data/patients/list.vcf", "--key=hunter2"))

    def report(*words):
        target = lab.folder / words[-1]
        done = subprocess.run(
            ["node", str(CLI), "report", run, *words[:-1], "-o", str(target)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return target.read_text()

    page = report("full.html")
    assert len(page) < 5_000_000
    assert "time.sleep(wait)" in page and "<svg" in page and "hunter2" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//|<script|@import|url\(""", page)
    for name in ("bare.html", "bare.md", "bare.json"):
        bare = report("--without-paths", name)
        assert "hunter2" not in bare and "list.vcf" not in bare, name
        assert str(lab.folder) not in bare
        found = ABSOLUTE.findall(bare)
        assert not found, (name, found[:5])
    assert "model.predict" in report("--without-paths", "bare.md").replace("\\_", "_")
    refused = subprocess.run(["node", str(CLI), "report", run, "-o", "x.pdf"], capture_output=True, text=True)
    assert refused.returncode == 1 and "FILE.html" in refused.stderr


def test_a_copied_run_opens_elsewhere(lab, tmp_path):
    """Source, layers and figures come with the folder."""
    import shutil

    lab.write(PROGRAM)
    run = profiled(lab)
    there = tmp_path / "elsewhere" / run.rpartition("/")[2]
    shutil.move(run, there)
    shutil.rmtree(lab.folder)
    done = subprocess.run(["node", str(CLI), "report", str(there)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "model.predict" in done.stdout
    page = subprocess.run(
        ["node", str(CLI), "report", str(there), "-o", str(tmp_path / "r.html")], capture_output=True, text=True
    )
    assert page.returncode == 0 and "time.sleep(wait)" in (tmp_path / "r.html").read_text()
