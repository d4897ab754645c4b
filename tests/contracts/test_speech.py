import re

from tests.helpers.sources import ROOT, project_files

UNFINISHED = r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
PRIVATE_PATH = r"(?<![\w.~}])/(?:work|tmp|root)/"
FORBIDDEN = re.compile(f"{UNFINISHED}|{PRIVATE_PATH}")


def test_no_unfinished_marks_and_no_private_paths() -> None:
    found = []
    for path in project_files():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number} {match[0]}"
            for number, line in enumerate(lines, 1)
            if (match := FORBIDDEN.search(line))
        ]
    assert not found
