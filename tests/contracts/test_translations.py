"""All texts of the window can be translated, and every language is complete and up to date."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from xml.etree import ElementTree

import pytest

from app.core import errors
from app.ui.translation.known_sentences import KNOWN_SENTENCES
from app.ui.translation.languages import ENGLISH, FOLDER, LANGUAGES
from app.ui.translation.sentences import _fitting

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "app" / "ui"
MARKERS = {"tr", "translate", "QT_TRANSLATE_NOOP"}
SETTERS = {
    "setText", "setToolTip", "setStatusTip", "setWindowTitle", "setTitle", "setInformativeText",
    "setDetailedText", "setPlaceholderText", "setAccessibleName", "setAccessibleDescription",
    "setLabelText", "setFormat", "setSpecialValueText", "setHeaderLabels",
    "setHorizontalHeaderLabels", "addTab", "addRow", "addItem", "addItems", "addMenu", "addAction",
    "addButton", "drawText", "show_message", "emit", "QLabel", "QPushButton", "QCheckBox",
    "QRadioButton", "QGroupBox", "QAction", "QDockWidget", "QToolBar", "QTreeWidgetItem",
    "QTableWidgetItem", "QListWidgetItem", "QMessageBox",
}  # fmt: skip
LETTERS = re.compile(r"[A-Za-z]{2}")
PROSE = re.compile(r"[A-Za-z]{2,}[,:;.…]? [A-Za-z]{2,}")
WORD = re.compile(r"[A-Za-z]+")
MARKUP = re.compile(r"<[^<>]*>|&\w+;|\{\w*\}")
NOT_WORDS = {"px", "MB", "GB", "kB"}  # symbols of units
NOT_SHOWN = (  # what is called with texts that no user of the window reads
    "ValueError", "RuntimeError", "NotImplementedError", "setStyleSheet", "warning", "exception",
    "error", "Formatter", "compile", "toString",
)  # fmt: skip
EXCEPTIONS = {
    "TinySAM 2 annotator",  # the name of the program, in the title of the window
    "COCO, YouTube-VIS, SA-V, LabelMe (*.json)",  # names of formats
    "View/Go to",  # keys of menus, actions and model titles, which are displayed translated
    "Rename object",
    "Smaller brush",
    "Larger brush",
    "Set in frame",
    "Set out frame",
    "Cancel stroke or stop tracking",
    "Verify this run of suggested frames",
    "pooled memory",
    "Reorder objects",  # an edit, whose name `translate_sentence` knows
}


@dataclass(frozen=True)
class Text:
    """A text of the window in its context, and whether it has plural forms."""

    context: str
    source: str
    is_plural: bool


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(UI.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts_in_code() -> set[Text]:
    found = set()

    def visit(node: ast.AST, owner: str) -> None:
        owner = node.name if isinstance(node, ast.ClassDef) else owner
        if isinstance(node, ast.Call) and _name(node) in MARKERS:
            values = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
            context = [owner, *values] if _name(node) == "tr" else values
            if len(context) > 1 and isinstance(context[1], str):
                count_at = 3 if _name(node) == "tr" else 5
                is_plural = len(node.args) >= count_at
                found.add(Text(str(context[0]), context[1], is_plural))
        for child in ast.iter_child_nodes(node):
            visit(child, owner)

    for _, module in _modules():
        visit(module, "")
    return found


def _messages(code: str) -> list[tuple[Text, ElementTree.Element]]:
    root = ElementTree.parse(FOLDER / f"tinysam2_{code}.ts").getroot()
    return [
        (
            Text(
                context.findtext("name", ""),
                message.findtext("source", ""),
                message.get("numerus") == "yes",
            ),
            message,
        )
        for context in root.iter("context")
        for message in context.iter("message")
    ]


def _forms(message: ElementTree.Element) -> list[str]:
    translation = message.find("translation")
    assert translation is not None
    plural = [form.text or "" for form in translation.iter("numerusform")]
    return plural or [translation.text or ""]


def _fields(text: str) -> Counter[str]:
    """Return what is put into a text: fields, counts, shortcuts and tags."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(text) if name]
    except ValueError:
        names = []
    return Counter([*names, *re.findall(r"%L?n|%[vm]|<[^<>]*>|Ctrl(?=\+)|&(?=\w)", text)])


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_has_all_texts_of_the_window_and_no_others(code: str) -> None:
    in_code = {text for text in _texts_in_code() if text.is_plural or code != ENGLISH}
    in_file = {text for text, _ in _messages(code)}
    assert in_file == in_code, "run `make translations`"


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_text_is_translated(code: str) -> None:
    unfinished = [
        text
        for text, message in _messages(code)
        if not all(_forms(message)) or message.find("translation[@type]") is not None
    ]
    assert unfinished == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_have_the_fields_and_shortcuts_of_the_text(code: str) -> None:
    differing = [
        (text.source, form)
        for text, message in _messages(code)
        for form in _forms(message)
        if _fields(form) != _fields(text.source)
    ]
    assert differing == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_compiled_files_are_up_to_date(code: str, tmp_path: Path) -> None:
    compiled = tmp_path / "compiled.qm"
    lrelease = Path(sys.executable).with_name("pyside6-lrelease")
    source = FOLDER / f"tinysam2_{code}.ts"
    subprocess.run([lrelease, "-silent", source, "-qm", compiled], check=True)
    assert compiled.read_bytes() == source.with_suffix(".qm").read_bytes(), "make translations"


def _literals(node: ast.AST, call: str = "") -> Iterator[tuple[ast.AST, str, str]]:
    """Yield the literals below a node that are not marked, and what they are an argument of."""
    if isinstance(node, ast.Call):
        call = _name(node)
        if call in MARKERS:
            return
    elif isinstance(node, ast.JoinedStr):
        text = "".join(v.value for v in node.values if isinstance(v, ast.Constant))
        yield node, text, call
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node, node.value, call
    for child in _parts(node):
        yield from _literals(child, call)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may hold texts: neither annotations nor docstrings."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            is_fixed_part = isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)
            is_left_out = is_docstring or is_fixed_part or name in ("annotation", "returns")
            if isinstance(child, ast.AST) and not is_left_out:
                yield child


def test_no_text_of_the_window_is_left_untranslated() -> None:
    unmarked = []
    for path, module in _modules():
        if {"benchmark", "translation"} & set(path.parts):
            continue
        for node, text, call in _literals(module):
            words = MARKUP.sub("", text)
            is_shown = call in SETTERS and bool(set(re.findall(r"\w+", words)) - NOT_WORDS)
            is_text = (is_shown and LETTERS.search(words)) or PROSE.search(words)
            is_style = "{{" in text  # a style sheet
            if is_text and not is_style and call not in NOT_SHOWN and text not in EXCEPTIONS:
                unmarked.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text}")  # type: ignore[attr-defined]
    assert unmarked == []


def test_sentences_of_other_layers_are_ones_that_they_make() -> None:
    """Sentences are put together from parts, so it is their words that are compared."""
    words = set(WORD.findall("name category color is visible is locked"))  # attributes of edits
    for folder in ("app", "tinysam2/memory", "tinysam2/inference"):
        for file in (ROOT / folder).rglob("*.py"):
            if "translation" not in file.parts:
                literals = _literals(ast.parse(file.read_text("utf-8")))
                words.update(*(WORD.findall(text) for _, text, _ in literals))
    unknown = {text: WORD.findall(re.sub(r"\{\w+\}", " ", text)) for text in KNOWN_SENTENCES}
    assert {text for text, needed in unknown.items() if not words.issuperset(needed)} == set()


MADE_OF_PARTS = (  # sentences whose words depend on values; the table has what becomes of them
    "{path} cannot be {doing}: {error}.",
    "There is no {kind}{whose} on frames {frames[0]} to {frames[-1]} to export.",
)


def _error_sentences(module: ast.Module) -> Iterator[str]:
    """Yield the sentences and hints of errors that users see, with values in braces."""
    shown = {name for name, each in vars(errors).items() if isinstance(each, type)}
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in shown:
            for argument in call.args:
                if isinstance(argument, ast.JoinedStr | ast.Constant):
                    text = ast.unparse(argument)[1 + isinstance(argument, ast.JoinedStr) : -1]
                    if " " in text:
                        yield text


def test_errors_that_the_window_shows_have_a_translation() -> None:
    missing = []
    for folder in ("media", "storage", "export", "jobs", "tracking"):
        for file in (ROOT / "app" / folder).rglob("*.py"):
            if "checks" in file.parts:  # of a command that the window does not have
                continue
            for text in _error_sentences(ast.parse(file.read_text("utf-8"))):
                filled = re.sub(r"\{\(?'exists'[^{}]*\}", "exist", text)
                filled = re.sub(r"\{[^{}]*\}", "7", filled)
                if text not in MADE_OF_PARTS and _fitting(filled)[0] not in KNOWN_SENTENCES:
                    missing.append(f"{file.relative_to(ROOT)}: {text}")
    assert missing == []
