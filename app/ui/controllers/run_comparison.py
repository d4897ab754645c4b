"""Before and after of the newest tracking run: displaying replaced masks, reverting frames."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.document import Change, RowKey, Table
from app.session import Session
from app.tracking.backend import FrameResult
from app.ui.dialogs.frame_range_dialog import FrameRangeDialog
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import EarlierMasks, ViewState


class RunComparison(QObject):
    """Compares the masks of the newest tracking run with those that it replaced.

    The history holds the rows from before the run, so a run that was undone, or that the history
    has dropped, is no longer compared.

    Signals:
        message: text for the status bar.
    """

    message = Signal(str)

    def __init__(
        self, session: Session, bridge: DocumentBridge, view: ViewState, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._history = session.history
        self._view = view
        self._keys: list[int] = []  # merge keys of the runs, oldest first
        self._replaced: set[RowKey] = set()  # masks that the newest run has changed so far
        bridge.changed.connect(self._on_document_changed)

    def add(self, merge_key: int) -> None:
        """Compare a run that starts now, once it has changed a mask."""
        self._view.earlier_masks = None
        self._keys.append(merge_key)
        self._replaced = set()

    def compare(self, merge_key: int, result: FrameResult) -> None:
        """Note which masks of a frame a run has replaced; all at its end would take long."""
        for object_id in result.predictions:
            row_key = Table.MASKS, (object_id, result.frame)
            change = self._history.change(merge_key, row_key)
            if change is not None and change.before is not None:
                if change.before.mask != change.after.mask:
                    self._replaced.add(row_key)
                else:  # a run that reaches a frame from both sides may put the mask back
                    self._replaced.discard(row_key)

    def announce(self, merge_key: int) -> None:
        """Report how many masks a run that has ended replaced, if any."""
        if self._replaced and self._history.is_done(merge_key):
            text = self.tr(
                "Tracking replaced %Ln mask(s). Track > Show masks before tracking.",
                "",
                len(self._replaced),
            )
            self.message.emit(text)

    @property
    def is_available(self) -> bool:
        """Whether there is a run to compare."""
        return self._newest is not None

    @property
    def is_on(self) -> bool:
        """Whether the canvas displays the masks from before the run."""
        return self._view.earlier_masks is not None

    def toggle(self) -> None:
        """Display the masks from before the run, or the current ones again."""
        if self.is_on or (key := self._newest) is None:
            self._view.earlier_masks = None
        else:
            self._show(key)

    def ask_revert(self, window: QWidget) -> None:
        """Let the user select frames and revert them to before the run, as an undoable edit."""
        key = self._newest
        if key is None:
            return
        frames = [change.key[1] for change in self._mask_changes(key)]
        if not frames:
            self.message.emit(self.tr("The last tracking run changed no mask."))
            return
        first, last = self._session.document.frame_range
        dialog = FrameRangeDialog(
            self.tr("Revert frames to before tracking"),
            self.tr("Revert"),
            range(min(frames), max(frames) + 1),
            (first, last),
            lambda frames: self._description(key, frames),
            window,
        )
        dialog.accepted.connect(lambda: self.revert(key, dialog.frames))
        dialog.open()

    def revert(self, merge_key: int, frames: range) -> None:
        """Put frames back as they were before a run; see `History.reverted`."""
        self._view.earlier_masks = None
        self._session.execute(self._history.reverted(merge_key, frames))

    @property
    def _newest(self) -> int | None:
        return next((key for key in reversed(self._keys) if self._history.is_done(key)), None)

    def _mask_changes(self, merge_key: int) -> list[Change]:
        return [c for c in self._history.changes(merge_key) if c.table is Table.MASKS]

    def _description(self, merge_key: int, frames: range) -> str:
        asked = sum(change.key[1] in frames for change in self._mask_changes(merge_key))
        edit = self._history.reverted(merge_key, frames)
        count = sum(change.table is Table.MASKS for change in edit.changes)
        text = self.tr(
            "%Ln of the masks of the run on these frames go back to what was there before.",
            "",
            count,
        )
        if asked > count:
            text += self.tr(
                " %Ln stay: they were changed after the run, or are locked.", "", asked - count
            )
        return text

    def _show(self, merge_key: int) -> None:
        rows = {change.key: change.before for change in self._mask_changes(merge_key)}
        self._view.earlier_masks = EarlierMasks(rows)

    def _on_document_changed(self, rows: ChangedRows) -> None:
        if not self.is_on:
            return
        if (key := self._newest) is None:
            self._view.earlier_masks = None
        elif Table.MASKS in rows:
            self._show(key)
