"""Readers of traces and records that share nothing with those of the product, and what tests say with them."""

import json
import re
import struct
from pathlib import Path

from test_agreement import recorded


def line_of(text, mark="# site"):
    return next(i for i, line in enumerate(text.splitlines(), 1) if mark in line)


def split_report(stderr):
    """(the program's own stderr, our report)."""
    at = stderr.rfind(b"\nPredictscope \xc2\xb7 ")
    assert at >= 0, stderr
    return stderr[:at], stderr[at:]


# Addresses, times and process ids that differ between any two runs.
NOISE = re.compile(rb"0x[0-9a-f]+|\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d+:\d+\b|W\d{4} [\d:.]+")


def same(lab, site, *args, noise=None, **more):
    """Runs the program with and without us, and asserts the same ending; (without, with)."""
    before = lab.plain(*args, **more)
    for path in lab.folder.glob("theirs*"):
        path.unlink()
    after = lab.profiled(*args, site="main.py:%d" % site, **more)
    assert after.code == before.code, after.text
    assert after.stdout == before.stdout
    theirs, _ = split_report(after.stderr)

    def plain(data):
        lines = NOISE.sub(b"", data).splitlines()
        return [line for line in lines if noise is None or not re.search(noise, line)]

    assert plain(theirs) == plain(before.stderr)
    return before, after


def slots(directory, kind=1):
    """{slot number: (begin Unix ns, end Unix ns, flags)} of the calls, by the clock pairs; one process, one file."""
    pairs = recorded(directory, kind=3)
    perf, unix = pairs[0]
    found = {}
    for path in sorted(Path(directory).glob("*/calls-*.bin")):
        data = path.read_bytes()
        header, slot = struct.unpack_from("<II", data, 8)
        (first,) = struct.unpack_from("<Q", data, 40)
        for number, offset in enumerate(range(header, len(data) - slot + 1, slot), first):
            if data[offset + 47] == kind:
                begin, end = struct.unpack_from("<QQ", data, offset)
                (flags,) = struct.unpack_from("<H", data, offset + 44)
                found[number] = (begin - perf + unix, end - perf + unix, flags)
    return found


def spans(path):
    """[(slot, begin Unix ns, duration ns)] of our spans in a trace file."""
    data = Path(path).read_bytes()
    return _json_spans(data) if str(path).endswith(".json") else _xplane_spans(data)


def _json_spans(data):
    root = json.loads(data)
    base = int(root["baseTimeNanoseconds"])
    found = []
    for event in root["traceEvents"]:
        ids = re.fullmatch(r"predict ps_site=\d+ ps_slot=(\d+)", str(event.get("name")))
        if ids and event.get("ph") == "X":
            found.append((int(ids.group(1)), base + event["ts"] * 1000, event["dur"] * 1000))
    return sorted(found)


def _fields(data):
    """(number, value) of a protobuf message: whole numbers, and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            size = 8 if tag & 7 == 1 else 4
            yield tag >> 3, data[at : at + size]
            at += size


def _one(message, number, default=0):
    return next((value for found, value in _fields(message) if found == number), default)


def _xplane_spans(data):
    found, zero = [], 0
    for number, plane in _fields(data):
        if number != 1:
            continue
        names = {
            4: {_one(entry, 1): _one(_one(entry, 2, b""), 2, b"") for n, entry in _fields(plane) if n == 4},
            5: {_one(entry, 1): _one(_one(entry, 2, b""), 2, b"") for n, entry in _fields(plane) if n == 5},
        }
        for n, value in _fields(plane):
            if n == 6 and names[5].get(_one(value, 1)) == b"profile_start_time":
                zero = _one(value, 3) or _one(value, 4)
        for line in (value for n, value in _fields(plane) if n == 3):
            start = _one(line, 3)
            for event in (value for n, value in _fields(line) if n == 4):
                if names[4].get(_one(event, 1)) != b"predict":
                    continue
                for stat in (value for n, value in _fields(event) if n == 4):
                    if names[5].get(_one(stat, 1)) == b"ps_slot":
                        slot = _one(stat, 3) or _one(stat, 4) or int(_one(stat, 5, b"0"))
                        found.append((slot, start + _one(event, 2) / 1000, _one(event, 3) / 1000))
    return sorted((slot, zero + begin, duration) for slot, begin, duration in found)


def check_clock(done, calls):
    """Our spans begin when our records say that the calls begin: within 50 us in the median of each window."""
    known = slots(done.summary["run"]["directory"])
    found = [span for trace in done.summary["traces"] for span in spans(trace["path"])]
    assert len(found) == calls
    apart = sorted(abs(begin - known[slot][0]) for slot, begin, _ in found)
    assert apart[len(apart) // 2] <= 50_000, apart


def check_partition(done):
    """The parts of a site add up to the traced calls' own time, within 1 %."""
    site = done.site()
    steady = [trace["path"] for trace in done.summary["traces"]][-1]
    known = slots(done.summary["run"]["directory"])
    wall = sum(known[slot][1] - known[slot][0] for slot, _, _ in spans(steady))
    assert abs(sum(site["parts"].values()) - wall) <= 0.01 * wall
    assert site["partsTotalNs"] == sum(site["parts"].values())


def shares(lab, text, part, tries=4, **more):
    """The share of a part in the traced calls by our figures, and of what the program itself clocked in them
    (its `clocked.json`: seconds of that work, seconds of the call, for each call), until they agree within
    3 points: a machine that stops for a moment in one of 20 calls moves a share, ours or theirs."""
    lab.write(text)
    for _ in range(tries):
        done = lab.profiled(site="main.py:%d" % line_of(text), **more)
        assert done.code == 0, done.text
        site = done.site()
        ours = site["parts"].get(part, 0) / site["partsTotalNs"]
        taken = json.loads((lab.folder / "clocked.json").read_text())[5:25]
        theirs = sum(work for work, _ in taken) / sum(call for _, call in taken)
        if abs(ours - theirs) <= 0.03:
            return done
    raise AssertionError((ours, theirs))
