"""Has the network prepared for this computer in a process of its own, while torch runs it."""

import logging
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QProcess, Signal

from app.core.own_command import this_program
from app.core.settings import ModelSettings

_log = logging.getLogger(__name__)


class PreparationProcess(QObject):
    """Runs `tinysam2 prepare` on a video, once per model and video.

    Exporting the stages of the network takes from seconds to minutes, in which a thread of this
    process would block the others.  A process that fails is not started again: torch stays.

    Args:
        video: with frames of the size to prepare for.
        parent: owner.

    Signals:
        message: text for the status bar.
        running_changed: whether the process runs now.
        prepared: from now on the engine can be used.
    """

    message = Signal(str)
    running_changed = Signal(bool)
    prepared = Signal()

    def __init__(self, video: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video = video
        self._process: QProcess | None = None
        self._started_for: ModelSettings | None = None

    def start(self, settings: ModelSettings) -> None:
        """Start the process, unless it was started for the same model before."""
        if settings == self._started_for:
            return
        self.stop()
        self._started_for = settings
        program, *arguments = this_program()
        arguments += ["prepare", str(self._video), "--watched", *settings.options()]
        process = self._process = QProcess(self)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start(program, arguments)
        text = self.tr("Preparing the network for this computer; you can work meanwhile…")
        self.message.emit(text)
        self.running_changed.emit(True)

    def stop(self) -> None:
        """End the process, if it runs, without waiting for it."""
        if (process := self._forget()) is not None:
            process.finished.disconnect(self._on_finished)
            process.errorOccurred.disconnect(self._on_error)  # being killed is one
            process.finished.connect(process.deleteLater)
            process.setParent(QCoreApplication.instance())  # deleting it now would wait for its end
            process.kill()

    def _forget(self) -> QProcess | None:
        process, self._process = self._process, None
        if process is not None:
            self.running_changed.emit(False)
        return process

    def _on_finished(self, status: int, _kind: QProcess.ExitStatus) -> None:
        if (process := self._forget()) is None:
            return
        output = bytes(process.readAll().data()).decode(errors="replace").strip()
        _log.info("prepare (%d): %s", status, output[-1000:])
        process.deleteLater()
        if status == 0:
            self.message.emit(self.tr("The network is prepared for this computer."))
            self.prepared.emit()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and (process := self._forget()):
            _log.warning("prepare: %s", process.errorString())
            process.deleteLater()
