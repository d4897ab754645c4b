"""Whether tracking keeps painted and imported masks: the preference and the question before it."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core import rules
from app.core.document import Document, Origin, Table
from app.ui.state.preferences import Preferences
from app.ui.translation import PLURAL, QT_TRANSLATE_NOOP, translate

QUESTION = QT_TRANSLATE_NOOP("HandWorkProtection", "Keep the masks that were painted or imported?")


class HandWorkProtection:
    """Decides whether tracking may replace painted and imported masks.

    Args:
        document: the annotations.
        preferences: where the decision is stored.
        window: parent of the question.
    """

    def __init__(self, document: Document, preferences: Preferences, window: QWidget) -> None:
        self._document = document
        self._preferences = preferences
        self._window = window

    @property
    def is_on(self) -> bool:
        """Whether tracking keeps these masks."""
        return self._preferences.protects_hand_work

    def toggle(self) -> None:
        """Let tracking replace these masks, or protect them."""
        self._preferences.protects_hand_work = not self.is_on

    def ask_before(
        self, track: Callable[[], None], object_ids: Iterable[int], frames: Iterable[int]
    ) -> None:
        """Track, after the user has decided on the first such masks that are in the way.

        Args:
            track: starts tracking; not called when the user cancels the question.
            object_ids: the objects that it tracks.
            frames: the frames that it may replace.
        """
        asks = self._preferences.asks_about_hand_work
        count = self._count(object_ids, set(frames)) if asks else 0
        if not count:
            track()
            return
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(translate("HandWorkProtection", "Track"))
        box.setText(translate("HandWorkProtection", QUESTION))
        box.setInformativeText(_explanation(count))
        role = QMessageBox.ButtonRole
        keep = box.addButton(translate("HandWorkProtection", "Keep them"), role.AcceptRole)
        replace_text = translate("HandWorkProtection", "Replace them")
        replace = box.addButton(replace_text, role.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(keep)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def decide() -> None:
            if box.clickedButton() in (keep, replace):
                self._preferences.protects_hand_work = box.clickedButton() is keep
                track()

        box.finished.connect(decide)
        box.open()

    def _count(self, object_ids: Iterable[int], frames: set[int]) -> int:
        tracked = Origin.TRACKED  # looked up once, and compared first, because most masks are it
        return sum(
            row.origin is not tracked
            and frame in frames
            and rules.is_hand_work(self._document, each, frame)
            and rules.is_mask_editable(self._document, each, frame)
            for each in object_ids
            for frame, row in self._document.of_object(Table.MASKS, each).items()
        )


def _explanation(count: int) -> str:
    masks = translate(
        "HandWorkProtection", "%Ln mask(s) are in the way of tracking.", "", PLURAL, count
    )
    text = translate(
        "HandWorkProtection",
        "{masks} Tracking can go around what you made, as it does for verified masks, or "
        "replace it. The Track menu changes this later.",
    )
    return text.format(masks=masks)
