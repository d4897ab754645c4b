"""The jobs panel: the queue of listed jobs with their progress, and the outcome of ended ones."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.jobs.progress import JobProgress, Outcome
from app.ui.style.icons import icon
from app.ui.style.theme import SPACING_PX

MAX_ROWS = 50
"""Most rows; beyond it the jobs that ended first are removed."""


class JobRow(QWidget):
    """Displays one job; one that waits can be moved in the queue.

    Signals:
        cancel_requested: job id.
        move_requested: job id, number of places; negative to run earlier.
    """

    cancel_requested = Signal(int)
    move_requested = Signal(int, int)

    def __init__(self, job_id: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(self, wordWrap=True)
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self.up = self._button(self.tr("Run this job earlier"), self.tr("Earlier"))
        self.up.setArrowType(Qt.ArrowType.UpArrow)
        self.up.clicked.connect(lambda: self.move_requested.emit(job_id, -1))
        self.down = self._button(self.tr("Run this job later"), self.tr("Later"))
        self.down.setArrowType(Qt.ArrowType.DownArrow)
        self.down.clicked.connect(lambda: self.move_requested.emit(job_id, 1))
        self.cancel = self._button(self.tr("Stop this job"), self.tr("Stop"))
        self.cancel.setIcon(icon("stop"))
        self.cancel.clicked.connect(lambda: self.cancel_requested.emit(job_id))
        line = QHBoxLayout()
        line.addWidget(self._label, 1)
        for button in (self.up, self.down, self.cancel):
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING_PX, SPACING_PX, SPACING_PX, SPACING_PX)
        layout.setSpacing(SPACING_PX // 2)
        layout.addLayout(line)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button

    def show_progress(self, progress: JobProgress) -> None:
        """Show the progress of the job, its place in the queue, or its outcome."""
        is_active = progress.outcome is None
        is_waiting = is_active and progress.ahead > 0
        self._label.setText(progress.label)
        self._text.setText(progress.text())
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._bar.setVisible(is_active and not is_waiting)
        self.cancel.setVisible(is_active)
        self.cancel.setToolTip(progress.stop_tip)
        for button, is_enabled in ((self.up, progress.ahead > 1), (self.down, progress.behind > 0)):
            button.setVisible(is_waiting)
            button.setEnabled(is_enabled)
        role = "error" if progress.outcome is Outcome.FAILED else "muted"
        if self._text.property("role") != role:
            self._text.setProperty("role", role)
            self._text.style().unpolish(self._text)
            self._text.style().polish(self._text)


class JobsPanel(QScrollArea):
    """Lists jobs: the queue in the order in which it runs, then ended ones, newest first.

    Signals:
        cancel_requested: job id.
        move_requested: job id, number of places; negative to run earlier.
    """

    cancel_requested = Signal(int)
    move_requested = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[int, JobRow] = {}
        self._ended: list[int] = []  # the newest first
        self._empty = QLabel(self.tr("Tracking and exports appear here."))
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(SPACING_PX, SPACING_PX, SPACING_PX, SPACING_PX)
        content = QWidget(self)
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._empty)
        self._layout.addStretch()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_progress(self, changed: JobProgress, queue: list[JobProgress]) -> None:
        """Add or update the row of a job, and arrange the rows.

        Args:
            changed: the job.
            queue: all jobs that have not ended, in the order in which they run.
        """
        row = self._rows.get(changed.job_id)
        if row is None:
            self._empty.hide()
            row = self._rows[changed.job_id] = JobRow(changed.job_id, self)
            row.cancel_requested.connect(self.cancel_requested)
            row.move_requested.connect(self.move_requested)
        row.show_progress(changed)
        if changed.outcome is not None:
            self._ended.insert(0, changed.job_id)
            self._forget_old()
        self._arrange([job.job_id for job in queue if job.job_id in self._rows])

    def _arrange(self, queued: list[int]) -> None:
        for place, job_id in enumerate([*queued, *self._ended]):
            row = self._rows[job_id]
            if self._layout.indexOf(row) != place:
                self._layout.insertWidget(place, row)

    def _forget_old(self) -> None:
        kept = max(0, MAX_ROWS - len(self._rows) + len(self._ended))
        for job_id in self._ended[kept:]:
            row = self._rows.pop(job_id)
            self._layout.removeWidget(row)
            row.deleteLater()
        del self._ended[kept:]
