"""Which key belongs to whom: the window's shortcuts and the widget that has the focus."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
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

# Text fields keep letters and editing keys by themselves; with these keys widgets need help.
_OWN_KEYS: tuple[tuple[type[QWidget], set[Qt.Key]], ...] = (
    (QLineEdit, {Qt.Key.Key_Return, Qt.Key.Key_Enter} | _UP_DOWN | _PAGES),
    (QAbstractSpinBox, {Qt.Key.Key_Return, Qt.Key.Key_Enter} | _UP_DOWN | _PAGES),
    (QAbstractButton, {Qt.Key.Key_Space}),
    (QAbstractItemView, _UP_DOWN | _PAGES),
    (QComboBox, _UP_DOWN | _PAGES | {Qt.Key.Key_Space}),
    (QAbstractSlider, _UP_DOWN | _PAGES | _LEFT_RIGHT),
)


def key_text(keys: tuple[str, ...]) -> str:
    """Write key sequences as this system does: ``Ctrl+Shift+Z or Ctrl+Y``."""
    native = QKeySequence.SequenceFormat.NativeText
    return " or ".join(QKeySequence(key).toString(native) for key in keys)


class ShortcutGuard(QObject):
    """An event filter for the application: plain keys belong to the widget that uses them."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep a key from the window's shortcuts when the focused widget needs it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            and any(isinstance(watched, kind) and event.key() in keys for kind, keys in _OWN_KEYS)
        ):
            event.accept()
            return True
        return False
