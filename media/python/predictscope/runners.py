"""Programs that compile the user's text themselves, past the import system: pytest, cProfile and their like.

Their modules are patched when they are loaded; each patch asks for wanted files only.
"""

import builtins
import os

from predictscope.transform_names import COMPILE


def install(wanted):
    """Makes our compile() known to the modules that `code` was asked for."""
    setattr(builtins, COMPILE, _compiler(wanted))


def code(source, filename):
    """Code of such a module, with ours in place of the built-in compile(). Most run as __main__, in a namespace that
    nobody else reaches, so the call itself is what is rewritten."""
    import ast

    tree = ast.parse(source, filename)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "compile":
            node.func.id = COMPILE
    return compile(tree, filename, "exec", dont_inherit=True)


def _compiler(wanted):
    own = compile

    def compile_or_rewrite(source, filename, mode, *args, **kwargs):
        try:
            made = _wanted_code(wanted, source, filename) if mode == "exec" and not args[:1] else None
        except SyntaxError:
            made = None  # theirs to find
        return made if made is not None else own(source, filename, mode, *args, **kwargs)

    return compile_or_rewrite


def _wanted_code(wanted, source, filename):
    path = os.fspath(filename)
    if not isinstance(path, str) or not wanted.may_be_file(path) or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        data = file.read()
    text = source.encode("utf-8") if isinstance(source, str) else source
    if not isinstance(text, bytes) or text.split() != data.split():
        return None  # not that file's text as it stands
    return wanted.compile(data, path, path, None)


def patch_pytest(module, wanted):
    """Sites in test modules are rewritten after pytest has rewritten their assertions."""
    rewrite, read, write = module.rewrite_asserts, module._read_pyc, module._write_pyc

    def rewrite_asserts(mod, *args, **kwargs):
        source, path = _source_and_path(args, kwargs)
        if path is None or not wanted.may_be_file(path):
            return rewrite(mod, *args, **kwargs)
        return wanted.around(mod, source, path, lambda: rewrite(mod, *args, **kwargs))

    # What pytest keeps of a wanted module must neither be ours nor hide it.
    def read_pyc(source, *args, **kwargs):
        return None if _is_wanted(wanted, source) else read(source, *args, **kwargs)

    def write_pyc(state, co, *args, **kwargs):
        return False if _is_wanted(wanted, co.co_filename) else write(state, co, *args, **kwargs)

    module.rewrite_asserts, module._read_pyc, module._write_pyc = rewrite_asserts, read_pyc, write_pyc


def _is_wanted(wanted, path):
    path = str(path)
    return wanted.may_be_file(path) and wanted.entry(path, None)[0] is not None


def _source_and_path(args, kwargs):
    """pytest 5 and newer give the source too: rewrite_asserts(tree, source, path, config)."""
    values = list(args) + list(kwargs.values())
    path = next((v for v in values if isinstance(v, str)), None)
    source = next((v for v in values if isinstance(v, bytes)), None)
    if source is None and path is not None:
        with open(path, "rb") as file:
            source = file.read()
    return source, path
