"""SECURITY.md names tests that exist, and what it promises of the source is true."""

import ast
import re

from tests.helpers.sources import ROOT, python_sources

PAGE = ROOT / "SECURITY.md"
KINDS = {"video", "mask", "project", "prompts", "jobs", "weights", "download"}


def named_tests(row: str) -> list[tuple[str, str]]:
    return re.findall(r"`([\w/]+\.py)::(\w+)`", row)


def threats() -> list[str]:
    text = PAGE.read_text("utf-8").partition("## Threats")[2].partition("\n## ")[0]
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def test_every_threat_has_tests_and_they_exist() -> None:
    missing = []
    for row in threats():
        assert named_tests(row), row
        for path, name in named_tests(row):
            file = ROOT / "tests" / path
            tree = ast.parse(file.read_text("utf-8") if file.is_file() else "")
            if name not in {getattr(node, "name", "") for node in tree.body}:
                missing.append(f"{path}::{name}")
    assert missing == []


def test_every_kind_of_untrusted_file_has_a_row() -> None:
    first_words = {re.split(r"[ ,|]+", row)[1] for row in threats()}
    assert first_words >= KINDS


def test_pickles_are_never_trusted() -> None:
    found = []
    for path in python_sources():
        if ROOT / "tests" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name = ast.unparse(node.func)
            is_safe = any(
                each.arg == "weights_only" and ast.unparse(each.value) == "True"
                for each in node.keywords
            )
            if (name == "torch.load" and not is_safe) or re.match(r"c?pickle\.loads?$", name):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert found == []
