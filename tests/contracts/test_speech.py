import re
from functools import cache

from tests.helpers.sources import ROOT, project_files

UNFINISHED = r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
PRIVATE_PATH = r"(?<![\w.~}])/(?:work|tmp|root)/"
FORBIDDEN = re.compile(f"{UNFINISHED}|{PRIVATE_PATH}")

# What docs/glossary.md rules out, in names as in prose, and the terms that stand for it.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # also in names of snake or camel case
RULED_OUT_WORDS = {
    r"pictures?": "image",
    r"films?|movies?": "video",
    r"dialogues?": "click sequence",
    r"answer(?:s|ed|ing)?": "predict, prediction; of a server: response",
    r"told|said": "prompted; of a message: reported",
    r"wish(?:es|ed)?": "request",
    r"walk(?:s|ed|ing)?": "propagate, propagation",
    r"begun": "started",
    r"repair(?:s|ed|ing)?": "refine, correct",
    r"introduc(?:es?|ed|ing|tions?)": "conditioning prompt",
    r"offer(?:s|ed|ing)?": "submit; of a list: show",
    r"verdicts?": "decision",
    r"rivals?": "distractor",
    r"twins?": "look-alike",
    r"companions?": "attached distractor",
    r"passers?": "occluder",
    r"neighbour\w*|kin": "external model",
    r"materials?": "dataset",
    r"heard": "decoder trace; of signals: received",
    r"colou[r]\w*": "color",
    r"grey\w*": "gray",
    r"centre[sd]?": "center",
    r"behaviour\w*": "behavior",
    r"favourit\w*": "favorite",
    r"licen[c]e\w*": "license",
    r"defence|artefacts?|catalogues?|programmes?|metres?": "it in American spelling",
    r"judgement|learnt|whilst|fulfil|distils?": "it in American spelling",
    r"labell\w+|modelling|modelled|travell\w+|analyse[sdr]?": "it in American spelling",
    r"\w*(?:normal|optim|initial|random|binar|minim|maxim|summar|organ|quant|visual|general|"
    r"special|util|token|real|serial|recogn|synthes|vector|raster)is(?:e[sdr]?|ers|ing|ations?)": (
        "it in American spelling (-ize)"
    ),
}
RULED_OUT_PHRASES = {
    r"job[ _]?desks?": "JobQueue",
    r"work[ _]?bench": "JobContext",
    r"model[ _]?shel(?:f|ves)": "ModelCatalog",
    r"beside the window": "in the background",
    r"look(?:s|ed|ing)?[ _](?:at[ _])?twice": "self-refinement pass",
    r"fixed[ _]frames?": "conditioning frame",
    r"sure[ _]of": "reserved",
    r"shares?[ _]of": "fraction of",
    r"go(?:es)?[ _]on": "resume, continue",
    r"of_first|ranks\.align": "broadcast",
}
PHRASES = {re.compile(rf"(?<![a-z])(?:{k})(?![a-z])"): v for k, v in RULED_OUT_PHRASES.items()}

# Texts that stay: names of others, and what files hold that exist already.
ALLOWED = re.compile(
    r"ast\.walk|os\.walk|\bQ[A-Z]\w+"  # of Python and Qt
    r"|adr/\d{4}-[\w-]+|\(\d{4}-[\w-]+\.md"  # file names of decision records
    # keys of recipes and states of earlier versions, which are still read
    r"|_OLD_(?:NAMES|KINDS|KEYS) = .*|kind = 'pictures'|pictures = 'data'|\"optimiser\""
)
NOT_READ = (
    "LICENSE",
    "docs/glossary.md",
    "tests/contracts/test_speech.py",
    "tools/bundle/license_texts/GPL-3.0.txt",
    "tools/bundle/license_texts/LGPL-3.0.txt",
)


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


@cache
def term_for(word: str) -> str | None:
    """Return the term that stands for a word in lower case; None for a word that may stay."""
    for pattern, term in RULED_OUT_WORDS.items():
        if re.fullmatch(pattern, word):
            return term
    return None


def ruled_out(line: str) -> list[str]:
    """List the ruled-out words and phrases of a line, each with the term to use."""
    line = ALLOWED.sub(" ", line.replace(r"\n", " "))
    words = {word: term for word in WORD.findall(line) if (term := term_for(word.lower()))}
    phrases = {
        match[0]: term
        for pattern, term in PHRASES.items()
        if (match := pattern.search(line.lower()))
    }
    return [f"'{used}': say {term}" for used, term in (words | phrases).items()]


def test_words_that_the_glossary_rules_out_are_not_used() -> None:
    found = []
    for path in project_files():
        name = path.relative_to(ROOT).as_posix()
        if name in NOT_READ:
            continue
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number} {each}"
            for number, line in enumerate(lines, 1)
            for each in ruled_out(line)
        ]
    assert not found, "\n".join(found)
