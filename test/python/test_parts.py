"""The parts of a call against a second reading of the same trace, which shares nothing with src/.

Ours sweeps the nested events with a stack. This one cuts each span at every event boundary and asks, for
each piece, which events cover it: tracing if any of them builds a graph; else model if one carries
tf_function_call below set-up work; else what the outermost event is named after; else Python.
"""

import importlib.util
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

from conftest import ROOT

KERAS = """
import numpy, keras
model = keras.Sequential([keras.Input((64, 4)), keras.layers.Conv1D(16, 9, padding="same"), keras.layers.Dense(3)])
x = numpy.zeros((1, 64, 4), "float32")
for i in range(12):
    model.predict(x, verbose=0)  # site
"""

SET_UP = ("TFE_", "Eager", "KernelAndDeviceFunc", "convert_to_tensor", "tf.constant", "Iterator", "Executor", "Memory")


def reader():
    """The stand-alone reader beside the trace fixtures, as a module."""
    path = ROOT / "test" / "fixtures" / "trace" / "check_xplane.py"
    spec = importlib.util.spec_from_file_location("check_xplane", path)
    module = importlib.util.module_from_spec(spec)
    argv = sys.argv
    sys.argv = [str(path), str(ROOT / "test" / "fixtures" / "trace" / "predict.xplane.pb")]
    try:
        with redirect_stdout(io.StringIO()):  # it prints the totals of the file that it is given
            spec.loader.exec_module(module)
    finally:
        sys.argv = argv
    return module


def host_lines(path):
    """Per line of /host:CPU: [(start ps, end ps, name, {stat: value})]."""
    r = reader()
    for plane in map(r.message, r.message(Path(path).read_bytes())[1]):
        if r.one(plane, 2, b"") != b"/host:CPU":
            continue

        def table(number, plane=plane):
            entries = [r.message(e) for e in plane.get(number, [])]
            return {r.one(e, 1): r.one(r.message(r.one(e, 2, b"")), 2, b"").decode() for e in entries}

        names, stats = table(4), table(5)
        for line in map(r.message, plane.get(3, [])):
            events = []
            for event in map(r.message, line.get(4, [])):
                start = r.one(line, 3) * 1000 + r.one(event, 2)
                own = {}
                for stat in map(r.message, event.get(4, [])):
                    ref = stats.get(r.one(stat, 7)) if 7 in stat else None
                    own[stats.get(r.one(stat, 1))] = ref or r.one(stat, 5, b"") or r.one(stat, 4) or r.one(stat, 3)
                events.append((start, start + r.one(event, 3), names[r.one(event, 1)], own))
            yield events


def pieces(span, events):
    """Time of each part within one span, ps."""
    begin, end = span[:2]
    inside = [e for e in events if e is not span and e[1] > e[0] and e[0] >= begin and e[1] <= end]
    cuts = sorted({begin, end} | {t for e in inside for t in e[:2]})
    parts = dict.fromkeys(("tracing", "modelFunction", "setUp", "unexplained", "python"), 0)
    active = []
    waiting = sorted(inside, key=lambda e: (e[0], -e[1]))
    for a, b in zip(cuts, cuts[1:]):
        while waiting and waiting[0][0] <= a:
            active.append(waiting.pop(0))
        active = [e for e in active if e[1] > a]
        parts[classify(active)] += b - a
    return parts


def classify(active):
    if not active:
        return "python"
    if any(e[2].startswith("tf.function-graph_building") for e in active):
        return "tracing"
    for e in sorted(active, key=lambda e: (e[0], -e[1])):
        if "tf_function_call" in e[3]:
            return "modelFunction"
        if e[2].startswith(SET_UP) or (":" in e[2] and not e[2].startswith("tf.")):
            return "setUp"
    return "unexplained"


def test_parts_agree_with_a_second_reading(lab):
    lab.write(KERAS)
    done = lab.profiled(site="main.py:6")
    assert done.code == 0, done.text
    site = done.site()
    assert site["partsCalls"] == 7
    totals = {}
    spans = 0
    for events in host_lines(done.summary["traces"][1]["path"]):
        for span in events:
            if span[2] == "predict" and "ps_slot" in span[3]:
                spans += 1
                for name, ps in pieces(span, events).items():
                    totals[name] = totals.get(name, 0) + ps / 1000
    assert spans == 7
    for name, ns in totals.items():
        # Python also holds the few microseconds by which the span exceeds the call.
        slack = 0.01 * site["partsTotalNs"] if name == "python" else 0.002 * site["partsTotalNs"]
        assert abs(site["parts"].get(name, 0) - ns) <= slack, (name, site["parts"], totals)
