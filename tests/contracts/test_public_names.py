"""docs/api.md describes the public names of the library, all of them and no others."""

import ast
import inspect
import re

import pytest

import tinysam2
from tests.helpers.sources import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
README = (ROOT / "README.md").read_text("utf-8")


def example(text: str) -> str:
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert code, "there is no example"
    return code[1]


def imports(code: str) -> list[ast.stmt]:
    return [node for node in ast.parse(code).body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_every_public_name_has_a_section() -> None:
    assert set(SECTIONS) == set(tinysam2.__all__)
    assert sorted(tinysam2.__all__) == sorted(set(tinysam2.__all__))


def test_every_public_name_is_in_the_table() -> None:
    linked = re.findall(r"\[`(\w+)`\]\(#(\w+)\)", PAGE)
    assert {name for name, _ in linked} == set(tinysam2.__all__)
    assert all(name.lower() == anchor for name, anchor in linked)


@pytest.mark.parametrize("name", tinysam2.__all__)
def test_example_imports_and_uses_the_name(name: str) -> None:
    code = example(SECTIONS[name])
    for node in imports(code):
        exec(compile(ast.Module([node], []), "docs/api.md", "exec"), {})
    assert len(re.findall(rf"\b{name}\b", code)) >= 2


@pytest.mark.parametrize("name", sorted({"load_model", "load_image_model", "list_models"}))
def test_signatures_are_those_of_the_code(name: str) -> None:
    parameters = inspect.signature(getattr(tinysam2, name)).parameters
    assert parameters_of(f"{name}(", SECTIONS[name]) == list(parameters)


@pytest.mark.parametrize("name", ["ImagePredictor", "VideoTracker", "MaskCleanup", "MemoryConfig"])
def test_constructors_are_those_of_the_code(name: str) -> None:
    parameters = inspect.signature(getattr(tinysam2, name)).parameters
    assert parameters_of(f"{name}(", SECTIONS[name]) == list(parameters)


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        ("ImagePredictor", "predict"),
        ("ImagePredictor", "set_image"),
        ("VideoTracker", "add_points"),
        ("VideoTracker", "add_box"),
        ("VideoTracker", "add_mask"),
        ("VideoTracker", "propagate"),
    ],
)
def test_methods_are_those_of_the_code(owner: str, method: str) -> None:
    parameters = inspect.signature(getattr(getattr(tinysam2, owner), method)).parameters
    assert parameters_of(f"{method}(", SECTIONS[owner]) == list(parameters)[1:]


@pytest.mark.slow
def test_the_lines_of_the_readme_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(example(README), "README.md", "exec"), names)
    assert names["masks"].shape == (1, 360, 640)  # type: ignore[attr-defined]


def parameters_of(start: str, text: str) -> list[str]:
    """Read the names of parameters from the first call that is written between back quotes."""
    call = re.search(rf"`({re.escape(start)}.*?\))(?: ->|`)", text, re.DOTALL)
    assert call, f"{start}...) is not described"
    parsed = ast.parse(call[1].replace("\n", " "), mode="eval").body
    assert isinstance(parsed, ast.Call)
    positional = [argument.id for argument in parsed.args if isinstance(argument, ast.Name)]
    return [*positional, *(str(keyword.arg) for keyword in parsed.keywords)]
