"""Runs small programs with and without Predictscope, through the built command line."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "dist" / "cli.js"
RUNTIME = ROOT / "media" / "python"


def pytest_configure(config):
    config.addinivalue_line("markers", "full: takes long; runs with npm run test:full only")
    config.addinivalue_line("markers", "alone: holds shares of time against a clock, so nothing runs beside it")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("TEST_FULL") != "1":
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]


class Outcome:
    """How a program ended. `code` is negative for a signal, as subprocess has it."""

    def __init__(self, done, summary=None):
        self.code = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        self.summary = summary

    @property
    def text(self):
        return self.stderr.decode("utf-8", "replace")

    def problems(self):
        return [p["message"] + " " + p.get("fix", "") for p in self.summary["problems"]]

    def site(self, line=None):
        sites = [s for s in self.summary["sites"] if line is None or s["line"] == line]
        assert len(sites) == 1, sites
        return sites[0]


class Lab:
    """A folder with one program, `main.py`, and the means to run it."""

    def __init__(self, folder):
        self.folder = folder
        self.main = folder / "main.py"

    def write(self, text, name="main.py"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def environment(self, **extra):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PREDICTSCOPE", "PYTHON"))}
        env.update(extra)
        return env

    def plain(self, *args, python=sys.executable, command=None, stdin=b"", env=None, timeout=120):
        command = command or [python, "main.py", *args]
        return Outcome(
            subprocess.run(
                command,
                cwd=self.folder,
                input=stdin,
                capture_output=True,
                timeout=timeout,
                env=env or self.environment(),
            )
        )

    def profiled(
        self, *args, python=sys.executable, command=None, site=None, options=(), stdin=b"", env=None, timeout=180
    ):
        report = self.folder.parent / (self.folder.name + "-summary.json")
        report.unlink(missing_ok=True)
        words = ["node", str(CLI), "profile", "--json", str(report), *options]
        words += (
            ["--log-dir", str(self.folder.parent / (self.folder.name + "-runs"))] if "--log-dir" not in options else []
        )
        for one in [site] if isinstance(site, str) else site or []:
            words += ["--site", one]
        words += ["--", *(command or [python, "main.py", *args])]
        done = subprocess.run(
            words, cwd=self.folder, input=stdin, capture_output=True, timeout=timeout, env=env or self.environment()
        )
        return Outcome(done, json.loads(report.read_text()) if report.exists() else None)


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "program"
    folder.mkdir()
    return Lab(folder)


@functools.lru_cache(maxsize=None)
def pythons():
    """Interpreters from 3.7 on that this machine has, one a minor version."""
    found = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep) + sorted(
        str(p) for p in Path.home().glob(".pyenv/versions/*/bin")
    ):
        for minor in range(7, 16):
            path = Path(folder) / ("python3.%d" % minor)
            if minor in found or not os.access(path, os.X_OK):
                continue
            probe = subprocess.run(
                [str(path), "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True
            )
            if probe.stdout.strip() == str(minor):
                found[minor] = str(path)
    return found
