"""The suggestions for review as a Qt list model."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.document import Document
from app.core.review import ReviewRun
from app.ui.panels.objects_model import swatch
from app.ui.state.review_state import ReviewState
from app.ui.translation import translate
from app.ui.translation.sentences import translate_sentence

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class ReviewModel(QAbstractListModel):
    """One row per suggestion, worst first.  Lives on the GUI thread.

    Args:
        document: the objects.
        review: the suggestions.
        parent: owner.
    """

    def __init__(self, document: Document, review: ReviewState, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._review = review
        self.runs: list[ReviewRun] = []

    def refresh(self) -> None:
        """Take over the suggestions as they are now."""
        runs = self._review.runs
        if runs != self.runs:
            self.beginResetModel()
            self.runs = runs
            self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of suggestions."""
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """Return the two lines of text, the color of the object, or the tooltip."""
        run = self.runs[index.row()]
        tracked = self._document.find(run.object_id)
        if tracked is None:
            return None
        if role == Role.DecorationRole:
            return swatch(tracked.color)
        name = f"{tracked.name}: " if self._review.covers_all else ""
        first_line = self.tr("{frames}, score {score}")
        first_line = first_line.format(frames=f"{name}{frames_text(run)}", score=f"{run.score:.2f}")
        reason = translate_sentence(run.reason)
        if role in (Role.DisplayRole, Role.AccessibleTextRole):
            return f"{first_line}\n{reason}"
        if role == Role.ToolTipRole:
            worst = self.tr("{reason}.\nFrame {frame} is the worst. Click to visit it.")
            return f"{first_line}\n{worst.format(reason=reason, frame=run.worst)}"
        return None


def frames_text(run: ReviewRun) -> str:
    """Return which frames a suggestion covers, in words."""
    if run.first == run.last:
        return translate("ReviewModel", "Frame {frame}").format(frame=run.first)
    text = translate("ReviewModel", "Frames {first} to {last}, worst {worst}")
    return text.format(first=run.first, last=run.last, worst=run.worst)
