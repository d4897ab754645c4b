"""The menu that lists the objects that the active one can be merged into."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from app.ui.panels.object_commands import ObjectCommands
from app.ui.panels.objects_model import swatch


class MergeMenu(QMenu):
    """Lists the objects each time it is opened.

    Args:
        merger: returns what merges the objects of the open session; None without a session.
        parent: owner.
    """

    def __init__(self, merger: Callable[[], ObjectCommands | None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Merge into"))
        self._merger = merger
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        merger = self._merger()
        for target, is_free in [] if merger is None else merger.merge_targets():
            action = self.addAction(swatch(target.color), target.name.replace("&", "&&"))
            action.setEnabled(is_free)
            action.triggered.connect(partial(self._merge, target.object_id))

    def _merge(self, target_id: int, _checked: bool = False) -> None:
        if (merger := self._merger()) is not None:
            merger.merge_into(target_id)
