"""The jobs panel: progress and outcome of the listed jobs."""

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


class JobRow(QWidget):
    """Displays one job.

    Signals:
        cancel_requested: job id.
    """

    cancel_requested = Signal(int)

    def __init__(self, job_id: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_running = True
        self._label = QLabel(self, wordWrap=True)
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar(self, textVisible=False)
        self._cancel = QToolButton(self)
        self._cancel.setToolTip("Stop; finished frames are kept")
        self._cancel.setIcon(icon("stop"))
        self._cancel.setAccessibleName("Stop this job")
        self._cancel.clicked.connect(lambda: self.cancel_requested.emit(job_id))
        line = QHBoxLayout()
        line.addWidget(self._bar, 1)
        line.addWidget(self._cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING_PX, SPACING_PX, SPACING_PX, SPACING_PX)
        layout.setSpacing(SPACING_PX // 2)
        layout.addWidget(self._label)
        layout.addLayout(line)
        layout.addWidget(self._text)

    def show_progress(self, progress: JobProgress) -> None:
        """Show the progress of the job, or its outcome."""
        self.is_running = progress.outcome is None
        self._label.setText(progress.label)
        self._text.setText(progress.text())
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._bar.setVisible(self.is_running)
        self._cancel.setVisible(self.is_running)
        role = "error" if progress.outcome is Outcome.FAILED else "muted"
        if self._text.property("role") != role:
            self._text.setProperty("role", role)
            self._text.style().unpolish(self._text)
            self._text.style().polish(self._text)


class JobsPanel(QScrollArea):
    """Lists jobs, newest first.

    Signals:
        cancel_requested: job id.
    """

    cancel_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[int, JobRow] = {}
        self._empty = QLabel("Tracking and exports appear here.")
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

    def show_progress(self, progress: JobProgress) -> None:
        """Add a job, or update its row."""
        row = self._rows.get(progress.job_id)
        if row is None:
            self._empty.hide()
            row = self._rows[progress.job_id] = JobRow(progress.job_id, self)
            row.cancel_requested.connect(self.cancel_requested)
            self._layout.insertWidget(0, row)
            self._forget_old()
        row.show_progress(progress)

    def _forget_old(self) -> None:
        ended = [job_id for job_id, row in self._rows.items() if not row.is_running]
        for job_id in ended[: max(0, len(self._rows) - MAX_ROWS)]:
            row = self._rows.pop(job_id)
            self._layout.removeWidget(row)
            row.deleteLater()
