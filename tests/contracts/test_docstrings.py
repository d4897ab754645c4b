import ast
import re
from collections.abc import Iterator

import pytest

from tests.helpers.sources import ROOT, python_sources

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def documented_names(docstring: str) -> list[str]:
    """Read the names that the Args section of a cleaned docstring explains."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n|\n)+)", docstring + "\n", re.MULTILINE)
    if section is None:
        return []
    lines = [line for line in section[1].splitlines() if line.strip()]
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    entries = re.findall(
        rf"^[ \t]{{{indent}}}(\S[^:]*?)(?:\s*\([^)]*\))?:", section[1], re.MULTILINE
    )
    return [name.strip("`* ") for entry in entries for name in entry.split(",")]


def parameter_names(node: Documented) -> set[str]:
    """Collect what a caller can pass, to a class through its constructor or its fields."""
    if isinstance(node, ast.ClassDef):
        fields = {
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        constructors = (
            item
            for item in node.body
            if isinstance(item, ast.FunctionDef) and item.name == "__init__"
        )
        return fields.union(*map(parameter_names, constructors))
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {a.arg for a in [*named, arguments.vararg, arguments.kwarg] if a is not None}


def wrong_entries(source: str) -> Iterator[str]:
    """Report every documented argument that is not a parameter, as ``line name: argument``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Documented):
            known = parameter_names(node)
            for name in documented_names(ast.get_docstring(node) or ""):
                if name not in known:
                    yield f"{node.lineno} {node.name}: {name}"


def test_documented_arguments_exist() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{entry}"
        for path in python_sources()
        for entry in wrong_entries(path.read_text("utf-8"))
    ]
    assert not wrong, "the Args section names what is not a parameter"


@pytest.mark.parametrize(
    ("signature", "wrong"),
    [("first, second, *rest", []), ("first, other", ["1 f: second", "1 f: rest"])],
)
def test_wrong_argument_is_found(signature: str, wrong: list[str]) -> None:
    source = f'''
def f({signature}):
    """Do it.

    Args:
        first, second: pixels; see also: nothing.
            note: not an argument
        *rest (N, 2): more.

    Returns:
        area: of it.
    """
'''
    assert list(wrong_entries(source.lstrip())) == wrong
