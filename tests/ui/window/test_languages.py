"""The window in Chinese: it is translated whole, and nothing is cut off."""
# ruff: noqa: RUF001 - Chinese punctuation

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QToolBar,
    QToolButton,
    QWidget,
)
from pytestqt.exceptions import TimeoutError as QtTimeoutError
from pytestqt.qtbot import QtBot

from app.core.errors import UsageError
from app.ui.state.preferences import Preferences
from app.ui.style.elided import ElidedButton, ElidedLabel
from app.ui.style.theme import Theme, apply_theme
from app.ui.translation.languages import ENGLISH, best_language, use_language
from app.ui.translation.sentences import error_text, translate_sentence
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.window import WindowDriver, open_window, small_clip

CHINESE = "zh_CN"
SIZES = ((1280, 800), (1024, 640))
FONT_PX = 13
DIALOGS = ("Preferences…", "Keyboard shortcuts", "Export…", "Model…", "Compare policies…", "About")


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    use_language(qapp, CHINESE)
    yield
    use_language(qapp, ENGLISH)


@pytest.fixture
def user(qtbot: QtBot, qapp: QApplication, chinese: None, tmp_path: Path) -> Iterator[WindowDriver]:
    font, style = qapp.font(), qapp.style().objectName()
    larger = QFont(font)
    larger.setPixelSize(FONT_PX)
    qapp.setFont(larger)
    qapp.setStyle("Fusion")
    apply_theme(qapp, Theme.DARK)
    with open_window(qtbot, small_clip(tmp_path, 12), FakeBackend()) as driver:
        driver.window.models.catalog = FakeCatalog()
        driver.click_and_wait(20, 20)
        driver.press("T")
        driver.wait_until_idle()
        yield driver
    qapp.setFont(font)
    qapp.setStyle(style)


def clipped_at_rest(qtbot: QtBot, window: QWidget) -> list[str]:
    """Return the clipped texts once the layouts have followed the last change."""
    with suppress(QtTimeoutError):
        qtbot.waitUntil(lambda: not clipped(window), timeout=2_000)
    return clipped(window)


def clipped(window: QWidget) -> list[str]:
    """Return the texts of labels and buttons that have less room than they need."""
    kinds = (QLabel, QAbstractButton)
    texts = []
    for widget in (each for kind in kinds for each in window.findChildren(kind)):
        is_free = isinstance(widget, ElidedLabel | ElidedButton)  # they elide, with a tooltip
        if not widget.isVisible() or is_free or not widget.text():
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            needed = widget.heightForWidth(widget.width())
            is_cut = widget.height() < needed
        else:
            is_cut = widget.width() < widget.sizeHint().width()
        if is_cut:
            texts.append(widget.text())
    return texts


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.gui
def test_the_window_is_chinese_and_nothing_is_cut_off(user: WindowDriver) -> None:
    window = user.window
    menus = [action.text() for action in window.menuBar().actions()]
    assert menus[0] == "文件(&F)"
    assert all(has_chinese(text) for text in menus)
    assert window.action_set["Track forward"].iconText() == "向前"
    assert window.action_set["Undo"].text().startswith("撤销 跟踪")
    for size in SIZES:
        window.resize(*size)
        user.qtbot.wait(50)
        assert clipped_at_rest(user.qtbot, window) == [], size
        for toolbar in window.findChildren(QToolBar):
            extension = toolbar.findChild(QToolButton, "qt_toolbar_ext_button")
            assert extension is None or not extension.isVisible(), size


@pytest.mark.gui
@pytest.mark.parametrize("action", DIALOGS)
def test_dialogs_are_chinese_and_nothing_is_cut_off(user: WindowDriver, action: str) -> None:
    user.do(action)
    user.wait(lambda: any(each.isVisible() for each in user.window.findChildren(QDialog)))
    [dialog] = [each for each in user.window.findChildren(QDialog) if each.isVisible()]
    user.qtbot.wait(50)
    assert has_chinese(dialog.windowTitle())
    assert clipped_at_rest(user.qtbot, dialog) == []
    for box in dialog.findChildren(QDialogButtonBox):  # Qt's own texts, too
        assert all(has_chinese(button.text()) or button.text() == "OK" for button in box.buttons())
    dialog.close()


def test_sentences_of_other_layers_are_translated(chinese: None) -> None:
    reason = "worth more than frame 7: quality 0.80, novelty 0.31"
    assert translate_sentence(reason) == "价值高于第 7 帧：质量 0.80，新颖度 0.31"
    assert translate_sentence("Area fell to 40 % of the frame after") == "面积减至后一帧的 40 %"
    error = UsageError("dog is locked.", "Unlock it to change it.")
    assert error_text(error) == "dog 已锁定。 解锁后即可更改。"
    assert translate_sentence("A sentence that nobody knows.") == "A sentence that nobody knows."


def test_errors_of_damaged_files_are_translated_and_their_details_stay(chinese: None) -> None:
    path = "/videos/dog.tsam"
    for sentence, expected in (
        (f"{path} is damaged: tables are missing.", f"{path} 已损坏：缺少数据表。"),
        (f"{path} is empty: its creation was interrupted.", f"{path} 是空的：其创建被中断。"),
        (f"{path} is damaged: file is not a database.", "file is not a database"),
        (
            f"{path} is damaged: the mask of object 3 on frame 12 is not 64 x 48 pixels, as the "
            "frames are.",
            f"{path} 已损坏：目标 3 在第 12 帧的掩码不是帧的尺寸 64 x 48 像素。",
        ),
    ):
        assert expected in translate_sentence(sentence)


def test_english_needs_no_table(english: None) -> None:
    assert translate_sentence("Paint dog") == "Paint dog"


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        (["zh-Hans-CN", "zh-CN"], CHINESE),
        (["zh-Hans-SG"], CHINESE),
        (["zh-Hant-TW", "zh-TW"], ENGLISH),
        (["de-DE", "zh-CN"], CHINESE),
        (["en-US", "zh-CN"], ENGLISH),
        (["C"], ENGLISH),
    ],
)
def test_the_system_decides_on_the_language(preferred: list[str], expected: str) -> None:
    assert best_language(preferred) == expected


def test_the_language_is_stored() -> None:
    preferences = Preferences()
    assert preferences.language == ""
    preferences.language = CHINESE
    assert Preferences().language == CHINESE
    preferences.language = ""
