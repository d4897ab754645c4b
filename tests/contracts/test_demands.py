"""The page of demands names tests that exist."""

import ast
import re

from tests.helpers.sources import ROOT

PAGE = ROOT / "docs" / "demands.md"
ROWS = 16


def named_tests(row: str) -> list[tuple[str, str]]:
    return re.findall(r"`([\w/]+\.py)::(\w+)`", row)


def test_every_demand_has_tests_and_they_exist() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) == ROWS
    missing = []
    for row in rows:
        assert named_tests(row), row
        for path, name in named_tests(row):
            file = ROOT / "tests" / path
            tree = ast.parse(file.read_text("utf-8") if file.is_file() else "")
            if name not in {getattr(node, "name", "") for node in tree.body}:
                missing.append(f"{path}::{name}")
    assert missing == []
