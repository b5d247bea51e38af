"""Wanted modules that lie in a zip file: `python app.pyz`, and zips on sys.path."""

import sys
import zipimport


class _Code:
    """Compiles a wanted module anew; all else is zipimporter's."""

    wanted = None
    filename = ""

    def get_code(self, fullname):
        if fullname == self.fullname:
            code = self.wanted.compile(self.get_data(self.filename), self.filename, self.filename, None)
            if code is not None:
                return code
        return zipimport.zipimporter.get_code(self, fullname)


class _Loader(_Code, zipimport.zipimporter):
    fullname = ""


class _OldLoader(_Loader):
    """Before 3.10 zipimporter loads modules without asking get_code."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)


def loader(inner, fullname, wanted):
    """A loader for the module if it is a wanted one, else `inner` itself."""
    source = _source_file(inner, fullname)
    if source is None or wanted.entry(source, fullname, inner.get_data(source))[0] is None:
        return inner
    kind = _Loader if sys.version_info >= (3, 10) else _OldLoader
    made = kind(inner.archive + ("/" + inner.prefix if inner.prefix else ""))
    made.wanted, made.filename, made.fullname = wanted, source, fullname
    return made


def _source_file(inner, fullname):
    name = inner.get_filename(fullname)
    return name if name.endswith(".py") else None
