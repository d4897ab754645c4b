"""The review panel: the frames to look at first, and how much is verified."""

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.review import ReviewRun
from app.session import Session
from app.ui.panels.review_model import ReviewModel
from app.ui.state.keymap import Keymap
from app.ui.state.review_state import ReviewState
from app.ui.state.view_state import ViewState
from app.ui.style.theme import SPACING_PX

THRESHOLD_STEPS = 100
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class SuggestionList(QListView):
    """A list that takes Enter for itself, which is also a shortcut of the window."""

    def event(self, event: QEvent) -> bool:
        """Keep Enter from being a shortcut while the list has the focus."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in ENTER:
            event.accept()
            return True
        return super().event(event)


class ReviewPanel(QWidget):
    """Lists the suggestions, worst first; the row of the displayed frame is selected.

    It never changes the document.

    Args:
        session: the session to review.
        review: the suggestions.
        view: the displayed frame and the active object.
        keymap: the keys that tooltips name.
        parent: owner.

    Signals:
        run_requested: `ReviewRun` to visit.
        next_requested: visit the suggestion after the selected one.
        run_verified: verify all frames of the selected suggestion.
        comparison_requested: compare with tracking the other way.
    """

    run_requested = Signal(object)
    next_requested = Signal()
    run_verified = Signal()
    comparison_requested = Signal()

    def __init__(
        self,
        session: Session,
        review: ReviewState,
        view: ViewState,
        keymap: Keymap,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = session.document
        self._review = review
        self._view = view
        self._keymap = keymap
        self._model = ReviewModel(session.document, review, self)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._show_keys()
        self.refresh()

    def _make_widgets(self) -> None:
        self.setAccessibleName(self.tr("Review"))
        self.scope = QComboBox(self)
        self.scope.addItems([self.tr("Active object"), self.tr("All objects")])
        self.scope.setAccessibleName(self.tr("Objects to review"))
        self.scope.setCurrentIndex(int(self._review.covers_all))
        self.threshold = QSlider(Qt.Orientation.Horizontal, self)
        self.threshold.setRange(0, THRESHOLD_STEPS)
        self.threshold.setValue(round(self._review.threshold * THRESHOLD_STEPS))
        self.threshold.setToolTip(self.tr("Frames that score less are suggested"))
        self.threshold.setAccessibleName(self.tr("Review threshold"))
        self._threshold_text = QLabel(self)
        self.list = SuggestionList(self)
        self.list.setModel(self._model)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setUniformItemSizes(True)
        self.list.setSpacing(2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Suggested frames"))
        self.empty = QLabel(self, wordWrap=True)
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.verify_run = QPushButton(self.tr("Verify run"), self)
        self.compare = QPushButton(self.tr("Compare directions"), self)
        tip = self.tr(
            "Track back from the ends in the background; where the masks differ, one is wrong.\n"
            "No mask is changed"
        )
        self.compare.setToolTip(tip)
        self.counts = QLabel(self, wordWrap=True)

    def _lay_out(self) -> None:
        top, buttons = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.scope)
        top.addWidget(self.threshold, 1)
        top.addWidget(self._threshold_text)
        buttons.addWidget(self.verify_run)
        buttons.addWidget(self.compare)
        buttons.addStretch(1)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING_PX, SPACING_PX, SPACING_PX, SPACING_PX)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.counts)

    def _connect(self) -> None:
        self.scope.currentIndexChanged.connect(self._on_scope_selected)
        self.threshold.valueChanged.connect(self._on_threshold_moved)
        self.list.clicked.connect(lambda index: self.run_requested.emit(self._run(index)))
        self.list.activated.connect(self._on_activated)
        self.verify_run.clicked.connect(self.run_verified)
        self.compare.clicked.connect(self.comparison_requested)
        self._review.changed.connect(self.refresh)
        self._view.frame_changed.connect(self._select_current)
        self._keymap.changed.connect(self._show_keys)

    def _show_keys(self) -> None:
        tip = self.tr("Verify all frames of the selected suggestion")
        action = "Verify this run of suggested frames"
        self.verify_run.setToolTip(self._keymap.with_keys(tip, action))

    def refresh(self) -> None:
        """Show the suggestions and counts as they are now, unless the panel is hidden."""
        if not self.isVisible():
            return
        self._threshold_text.setText(f"{self._review.threshold:.2f}")
        self._model.refresh()
        self.empty.setText(self._empty_text())
        self._pages.setCurrentWidget(self.list if self._model.runs else self.empty)
        self.compare.setEnabled(bool(self._review.object_ids))
        self.counts.setText(self._counts_text())
        self._select_current()

    def showEvent(self, event: QShowEvent) -> None:
        """Refresh, because a hidden panel is not updated."""
        self.refresh()

    def _run(self, index: QModelIndex) -> ReviewRun:
        return self._model.runs[index.row()]

    def _on_activated(self, index: QModelIndex) -> None:
        run = self._run(index)
        if run.covers(self._view.active_object, self._view.frame):
            self.next_requested.emit()
        else:
            self.run_requested.emit(run)

    def _on_scope_selected(self, index: int) -> None:
        self._review.covers_all = bool(index)

    def _on_threshold_moved(self, value: int) -> None:
        self._review.threshold = value / THRESHOLD_STEPS

    def _select_current(self) -> None:
        current = self._review.run_at(self._view.frame)
        self.verify_run.setEnabled(current is not None)
        if current in self._model.runs:
            self.list.setCurrentIndex(self._model.index(self._model.runs.index(current)))
        else:
            self.list.selectionModel().clear()

    def _empty_text(self) -> str:
        verified, masks = self._review.verified_count(*self._review.object_ids)
        if not self._review.is_complete:
            return self.tr("Examining masks…")
        if not masks:
            return self.tr(
                "Nothing to review: there are no masks yet. Click an object and track it."
            )
        if verified == masks:
            return self.tr("Nothing to review: all %Ln mask(s) are verified.", "", masks)
        text = self.tr(
            "Nothing suggested: all frames score at least {threshold}, or were verified or "
            "prompted."
        )
        return text.format(threshold=f"{self._review.threshold:.2f}")

    def _counts_text(self) -> str:
        everything = [each.object_id for each in self._document.objects]
        lines = []
        active = self._document.find(self._view.active_object)
        if active is not None:
            lines.append(f"{active.name}: {self._fraction_text(active.object_id)}")
        if len(everything) > 1:
            name = self.tr("All objects")
            lines.append(f"{name}: {self._fraction_text(*everything)}")
        return "\n".join(lines)

    def _fraction_text(self, *object_ids: int) -> str:
        verified, masks = self._review.verified_count(*object_ids)
        percent = f", {verified / masks:.0%}".replace("%", " %") if masks else ""
        text = self.tr("{verified} of %Ln mask(s) verified", "", masks)
        return text.format(verified=verified) + percent
