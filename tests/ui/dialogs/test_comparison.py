"""The dialog of a comparison of memory policies, and the masks of its two sides."""

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from app.core.masks import RleMask
from app.core.settings import MemoryValue, ModelSettings
from app.ui.dialogs.compare_dialog import AS_SET, CompareDialog
from app.ui.dialogs.comparison_view import (
    BOTH_RGB,
    SIDE_RGB,
    ComparisonView,
    Shown,
)
from app.ui.dialogs.frame_range_input import FrameRangeInput
from tests.helpers.fake_catalog import FakeCatalog

pytestmark = pytest.mark.gui


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def make_dialog(parent: QWidget, **memory: MemoryValue) -> CompareDialog:
    frames = FrameRangeInput(range(50), (10, 20))
    settings = ModelSettings(memory=tuple(memory.items()))
    return CompareDialog("dog", frames, FakeCatalog().available(), settings, parent)


def accept_button(dialog: CompareDialog) -> QAbstractButton:
    buttons = dialog.findChild(QDialogButtonBox).buttons()
    return next(button for button in buttons if button.text() == "Compare")


def test_variants_hold_only_what_differs_from_the_model(parent: QWidget) -> None:
    dialog = make_dialog(parent, max_frames=9, keep_ratio=0.075)
    a, b = dialog.variants
    assert (a.label, a.memory) == (AS_SET, ())
    assert (b.label, b.memory) == ("Newest frames (SAM 2)", (("policy", "fifo"),))
    assert dialog.inputs["A"]["max_frames"].chosen() == 9
    dialog.inputs["A"]["pool"].show_value(1)
    dialog.inputs["A"]["keep_ratio"].show_value(None)
    [a, _] = dialog.variants
    assert a.memory == (("pool", 1), ("keep_ratio", None))
    assert a.label == "pooling Off, tokens kept all"
    assert dialog.frames == range(10, 21)


def test_what_has_no_effect_cannot_be_chosen_on_that_side(parent: QWidget) -> None:
    dialog = make_dialog(parent)
    dialog.inputs["A"]["pool"].show_value(1)
    assert not dialog.inputs["A"]["keeps_details"].isEnabled()
    assert dialog.inputs["B"]["keeps_details"].isEnabled()


def test_both_sides_differ_at_first_whatever_the_policy_of_the_model_is(parent: QWidget) -> None:
    dialog = make_dialog(parent, policy="fifo")
    assert dialog.variants[1].memory == (("policy", "quality"),)
    assert accept_button(dialog).isEnabled()


def test_equal_settings_cannot_be_compared(parent: QWidget) -> None:
    dialog = make_dialog(parent)
    accept = accept_button(dialog)
    assert accept.isEnabled()
    dialog.inputs["B"]["policy"].show_value("quality")
    assert not accept.isEnabled()
    dialog.inputs["B"]["max_frames"].show_value(4)
    assert accept.isEnabled()
    dialog.frames_input.last.setValue(10)
    assert not accept.isEnabled()


def columns(first: int, last: int) -> RleMask:
    bitmap = np.zeros((90, 160), np.bool_)
    bitmap[:, first:last] = True
    return RleMask.encode(bitmap)


def test_what_only_one_side_covers_has_its_color(qtbot: QtBot) -> None:
    view = ComparisonView()
    qtbot.addWidget(view)
    view.resize(320, 180)
    black = QImage(160, 90, QImage.Format.Format_RGB32)
    black.fill(0)
    view.set_image(black)
    view.set_masks((columns(0, 80), columns(40, 120)), Shown.DIFFERENCE)

    def at(x: int) -> tuple[int, ...]:
        return view.grab().toImage().pixelColor(x, 90).getRgb()[:3]

    def dimmed(rgb: tuple[int, int, int]) -> list[int]:
        return [round(part * 200 / 255) for part in rgb]

    assert at(40) == pytest.approx(dimmed(SIDE_RGB[0]), abs=3)
    assert at(200) == pytest.approx(dimmed(SIDE_RGB[1]), abs=3)
    assert at(120) == pytest.approx([round(part * 110 / 255) for part in BOTH_RGB], abs=3)
    assert at(300) == (0, 0, 0)
    view.set_masks((columns(0, 80), columns(40, 120)), Shown.B)
    assert at(40) == (0, 0, 0)
    assert at(120) != (0, 0, 0)
