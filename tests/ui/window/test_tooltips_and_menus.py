"""Tooltips leave visible what they explain; menus have a border; names of models are explained."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolBar, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from app.tracking.model_catalog import ModelCatalog
from app.ui.dialogs.model_table import title_tip
from app.ui.style.theme import DARK, LIGHT, Theme, ThemeColors, apply_theme
from app.ui.style.tooltips import ToolTipPlacement
from tests.helpers.window import open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def application() -> Iterator[QApplication]:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    placement = ToolTipPlacement()
    found.installEventFilter(placement)
    yield found
    found.removeEventFilter(placement)
    QToolTip.hideText()


def tip_of(widget: QWidget, at: QPoint) -> QRect:
    QToolTip.hideText()
    event = QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    [tip] = [w for w in QApplication.topLevelWidgets() if w.inherits("QTipLabel") and w.isVisible()]
    return tip.geometry()


def on_screen(widget: QWidget, rect: QRect) -> QRect:
    return QRect(widget.mapToGlobal(rect.topLeft()), rect.size())


def test_tooltips_do_not_cover_the_button_or_the_row(
    application: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    with open_window(qtbot, small_clip(tmp_path, 5)) as user:
        user.click_and_wait(20, 20)
        [bar] = [b for b in user.window.findChildren(QToolBar) if b.windowTitle() == "Commands"]
        button = bar.widgetForAction(user.window.action_set["Track forward"])
        tip = tip_of(button, QPoint(5, 2))
        assert not tip.intersects(on_screen(button, button.rect()))
        model = user.window.status._model
        assert not tip_of(model, QPoint(3, 3)).intersects(on_screen(model, model.rect()))
        table = user.workspace.objects._table
        row = table.visualRect(table.model().index(0, 0))
        tip = tip_of(table.viewport(), row.topLeft() + QPoint(30, 4))
        assert not tip.intersects(on_screen(table.viewport(), row))


@pytest.mark.parametrize(("theme", "colors"), [(Theme.DARK, DARK), (Theme.LIGHT, LIGHT)])
def test_menus_have_a_border(
    application: QApplication, qtbot: QtBot, theme: Theme, colors: ThemeColors
) -> None:
    application.setStyle("Fusion")
    apply_theme(application, theme)
    menu = QMenu()
    qtbot.addWidget(menu)
    menu.addAction("Track forward")
    menu.resize(menu.sizeHint())
    image = menu.grab().toImage()
    edge = {image.pixelColor(0, y).name() for y in range(4, image.height() - 4)}
    assert edge == {colors.menu_border}
    assert image.pixelColor(4, 3).name() != colors.menu_border


@pytest.mark.parametrize(("theme", "colors"), [(Theme.DARK, DARK), (Theme.LIGHT, LIGHT)])
def test_the_selected_item_of_a_menu_stands_out(
    application: QApplication, qtbot: QtBot, theme: Theme, colors: ThemeColors
) -> None:
    application.setStyle("Fusion")
    apply_theme(application, theme)
    menu = QMenu()
    qtbot.addWidget(menu)
    selected = menu.addAction("Track forward")
    menu.addAction("Track backward")
    menu.resize(menu.sizeHint())
    menu.setActiveAction(selected)
    image = menu.grab().toImage()
    background = [
        image.pixelColor(menu.actionGeometry(each).topLeft() + QPoint(4, 8)).name()
        for each in menu.actions()
    ]
    assert background == [colors.accent, colors.window]


def test_titles_of_models_explain_themselves() -> None:
    models = {model.name: model for model in ModelCatalog().available().models}
    assert models["efficienttam-ti-1"].title == "EfficientTAM Ti, pooled memory /1"
    tip = title_tip(models["efficienttam-ti-1"])
    assert "ViT-Tiny" in tip
    assert "2 x 2" in tip
    assert title_tip(models["tinysam2"]) == "--model tinysam2"
    assert not any("(" in model.title for model in models.values())
