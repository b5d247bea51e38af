"""ruff over everything that is Python here, and byte-compiling the entry under every Python from 2.7 on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, RUNTIME, pythons


def test_lint():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_format():
    command = [sys.executable, "-m", "ruff", "format", "--check", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("minor", sorted(pythons()))
def test_every_interpreter_compiles_and_imports_it(minor, tmp_path):
    """All of it, also what a program of the other tests may not reach."""
    copy = tmp_path / "python"
    shutil.copytree(RUNTIME, copy, ignore=shutil.ignore_patterns("__pycache__"))
    compiled = subprocess.run(
        [pythons()[minor], "-W", "error", "-m", "compileall", "-q", str(copy)], capture_output=True
    )
    assert (compiled.returncode, compiled.stdout, compiled.stderr) == (0, b"", b"")
    names = sorted(
        ".".join(path.relative_to(copy).with_suffix("").parts)
        for path in copy.glob("predictscope/**/*.py")
        if path.name != "__init__.py"
    )
    code = "import importlib, sys\nsys.path.insert(0, %r)\n" % str(copy)
    code += "for name in %r:\n    importlib.import_module(name)\nprint('all')" % names
    done = subprocess.run(
        [pythons()[minor], "-W", "error", "-c", code], env={"PATH": os.environ["PATH"]}, capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"all\n", b"")


@pytest.mark.parametrize("old", ["2.7", "3.6"])
def test_the_entry_parses_below_3_7(old):
    """It does nothing there; Python must be able to read it all the same."""
    found = sorted(Path.home().glob(".pyenv/versions/%s*/bin/python" % old))
    if not found:
        pytest.skip("no Python %s here" % old)
    code = "compile(open(%r).read(), 'sitecustomize.py', 'exec')" % str(RUNTIME / "sitecustomize.py")
    subprocess.run([str(found[0]), "-c", code], check=True)
