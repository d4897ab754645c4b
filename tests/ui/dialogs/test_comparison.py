"""The dialog of a comparison of memory policies, and the masks of its two sides."""

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from app.core.masks import RleMask
from app.ui.dialogs.compare_dialog import AS_SET, CompareDialog
from app.ui.dialogs.comparison_view import (
    BOTH_RGB,
    SIDE_RGB,
    ComparisonView,
    Shown,
)

pytestmark = pytest.mark.gui


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def test_variants_hold_only_what_differs_from_the_model(parent: QWidget) -> None:
    dialog = CompareDialog("dog", 50, (10, 20), parent)
    a, b = dialog.variants
    assert (a.label, a.memory) == (AS_SET, ())
    assert (b.label, b.memory) == ("Newest frames (SAM 2)", (("policy", "fifo"),))
    dialog.inputs["A", "pool"].setCurrentText("Off")
    dialog.inputs["A", "keep_ratio"].setCurrentText("All")
    assert dialog.variants[0].memory == (("pool", 1), ("keep_ratio", None))
    assert dialog.frames == range(10, 21)


def test_equal_settings_cannot_be_compared(parent: QWidget) -> None:
    dialog = CompareDialog("dog", 50, (10, 20), parent)
    accept = next(b for b in dialog.findChild(QDialogButtonBox).buttons() if b.text() == "Compare")
    assert accept.isEnabled()
    dialog.inputs["B", "policy"].setCurrentIndex(0)
    assert not accept.isEnabled()
    dialog.inputs["B", "max_frames"].setCurrentText("4")
    assert accept.isEnabled()
    dialog.last.setValue(10)
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
