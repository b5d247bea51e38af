"""Prints every call of each file named, as CPython sees it: one JSON object a file."""

import ast
import json
import sys


class Calls(ast.NodeVisitor):
    """Collects the calls with the dotted name of what encloses them; decorators lie outside."""

    def __init__(self):
        self.names = []
        self.found = []

    def enter(self, node):
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.names.append(node.name)
        for field, value in ast.iter_fields(node):
            if field != "decorator_list":
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.visit(child)
        self.names.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = enter

    def visit_Call(self, node):
        place = [node.lineno, node.col_offset, node.end_lineno, node.end_col_offset]
        self.found.append([*place, ".".join(self.names)])
        self.generic_visit(node)


for path in sys.argv[1:]:
    with open(path, "rb") as source:
        calls = Calls()
        calls.visit(ast.parse(source.read()))
    print(json.dumps({"path": path, "calls": calls.found}))
