"""Which request a call was made for: Flask, Django, Starlette (FastAPI) and any ASGI program under uvicorn.

A request is a slot of its own, and the calls made for it name it as their parent: by a context variable, which
follows a request through coroutines and into the threads that its framework starts for it.
"""

import contextvars
import functools
import re

from predictscope import record
from predictscope.store import flush

# Module, class, method, and whether it is a coroutine.
ENTRIES = {
    "flask.app": ("Flask", "wsgi_app", False),
    "django.core.handlers.wsgi": ("WSGIHandler", "__call__", False),
    "django.core.handlers.asgi": ("ASGIHandler", "__call__", True),
    "starlette.applications": ("Starlette", "__call__", True),
    "uvicorn.protocols.http.h11_impl": ("RequestResponseCycle", "run_asgi", True),
    "uvicorn.protocols.http.httptools_impl": ("RequestResponseCycle", "run_asgi", True),
}
MOST_NAMES = 1000  # a server that is scanned must not fill the event file
_VARIABLE = re.compile(r"^(\d+|[0-9a-fA-F-]{16,}|.{40,})$")

_current = contextvars.ContextVar("predictscope_request", default=0)


class Requests:
    """`process()` is the one that runs now, which changes with a fork."""

    def __init__(self, process):
        self._process = process
        self._names = {}
        self._owner = None

    def patches(self):
        """{module name: what to do with it once it is loaded}."""
        return dict.fromkeys(ENTRIES, self._patch)

    def _patch(self, module):
        name, method, is_coroutine = ENTRIES[module.__name__]
        owner = getattr(module, name)
        wrap = self._async_wrapped if is_coroutine else self._wrapped
        setattr(owner, method, wrap(getattr(owner, method)))
        record.group_by(_current.get)

    def _wrapped(self, function):
        requests = self

        @functools.wraps(function)
        def handle(self, environ, start_response):
            opened = requests._open()
            try:
                return function(self, environ, start_response)
            finally:
                requests._close(opened, environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))

        return handle

    def _async_wrapped(self, function):
        requests = self

        @functools.wraps(function)
        async def handle(self, first, *rest):
            scope = getattr(self, "scope", None) if not isinstance(first, dict) else first
            if not isinstance(scope, dict) or scope.get("type") != "http":
                return await function(self, first, *rest)
            opened = requests._open()
            try:
                return await function(self, first, *rest)
            finally:
                route = getattr(scope.get("route"), "path", None)
                requests._close(opened, scope.get("method"), route or scope.get("path"))

        return handle

    def _open(self):
        """(place of the slot, begin, token of the variable), or None inside another request, and where nothing of
        the program is recorded."""
        try:
            recorder = self._process().recorder
            if _current.get() or not recorder.used():
                return None
            place = recorder.slot()
            if place is None:
                return None
            begin = recorder.begin_request(place)
            return place, begin, _current.set(place[2] + 1)
        except Exception:
            return None

    def _close(self, opened, method, path):
        if opened is None:
            return
        try:
            (buffer, offset, _, fd), begin, token = opened
            _current.reset(token)
            self._process().recorder.end_request(buffer, offset, begin, self._index(method, path))
            if fd is not None:
                flush(fd, buffer, offset)
        except Exception:
            pass  # a generator closed elsewhere, a fork in the middle: the request stays open

    def _index(self, method, path):
        """Number of the name, written down when it is new. What varies in the path is left out of it."""
        process = self._process()
        if process is not self._owner:
            self._owner, self._names = process, {}
        parts = ["*" if _VARIABLE.match(part) else part for part in str(path).split("/")]
        name = "%s %s" % (method, "/".join(parts))
        index = self._names.get(name)
        if index is None:
            if len(self._names) >= MOST_NAMES:
                return 0
            index = self._names[name] = len(self._names) + 1
            process.folder.write(t="request", index=index, name=name)
        return index
