"""What a call carries from its begin to its end while something is to be decided or recorded about it."""

import threading

from predictscope import record


class Note:
    """What a call carries while windows are being decided: its flags, and its span in the session."""

    __slots__ = ("windows", "profiler", "session", "span", "flags", "opened_ns", "output")

    def __init__(self, windows, profiler, session, flags, opened_ns=None):
        self.windows = windows
        self.profiler = profiler
        self.session = session
        self.span = None
        self.flags = flags
        self.opened_ns = opened_ns  # when the opening of the session began; None for the calls that find it open
        self.output = None  # (outputs, site, slot) of a call whose result is looked at

    def enter(self, site, slot):
        if self.output is not None:
            self.output = (self.output, site, slot)
        if self.session is not None:
            self.span = self.session.span(site, slot)
        if self.opened_ns is not None:
            self.windows.opened(self.opened_ns)

    def leave(self, value=None):
        """Closes the span of a call that returned `value`; the flags of the call's slot. Traced only if the
        session saw it whole."""
        flags = self.flags
        if value is not None and self.windows.enqueued(self.profiler, value):
            flags |= record.ENQUEUED
        if self.span is not None and self.session.thread in (None, threading.get_ident()):
            self.session.leave(self.span)
            if self.windows.session is self.session:
                flags |= record.TRACED
        if self.output is not None and value is not None:
            outputs, site, slot = self.output
            outputs.keep(site, slot, value)
        return flags
