"""The memory panel: the memory bank of the active object at the current frame, and why."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.document import Table, TrackedObject
from app.core.memory import Constraint
from app.session import Session
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.panels.memory_charts import TokenMeter
from app.ui.panels.memory_entry import BankEntryView, ConstraintButtons
from app.ui.panels.memory_text import bank_entries, bank_title, decision_text
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import ViewState

REFRESH_MS = 30


class MemoryPanel(QWidget):
    """Displays the decision on the current frame and the bank after it.

    It never changes the document.  Refreshes at most every `REFRESH_MS` and only while visible.
    Lives on the GUI thread.

    Args:
        session: the session to display.
        bridge: signals changes of the document.
        view_state: current frame and active object.
        frame_loader: loads the thumbnails.
        parent: owner.

    Signals:
        frame_requested: frame to go to.
        map_requested: the frame whose bank is displayed, and a frame of that bank whose kept tokens
            are to be shown large.
        back_requested: the inspection of a bank ends.
        constraint_requested: object id, frame, `Constraint` or None.
    """

    frame_requested = Signal(int)
    map_requested = Signal(int, int)
    back_requested = Signal()
    constraint_requested = Signal(int, int, object)

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        view_state: ViewState,
        frame_loader: FrameLoader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = session.document
        self._num_frames = session.num_frames
        self._state = view_state
        self._loader = frame_loader
        self._shown_bank = -1
        self.entries: list[BankEntryView] = []
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._make_widgets()
        self._connect(bridge)
        # Keeps the canvas in place when the contents change.
        self.setMinimumWidth(self.minimumSizeHint().width())

    def _make_widgets(self) -> None:
        self.setAccessibleName(self.tr("Memory"))
        self.title = QLabel(self, wordWrap=True)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.detail = QLabel(self, wordWrap=True)
        self.detail.setProperty("role", "muted")
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.detail.setMinimumHeight(2 * self.detail.fontMetrics().lineSpacing())
        self.constraint_buttons = ConstraintButtons(with_text=True, parent=self)
        self.constraint_buttons.chosen.connect(
            lambda c: self._request_constraint(self._state.bank_frame, c)
        )
        self.meter = TokenMeter(self)
        self.bank_title = QLabel(self, wordWrap=True)
        self.back = QPushButton(self)
        self.back.setToolTip(self.tr("Leave the inspection of this memory bank"))
        self.back.clicked.connect(self.back_requested)
        self.back.hide()
        self._list = QWidget(self)
        self._list_layout = QVBoxLayout(self._list)
        self._list_layout.setContentsMargins(0, 0, 0, 0)
        self._list_layout.setSpacing(0)
        self._list_layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        self._list_layout.addStretch()
        self._arrange()

    def _arrange(self) -> None:
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._list)
        scroll.setAccessibleName(self.tr("Frames in memory"))
        self._add_entry_view()
        bar = scroll.verticalScrollBar().sizeHint().width()
        scroll.setMinimumWidth(self.entries[0].minimumSizeHint().width() + bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.detail)
        layout.addWidget(self.constraint_buttons, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.meter)
        layout.addWidget(self.bank_title)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(scroll, 1)

    def _connect(self, bridge: DocumentBridge) -> None:
        bridge.changed.connect(self._on_document_changed)
        self._state.frame_changed.connect(lambda _frame: self._refresh_soon())
        self._state.active_object_changed.connect(lambda _id: self._refresh_soon())
        self._state.overlay_changed.connect(self._on_overlay_changed)
        self._loader.thumbnail_loaded.connect(self._on_thumbnail_loaded)

    def refresh(self) -> None:
        """Update everything for the active object at the current frame."""
        tracked, frame = self._document.find(self._state.active_object), self._state.bank_frame
        self._shown_bank = frame
        text = decision_text(self._document, tracked, frame)
        self.title.setText(text.title)
        self.detail.setText(text.detail)
        self.constraint_buttons.setVisible(tracked is not None)
        record = None
        if tracked is not None:
            constraint = self._document.constraint(tracked.object_id, frame)
            self.constraint_buttons.set_frame(frame, constraint)
            record = self._document.memory(tracked.object_id, frame)
        self.meter.setVisible(record is not None)
        if record is not None:
            self.meter.set_record(record)
        self._show_bank(tracked, frame)
        self.back.setVisible(self._state.inspected_bank is not None)
        self.back.setText(self.tr("Back to frame {frame}").format(frame=frame))

    def _show_bank(self, tracked: TrackedObject | None, frame: int) -> None:
        found = [] if tracked is None else bank_entries(self._document, tracked.object_id, frame)
        self.bank_title.setVisible(bool(found))
        self.bank_title.setText(bank_title(found, frame))
        while len(self.entries) < len(found):
            self._add_entry_view()
        for view in self.entries[len(found) :]:
            view.hide()
        for view, entry in zip(self.entries, found, strict=False):
            view.show_entry(entry)
            view.show()
            self._loader.thumbnail(entry.frame)

    def _add_entry_view(self) -> None:
        view = BankEntryView(self._num_frames, self._list)
        view.hide()
        view.frame_requested.connect(self.frame_requested)
        view.map_requested.connect(
            lambda frame: self.map_requested.emit(self._state.bank_frame, frame)
        )
        view.constraint_requested.connect(self._request_constraint)
        self._list_layout.insertWidget(len(self.entries), view)
        self.entries.append(view)

    def _request_constraint(self, frame: int, constraint: Constraint | None) -> None:
        if (tracked := self._document.find(self._state.active_object)) is not None:
            self.constraint_requested.emit(tracked.object_id, frame, constraint)

    def showEvent(self, event: QShowEvent) -> None:
        """Refresh, because a hidden panel is not updated."""
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Update the marks to the colors of a new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh_soon()

    def _refresh_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _on_overlay_changed(self) -> None:
        if self._shown_bank != self._state.bank_frame or (
            self.back.isVisible() != (self._state.inspected_bank is not None)
        ):
            self._refresh_soon()

    def _on_document_changed(self, rows: ChangedRows) -> None:
        is_edited = any(frame == self._shown_bank for _, frame in rows.get(Table.MASKS, ()))
        if is_edited or rows.keys() & {Table.OBJECTS, Table.MEMORY, Table.CONSTRAINTS}:
            self._refresh_soon()

    def _on_thumbnail_loaded(self, frame: int, image: QImage) -> None:
        for view in self.entries:
            if view.frame == frame:
                view.set_image(image)
