"""Gives the keyboard back when a menu is left with Escape."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar


class MenuFocus(QObject):
    """Takes the focus from the menu bar once its menu is closed.

    Qt leaves it there, and the next Escape would then leave the menu bar instead of stopping a job.

    Args:
        bar: the menu bar.
        menus: its menus.
        give_focus: gives the focus to the widget that the user works in.
    """

    def __init__(
        self, bar: QMenuBar, menus: Iterable[QMenu], give_focus: Callable[[], object]
    ) -> None:
        super().__init__(bar)
        self._bar = bar
        self._give_focus = give_focus
        self._timer = QTimer(self, singleShot=True, interval=0)  # after Qt moved the focus
        self._timer.timeout.connect(self._on_closed)
        for menu in menus:
            menu.aboutToHide.connect(self._timer.start)

    def _on_closed(self) -> None:
        if QApplication.activePopupWidget() is None and self._bar.hasFocus():
            self._give_focus()
