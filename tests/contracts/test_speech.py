import re

from tests.helpers.sources import ROOT, project_files

UNFINISHED = r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
PRIVATE_PATH = r"(?<![\w.~}])/(?:work|tmp|root)/"
FORBIDDEN = re.compile(f"{UNFINISHED}|{PRIVATE_PATH}")

# Words that docs/glossary.md rules out, as whole words or as parts of names in snake case.
RULED_OUT = re.compile(
    r"(?<![A-Za-z])(?:"
    r"pictures?|films?|dialogues?|rivals?|companions?|passers?|verdicts?|walks?|walked|walking|"
    r"wish(?:es)?|begun|offer(?:s|ed|ing)?|repair(?:s|ed|ing)?|heard|neighbour\w*|kin|colou[r]s?|grey|centre[sd]?|behaviour\w*|licen[c]es?|"
    r"\w*(?:normalis|optimis|initialis|randomis|binaris|minimis|recognis|synthesise|summaris)\w*"
    r")(?![a-z])",
    re.IGNORECASE,
)
CLEAN = ("tinysam2/", "tools/sample_clip/")
OLD_NAMES = re.compile(r"_OLD_(?:NAMES|KINDS|KEYS)\b")  # names of earlier versions, still read


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


def test_words_that_the_glossary_rules_out_are_not_used() -> None:
    found = []
    for path in project_files():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(CLEAN):
            continue
        found += [
            f"{name}:{number} {match[0]}"
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
            if (match := RULED_OUT.search(line)) and not OLD_NAMES.search(line)
        ]
    assert not found
