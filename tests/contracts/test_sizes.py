import ast

from tests.helpers.sources import ROOT, python_sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40


def test_files_are_short() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in python_sources()
        if ROOT / "tests" not in path.parents
    }
    too_long = {name: size for name, size in sizes.items() if size > MAX_FILE_LINES}
    assert not too_long, f"split files of more than {MAX_FILE_LINES} lines"


def test_functions_are_short() -> None:
    too_long = {}
    for path in python_sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > MAX_FUNCTION_LINES:
                    too_long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = size
    assert not too_long, f"split functions of more than {MAX_FUNCTION_LINES} lines"
