"""Resolves key conflicts between the window's shortcuts and the focused widget."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QWidget,
)

_UP_DOWN = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_PAGES = {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
_LEFT_RIGHT = {Qt.Key.Key_Left, Qt.Key.Key_Right}

# Qt already keeps letters and editing keys for text fields; these keys need the guard.
_OWN_KEYS: tuple[tuple[type[QWidget], set[Qt.Key]], ...] = (
    (QLineEdit, {Qt.Key.Key_Return, Qt.Key.Key_Enter} | _UP_DOWN | _PAGES),
    (QAbstractSpinBox, {Qt.Key.Key_Return, Qt.Key.Key_Enter} | _UP_DOWN | _PAGES),
    (QAbstractButton, {Qt.Key.Key_Space}),
    (QAbstractItemView, _UP_DOWN),  # not Home: it is the first frame, also after a click on a list
    (QComboBox, _UP_DOWN | _PAGES | {Qt.Key.Key_Space}),
    (QAbstractSlider, _UP_DOWN | _PAGES | _LEFT_RIGHT),
)


class ShortcutGuard(QObject):
    """An application event filter that leaves unmodified keys to the focused widget."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Override a shortcut whose key the focused widget handles itself."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            and any(isinstance(watched, kind) and event.key() in keys for kind, keys in _OWN_KEYS)
        ):
            event.accept()
            return True
        return False
