"""The table of known models."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.core.settings import BUNDLED_MODEL
from app.tracking.model_catalog import BUNDLED_SCORE, MEGABYTE, KnownModelRow, ModelState
from app.ui.style.theme import SPACING_PX
from app.ui.translation import QT_TRANSLATE_NOOP, translate
from app.ui.translation.sentences import translate_sentence

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
ROW_HEIGHT_PX = 26

SCORE = "J&F"

_ColumnSpec = tuple[str, Callable[[KnownModelRow], str], Qt.AlignmentFlag]
COLUMNS: tuple[_ColumnSpec, ...] = (
    (QT_TRANSLATE_NOOP("ModelTable", "Model"), lambda model: model.title, LEFT),
    (QT_TRANSLATE_NOOP("ModelTable", "Family"), lambda model: model.family, LEFT),
    (
        QT_TRANSLATE_NOOP("ModelTable", "Parameters"),
        lambda model: f"{model.parameters / MEGABYTE:.1f} M",
        RIGHT,
    ),
    (
        SCORE,
        lambda model: score_text(model),
        RIGHT,
    ),
    (QT_TRANSLATE_NOOP("ModelTable", "License"), lambda model: model.license, LEFT),
    (
        QT_TRANSLATE_NOOP("ModelTable", "Weights"),
        lambda model: translate_sentence(model.state.value),
        LEFT,
    ),
)
SCORE_TIP = QT_TRANSLATE_NOOP(
    "ModelTable",
    "J&F in percent on the validation split of DAVIS 2017, as published\n"
    "* measured on 15 of its 30 sequences",
)


# Parts of titles that do not explain themselves.
TITLE_TIPS = (
    (" Ti", QT_TRANSLATE_NOOP("ModelTable", "Ti: the image encoder is a ViT-Tiny, the fastest")),
    (" S", QT_TRANSLATE_NOOP("ModelTable", "S: the image encoder is a ViT-Small")),
    (
        "pooled memory",
        QT_TRANSLATE_NOOP(
            "ModelTable",
            "Pooled memory: attention reads means over 2 x 2 locations, which is faster",
        ),
    ),
    (
        "/1",
        QT_TRANSLATE_NOOP(
            "ModelTable", "/1: the number of merged locations is added to the attention logits"
        ),
    ),
    (
        "/2",
        QT_TRANSLATE_NOOP("ModelTable", "/2: the number of merged locations is added to the keys"),
    ),
    ("512 px", QT_TRANSLATE_NOOP("ModelTable", "512 px: trained for inputs of this size")),
)


def title_tip(model: KnownModelRow) -> str:
    """Return the name of a model on the command line and what its title means, one per line."""
    title = model.title.removeprefix(model.family)
    words = [translate("ModelTable", tip) for part, tip in TITLE_TIPS if part in title]
    return "\n".join([f"--model {model.name}", *words])


def score_text(model: KnownModelRow) -> str:
    """Return the J&F of a model in percent; a star marks the measured one, a dash none."""
    if model.name == BUNDLED_MODEL and model.state is ModelState.BUNDLED:
        return f"{100 * BUNDLED_SCORE:.1f}*"
    return "-" if model.davis17_val is None else f"{model.davis17_val}"


class ModelTable(QTableWidget):
    """Lists the known models with one selected; models without stored weights are grayed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._models: Sequence[KnownModelRow] = ()
        self.setAccessibleName(self.tr("Known models"))
        self.setHorizontalHeaderLabels([self.tr(title) for title, _, _ in COLUMNS])
        for index, (title, _, side) in enumerate(COLUMNS):
            header = self.horizontalHeaderItem(index)
            assert header is not None
            header.setTextAlignment(side)
            header.setToolTip(self.tr(SCORE_TIP) if title == SCORE else "")
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT_PX)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {SPACING_PX // 2}px; }}")

    def show_models(self, models: Sequence[KnownModelRow], selected: str) -> None:
        """Fill the table and select a model by name; the first one if the name is unknown."""
        self._models = models
        self.setRowCount(len(models))
        muted = self.palette().placeholderText()
        for row, model in enumerate(models):
            for column, (_, text_of, side) in enumerate(COLUMNS):
                item = QTableWidgetItem(text_of(model))
                item.setTextAlignment(side)
                item.setToolTip(title_tip(model))
                if model.state is ModelState.NOT_STORED:
                    item.setForeground(muted)
                self.setItem(row, column, item)
        names = [model.name for model in models]
        self.selectRow(names.index(selected) if selected in names else 0)

    @property
    def selected(self) -> KnownModelRow:
        """The selected model."""
        return self._models[max(0, self.currentRow())]
