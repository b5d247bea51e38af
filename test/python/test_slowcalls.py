"""Slow calls are noticed from the records, whenever the look at them comes."""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "media" / "python"))

from predictscope import record  # noqa: E402
from predictscope.slowcalls import SlowCalls  # noqa: E402
from predictscope.store import CALL, HEADER_BYTES, SLOT_BYTES  # noqa: E402

MS = 1_000_000


class Segment:
    """Slots as the recorder fills them."""

    def __init__(self):
        self.data = bytearray(HEADER_BYTES + 400 * SLOT_BYTES)
        self.newest = (self.data, 0, 400, None)
        self.count = 0

    def begin(self):
        struct.pack_into("<Q", self.data, HEADER_BYTES + self.count * SLOT_BYTES, 1)
        self.data[HEADER_BYTES + self.count * SLOT_BYTES + 47] = CALL
        self.count += 1
        return self.count - 1

    def end(self, slot, ns, flags=0):
        struct.pack_into("<Q", self.data, HEADER_BYTES + slot * SLOT_BYTES + 8, 1 + ns)
        struct.pack_into("<H", self.data, HEADER_BYTES + slot * SLOT_BYTES + 44, flags)


def usual():
    """A site whose usual calls (1 ms) are known."""
    segment, slow = Segment(), SlowCalls()
    for _ in range(100):
        segment.end(segment.begin(), MS)
        if segment.count % 20 == 0:
            assert not slow.look(segment.newest)
    return segment, slow


def test_a_call_that_looks_itself_is_seen_at_the_next_look():
    segment, slow = usual()
    first = segment.begin()
    assert not slow.look(segment.newest)  # from within that call
    segment.end(first, 200 * MS)
    segment.begin()
    assert slow.look(segment.newest)
    assert not slow.look(segment.newest)  # told once


def test_a_long_call_around_others_is_seen_when_it_ends():
    segment, slow = usual()
    outer = segment.begin()
    for _ in range(100):
        segment.end(segment.begin(), MS)
        assert not slow.look(segment.newest)
    segment.end(outer, 500 * MS)
    assert slow.look(segment.newest)


def test_what_we_slowed_down_is_not_slow():
    segment, slow = usual()
    for flags in (record.TRACED, record.FUNCTIONS):
        segment.end(segment.begin(), 200 * MS, flags)
        assert not slow.look(segment.newest)
