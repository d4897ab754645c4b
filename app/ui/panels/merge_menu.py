"""The menu that lists the objects that the active one can be merged into."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from PySide6.QtWidgets import QMenu, QWidget

from app.core.document import TrackedObject
from app.ui.panels.objects_model import swatch


class Merger(Protocol):
    """What merges objects: the objects panel."""

    def merge_targets(self) -> Sequence[tuple[TrackedObject, bool]]:
        """Return the other objects, and whether each may be changed."""
        ...

    def merge_into(self, target_id: int) -> None:
        """Merge the active object into another one."""
        ...


class MergeMenu(QMenu):
    """Lists the objects each time it is opened.

    Args:
        merger: returns what merges the objects of the open session; None without a session.
        parent: owner.
    """

    def __init__(self, merger: Callable[[], Merger | None], parent: QWidget) -> None:
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
