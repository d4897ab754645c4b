"""The actions of keys within a gesture on the canvas, beside those of the window."""

from collections.abc import Mapping

from app.ui.state.keymap import Keys
from app.ui.translation import QT_TRANSLATE_NOOP, translate

CANCEL = "Cancel stroke or stop tracking"
"""An action of the window."""
FINISH = QT_TRANSLATE_NOOP("GestureKeys", "Close the outline, or accept all suggestions")
STEP_BACK = QT_TRANSLATE_NOOP("GestureKeys", "Take back the last vertex")
GESTURE_KEYS: Mapping[str, Keys] = {FINISH: ("Return", "Enter"), STEP_BACK: ("Backspace",)}
"""Default keys of the actions that only a gesture in progress has."""


def gesture_rows() -> list[tuple[str, str, str]]:
    """Return a heading, the English text and the displayed text of each of these actions."""
    heading = translate("GestureKeys", "While drawing")
    return [(heading, text, translate("GestureKeys", text)) for text in GESTURE_KEYS]
