"""Rewrites the wanted call sites of a syntax tree; every position stays as it was.

A site `f(x, y)` becomes `_e_(_b_(ID), f(_s_(x), y))`: no frame of ours lies between the program and its
callee, and an exception that unwinds the expression drops the token of `_b_`, which closes the record.
"""

import ast
import re

from predictscope.transform_names import BEGIN, BOTH, DETACHED, END, MAIN, SHAPE, STAMP

_INPUT_KEYWORDS = ("x", "inputs", "input", "input_ids")
_FEED_KEYWORDS = ("feed_dict", "input_feed")
_PLAIN = (ast.Name, ast.Constant) if hasattr(ast, "Constant") else (ast.Name,)


def parse(source, filename):
    """The syntax tree of a file's bytes, as CPython itself would read it."""
    return ast.parse(source, filename)


def _number(value):
    return ast.Constant(value, kind=None) if hasattr(ast, "get_source_segment") else ast.Num(value)


def _call(function, arguments, where):
    name = ast.copy_location(ast.Name(id=function, ctx=ast.Load()), where)
    return ast.copy_location(ast.Call(func=name, args=arguments, keywords=[]), where)


def callee_text(node, lines):
    """Source text of the callee without blanks and comments; '' where positions are missing (3.7)."""
    if getattr(node, "end_lineno", None) is None:
        return ""
    part = lines[node.lineno - 1 : node.end_lineno]
    if not part:
        return ""
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][node.col_offset :]
    text = b"\n".join(part).decode("utf-8", "replace")
    if "#" in text or '"' in text or "'" in text:
        return _without_comments(text)
    return re.sub(r"[\s\\]+", "", text)


def _without_comments(text):
    import io
    import tokenize

    parts = []
    try:
        for token in tokenize.generate_tokens(io.StringIO("(" + text + ")").readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER):
                parts.append(token.string)
    except (tokenize.TokenError, IndentationError):
        return re.sub(r"\s+", "", text)
    return "".join(parts)[1:-1]


def last_name(node):
    """`predict` of `a.b[0].predict`; '' when the callee has no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


class _Calls(ast.NodeVisitor):
    """All calls of a tree, each with its qualified name."""

    def __init__(self):
        self.found = []
        self._names = []

    def _scope(self, node):
        for part in getattr(node, "decorator_list", ()):
            self.visit(part)
        self._names.append(node.name)
        for field, value in ast.iter_fields(node):
            if field == "decorator_list":
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)
        self._names.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _scope

    def visit_Call(self, node):
        self.found.append((node, ".".join(self._names)))
        self.generic_visit(node)


def find(tree, source, sites, exact):
    """{call node: site index} and the indices that were not found.

    exact: the file is the one that the sites were found in, so positions decide; otherwise qualified
    name, callee text and ordinal among equals do.
    """
    calls = _Calls()
    calls.visit(tree)
    chosen = {}
    missing = []
    lines = source.splitlines() if not source.startswith(b"\xef\xbb\xbf") else source[3:].splitlines()
    if exact:
        places = {}
        for node, _ in calls.found:
            end = (getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None))
            places.setdefault((node.lineno, node.col_offset), []).append((end, node))
        for site in sites:
            here = places.get((site["line"], site["utf8Column"]), [])
            wanted = (site["endLine"], site["endUtf8Column"])
            tail = re.split(r"[.\])]", site["callee"])[-1]
            node = next((n for end, n in here if end == wanted), None) or next(
                (n for end, n in here if end[0] is None and last_name(n.func) == tail), None
            )
            if node is None:
                missing.append(site["index"])
            else:
                chosen[node] = site["index"]
    else:
        count = {}
        keys = {}
        in_order = sorted(calls.found, key=lambda pair: (pair[0].lineno, pair[0].col_offset))
        for node, qualname in in_order:
            text = callee_text(node.func, lines)
            ordinal = count.get((qualname, text), 0)
            count[(qualname, text)] = ordinal + 1
            keys[(qualname, text, ordinal)] = node
        for site in sites:
            node = keys.get((site["qualname"], site["callee"], site["ordinal"]))
            if node is None:
                missing.append(site["index"])
            else:
                chosen[node] = site["index"]
    return chosen, missing


def place(node):
    """Where a call stands in its file. Before 3.8 only where it begins is known, and the name of its callee."""
    end = getattr(node, "end_lineno", None)
    return node.lineno, node.col_offset, end, getattr(node, "end_col_offset", None)


def at(tree, places):
    """{call node: site index} for the calls of a tree at the places; the outermost where several begin."""
    chosen = {}
    left = dict(places)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and hasattr(node, "lineno"):
            index = left.pop(place(node), None)
            if index is not None:
                chosen[node] = index
    return chosen


class _Rewriter(ast.NodeTransformer):
    def __init__(self, chosen):
        self._chosen = chosen

    def visit_Await(self, node):
        call = node.value
        if call in self._chosen:
            index = self._chosen.pop(call)
            self.generic_visit(node)
            begin = _call(DETACHED, [ast.copy_location(_number(index), node), *_input_name(call)], node)
            return _call(END, [begin, node], node)
        return self.generic_visit(node)

    def visit_Call(self, node):
        index = self._chosen.get(node)
        self.generic_visit(node)
        if index is None:
            return node
        begin = _call(BEGIN, [ast.copy_location(_number(index), node), *_input_name(node)], node)
        _wrap_arguments(node)
        return _call(END, [begin, node], node)


def _first_input(node):
    """(field, index, value) of the input whose shape is noted, or None."""
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in _FEED_KEYWORDS:
            return "keywords", i, keyword.value
    # What a session's `run` is given first says what is to be computed.
    at = 1 if len(node.args) > 1 and getattr(node.func, "attr", "") == "run" else 0
    if node.args and not any(isinstance(value, ast.Starred) for value in node.args[: at + 1]):
        return "args", at, node.args[at]
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in _INPUT_KEYWORDS:
            return "keywords", i, keyword.value
    return None


def _input_name(node):
    """The input once more, for `begin`, where it is a plain name: saves a function call of ours."""
    first = _first_input(node)
    if first is None or not isinstance(first[2], ast.Name):
        return []
    return [ast.copy_location(ast.Name(id=first[2].id, ctx=ast.Load()), first[2])]


def _wrap_arguments(node):
    """Shape of the first input; re-stamp after the last argument when evaluating it is work."""
    first = _first_input(node)
    if first is not None and isinstance(first[2], ast.Name):
        first = None  # `begin` has it
    # Arguments are evaluated in order, so one re-stamp after the last that works covers all of them.
    places = [("args", i, a) for i, a in enumerate(node.args)]
    places += [("keywords", i, k.value) for i, k in enumerate(node.keywords)]
    working = [place for place in places if not _plain(place[2])]
    last = working[-1] if working else None
    if first is not None and last is not None and first[:2] == last[:2]:
        _wrap(node, first, BOTH)
        return
    if first is not None and not isinstance(first[2], (ast.Constant if hasattr(ast, "Constant") else ast.Num)):
        _wrap(node, first, SHAPE)
    if last is not None:
        _wrap(node, last, STAMP)


def _plain(value):
    if isinstance(value, ast.Starred):
        value = value.value
    if isinstance(value, ast.Attribute):
        return _plain(value.value)
    if type(value).__name__ in ("Num", "Str", "NameConstant", "Bytes"):
        return True
    return isinstance(value, _PLAIN)


def _wrap(node, place, function):
    where, i, value = place
    target = value.value if isinstance(value, ast.Starred) else value
    wrapped = _call(function, [target], target)
    if isinstance(value, ast.Starred):
        value.value = wrapped
    elif where == "args":
        node.args[i] = wrapped
    else:
        node.keywords[i].value = wrapped


def rewrite(tree, chosen):
    """Rewrites the chosen calls of the tree in place and returns it."""
    return _Rewriter(dict(chosen)).visit(tree)


def insert_main_call(tree):
    """Puts the call that restores a script's globals at its top, after docstring and __future__ imports."""
    at = 0
    body = tree.body
    while at < len(body) and (
        (isinstance(body[at], ast.ImportFrom) and body[at].module == "__future__")
        or (at == 0 and ast.get_docstring(tree, clean=False) is not None)
    ):
        at += 1
    statement = ast.parse("%s(globals())" % MAIN).body[0]
    if body:
        where = body[at] if at < len(body) else body[-1]
        for node in ast.walk(statement):
            if hasattr(node, "lineno"):
                ast.copy_location(node, where)
    body.insert(at, statement)
    return tree
