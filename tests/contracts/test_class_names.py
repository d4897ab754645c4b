"""A class name means one thing in the whole repository."""

import ast
from collections import defaultdict

from tests.helpers.sources import ROOT, python_sources


def test_no_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path in python_sources():
        if ROOT / "tests" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
