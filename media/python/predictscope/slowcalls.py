"""Notices calls that are much slower than a site's usual ones, from the records that are written anyway."""

import struct

from predictscope import record
from predictscope.store import CALL, HEADER_BYTES, SLOT_BYTES

# A look reads at most so many of the newest records: some 50 us.
_MOST = 32
# So many calls of a site must have been read, and so many written in all, before one can be slow.
_KNOWN = 20
_LEAST_CALLS = 50
_TIMES = 3
# A machine that stops for a moment is no slow call.
_LEAST_NS = 5 * 1000 * 1000

_slot = struct.Struct("<QQ16xIIIHBB").unpack_from
_NOT_AS_IT_IS = record.RAISED | record.TRACED | record.FUNCTIONS


class SlowCalls:
    """`look` at intervals; keeps an estimate of each site's median, moved a little by each call seen."""

    def __init__(self):
        self._medians = {}
        self._buffer = None
        self._next = 0
        self._open = []  # calls that had not ended at the last look: the one that looks, others around it

    def look(self, newest):
        """True when one of the calls that ended since the last look was slow. `newest`: the recorder's."""
        buffer, first, limit = newest[:3]
        if limit <= first:
            return False
        if buffer is not self._buffer:
            self._buffer, self._next, self._open = buffer, 0, []
        low, high = self._next, limit - first
        while low < high:  # slots are filled in order: the first that is empty
            middle = (low + high) // 2
            if buffer[HEADER_BYTES + middle * SLOT_BYTES + 47]:
                low = middle + 1
            else:
                high = middle
        slow = False
        still_open = []
        for index in self._open + list(range(max(self._next, low - _MOST), low)):
            begin, end, site, _, _, flags, _, kind = _slot(buffer, HEADER_BYTES + index * SLOT_BYTES)
            if kind == CALL and end == 0:
                still_open.append(index)
            elif kind == CALL and end > begin and not flags & _NOT_AS_IT_IS:
                slow |= self._is_slow(site, end - begin) and first + low >= _LEAST_CALLS
        self._next = low
        self._open = still_open[-_MOST:]
        return slow

    def _is_slow(self, site, taken):
        known = self._medians.get(site)
        if known is None:
            self._medians[site] = [taken, 1]
            return False
        median = known[0]
        known[1] += 1
        known[0] = median * (1.03 if taken > median else 0.97)
        return known[1] > _KNOWN and taken > _TIMES * median and taken - median > _LEAST_NS
