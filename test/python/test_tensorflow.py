"""TensorFlow programs that end badly, or use the profiler themselves."""

import re
import shutil

import pytest

KERAS = """
import os, signal, sys
import numpy, keras, tensorflow as tf
model = keras.Sequential([keras.Input((16, 4)), keras.layers.Dense(3, kernel_initializer="ones")])
x = numpy.ones((1, 16, 4), "float32")
def predict():
    return model.predict(x, verbose=0)  # site
"""

ENDINGS = {
    "ends": "for i in range(12): print(predict().sum())\n",
    "raises": "for i in range(3): predict()\nraise ValueError('no')\n",
    "sys.exit(3)": "for i in range(9): predict()\nsys.exit(3)\n",
    "os._exit": "predict()\nprint('out', flush=True)\nos._exit(7)\n",
    "killed": "for i in range(8): predict()\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "interrupted": "for i in range(8): predict()\nos.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(5)\n",
    "wrong input": "predict()\nmodel.predict('text', verbose=0)\n",
}

# What TensorFlow's own profiler prints; the whole list of lines that our use of it adds to stderr.
PROFILER_LINES = re.compile(
    rb"^.*(Profiler session (initializing|started|collecting data|tear down)|Collecting XSpace to repository|"
    rb"profiler_session\.cc|save_profile\.cc).*\n",
    re.M,
)
# Time stamps, thread ids and addresses, and warnings that come or go with timing.
NOISE = re.compile(rb"^([IWE])\d{4} [\d:.]+ +\d+ |0x[0-9a-f]+|\d+(\.\d+)?(ms|us|s)/step", re.M)


def site_line():
    return next(i for i, line in enumerate(KERAS.splitlines(), 1) if "# site" in line)


def own_stderr(data):
    at = data.rfind(b"\nPredictscope \xc2\xb7 ")
    return sorted(NOISE.sub(b"", PROFILER_LINES.sub(b"", data[:at] if at >= 0 else data)).splitlines())


# Endings by an exception are one to TensorFlow, and take 10 s each.
RARELY = ["sys.exit(3)", "wrong input"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if name in RARELY else ()) for name in ENDINGS]
)
def test_same_ending(lab, name):
    lab.write(KERAS + ENDINGS[name])
    before = lab.plain()
    after = lab.profiled(site="main.py:%d" % site_line())
    assert after.code == before.code
    assert after.stdout == before.stdout
    assert own_stderr(after.stderr) == own_stderr(before.stderr)
    calls = {"ends": 12, "raises": 3, "sys.exit(3)": 9, "os._exit": 1, "wrong input": 1}.get(name, 8)
    assert after.site()["calls"] == calls
    # The first call's trace is written when that call ends, so it survives every ending.
    assert after.summary["traces"][0]["events"] > 50


USERS = {
    "around": (
        "tf.profiler.experimental.start('theirs')\nfor i in range(9): predict()\ntf.profiler.experimental.stop()\n",
        "profiler itself, so no trace",
    ),
    "inside": (
        "for i in range(8): predict()\nwith tf.profiler.experimental.Profile('theirs'):\n    predict()\nfor i in range(3): predict()\n",
        "ours ended early",
    ),
    "callback": (
        "import keras.callbacks\nfor i in range(7): predict()\n"
        "tf.profiler.experimental.start('theirs'); predict(); tf.profiler.experimental.stop()\n"
        "try:\n    tf.profiler.experimental.stop()\nexcept Exception as error:\n    print(type(error).__name__)\n",
        "ours ended early",
    ),
}


@pytest.mark.parametrize("name", USERS)
def test_the_programs_own_profiler_comes_first(lab, name):
    program, sentence = USERS[name]
    lab.write(KERAS + program)
    before = lab.plain()
    theirs = [p.stat().st_size for p in lab.folder.glob("theirs/**/*.xplane.pb")]
    assert len(theirs) == 1
    shutil.rmtree(lab.folder / "theirs")
    after = lab.profiled(site="main.py:%d" % site_line())
    assert (after.code, after.stdout) == (before.code, before.stdout)
    again = [p.stat().st_size for p in lab.folder.glob("theirs/**/*.xplane.pb")]
    assert len(again) == 1 and again[0] > 0.5 * theirs[0]
    assert any(sentence in p for p in after.problems()), after.problems()
    assert after.site()["calls"] == {"around": 9, "inside": 12, "callback": 8}[name]


def test_retraces_are_counted(lab):
    lab.write(
        KERAS
        + "model = keras.Sequential([keras.layers.Conv1D(2, 3, padding='same')])\n"
        + "for i in range(30):\n    x = numpy.ones((1, 16 + 4 * (i % 15), 4), 'float32'); predict()\n"
    )
    done = lab.profiled(site="main.py:%d" % site_line(), options=("--warm-up", "0"))
    site = done.site()
    assert site["calls"] == 30
    assert 1 <= site["retraces"] <= 15
    assert len(site["batchShapes"]) == 8
