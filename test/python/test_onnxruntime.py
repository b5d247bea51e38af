"""onnxruntime: recorded from the making of a session to the end of one window; nothing left behind. Also
frameworks without a profiler of their own."""

import json

import pytest
from traces import check_clock, check_partition, line_of, same

NET = """
import os, signal, sys
import numpy, onnx, onnxruntime
from onnx import TensorProto, helper
weights = helper.make_tensor("w", TensorProto.FLOAT, [64, 64], numpy.ones((64, 64), "float32").ravel())
nodes = [helper.make_node("MatMul", ["x" if i == 0 else "h%d" % (i - 1), "w"], ["h%d" % i]) for i in range(5)]
inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [8, 64])]
outputs = [helper.make_tensor_value_info("h4", TensorProto.FLOAT, [8, 64])]
model = helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, [weights]),
                          opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
x = numpy.ones((8, 64), "float32")
options = onnxruntime.SessionOptions()

def make(*args):
    return onnxruntime.InferenceSession(model.SerializeToString(), *args, providers=["CPUExecutionProvider"])

def run():
    return session.run(None, {"x": x})  # site
"""
SITE = line_of(NET)

PROGRAMS = {
    "default options": "session = make()\nfor i in range(40): run()\nprint(session._sess_options_initial)\n",
    "own options": (
        "session = make(options)\nfor i in range(40): run()\nprint(options.enable_profiling, options.profile_file_prefix)\n"
    ),
    "few calls": "session = make()\nfor i in range(8): run()\n",
    "no calls": "session = make()\nif len(sys.argv) > 5: run()\n",
    "os._exit": "session = make()\nfor i in range(8): run()\nos._exit(7)\n",
    "raises": "session = make()\nfor i in range(8): run()\nx = x[:1]\nrun()\n",
    "a bad model": "try:\n    onnxruntime.InferenceSession(b'no')\nexcept Exception as error:\n    print(type(error))\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_ending(lab, name):
    pytest.importorskip("onnxruntime")
    lab.write(NET + PROGRAMS[name])
    # The number of milliseconds and of the thread is in every message of onnxruntime.
    _, after = same(lab, SITE, noise=rb"onnxruntime:")
    calls = {"few calls": 8, "os._exit": 8, "raises": 9}.get(name, 40)
    if name in ("no calls", "a bad model"):
        assert after.site()["calls"] == 0
        assert after.summary["traces"] == []
        return
    site = after.site()
    assert site["calls"] == calls
    if name == "os._exit":
        assert any("The trace of onnxruntime is lost" in p for p in after.problems())
        return
    traces = after.summary["traces"]
    assert [t["format"] for t in traces] == ["chrome-json"]
    assert site["partsCalls"] == min(calls, 25)
    assert set(site["parts"]) == {"modelFunction", "python"}
    if name == "own options":
        check_partition(after)
        check_clock(after, 25)


def test_the_programs_own_profiling_stays_its_own(lab):
    pytest.importorskip("onnxruntime")
    lab.write(
        NET + "options.enable_profiling = True\noptions.profile_file_prefix = 'theirs'\nsession = make(options)\n"
        "for i in range(40): run()\nimport json\nevents = json.load(open(session.end_profiling()))\n"
        "print(sum(event['name'] == 'model_run' for event in events))\n"
    )
    _, after = same(lab, SITE, noise=rb"onnxruntime:")
    assert b"40" in after.stdout
    assert after.site()["calls"] == 40
    assert after.summary["traces"] == []


def test_nothing_is_recorded_after_the_window(lab):
    pytest.importorskip("onnxruntime")
    lab.write(NET + "session = make()\nfor i in range(100): run()\nprint(repr(session.end_profiling()))\n")
    after = lab.profiled(site="main.py:%d" % SITE)
    assert after.stdout == b"''\n"
    (trace,) = after.summary["traces"]
    with open(trace["path"]) as file:
        names = [event["name"] for event in json.load(file)["traceEvents"]]
    assert names.count("model_run") == 25


def test_scikit_learn_has_call_times_only(lab):
    pytest.importorskip("sklearn")
    text = (
        "import numpy\nfrom sklearn.linear_model import LogisticRegression\n"
        "x = numpy.random.default_rng(0).normal(size=(100, 4))\nmodel = LogisticRegression().fit(x, x[:, 0] > 0)\n"
        "for i in range(200):\n    y = model.predict(x[:1])  # site\nprint(y)\n"
    )
    lab.write(text)
    _, after = same(lab, line_of(text))
    assert after.site()["calls"] == 200
    assert after.summary["traces"] == []
    assert after.problems() == []
