"""How soon a thread that runs Python hands over to ours.

Python asks it to after the switch interval, 5 ms. Stretches of Python that are shorter and end in a call which lets
go of the GIL would then never be seen, only those calls. So while our thread waits for its time, and the program has
one thread only, the interval is short: nobody but us reads it then. It is the program's again before one of its
threads can wait for the GIL, and the program is told its own.
"""

import sys

# In seconds; no round number, so that nobody else has chosen it. We wake as often while we wait for the GIL, so a much
# shorter one would cost more than it shows.
SHORT_S = 0.000511


class SwitchInterval:
    """Of the interpreter. `theirs` is the program's own, in seconds."""

    def __init__(self):
        self._get, self._set = sys.getswitchinterval, sys.setswitchinterval
        self.theirs = self._get()
        self._short = None
        self._told = None

    def install(self):
        """From now on the program is told its own. Not where somebody has replaced the functions."""
        if self._told is not None or not type(sys.getswitchinterval) is type(sys.setswitchinterval) is type(len):
            return
        own, get = self._get(), self._get
        self._set(SHORT_S)
        short = self._short = get()
        self._set(own)
        self.theirs = own

        def getswitchinterval():
            now = get()
            return self.theirs if now == short else now

        getswitchinterval.__doc__, getswitchinterval.__module__ = get.__doc__, "sys"
        self._told = sys.getswitchinterval = getswitchinterval

    def around(self, call):
        """The calls that make it short, do `call`, and put it back at once."""
        if self._told is None:
            return [call]
        self.theirs = self._get()
        return [(self._set, (SHORT_S,)), call, (self._get, ()), (self._set, (self.theirs,))]

    def settle(self, results):
        """The results of these calls. What the program set meanwhile stays."""
        if len(results) > 1 and results[2] != self._short:
            self.theirs = results[2]
            self._set(self.theirs)

    def restore(self):
        """In a forked child: the parent may have been waiting."""
        if self._told is not None and self._get() == self._short:
            self._set(self.theirs)
        self.remove()

    def remove(self):
        """The program asks Python itself again."""
        if self._told is not None and sys.getswitchinterval is self._told:
            sys.getswitchinterval = self._get
        self._told = None
