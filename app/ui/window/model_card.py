"""The part of the start page that tells which model is in use and where better masks come from."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

from app.core.settings import BUNDLED_MODEL, ModelSettings
from app.tracking.model_catalog import BUNDLED_SCORE, KnownModelRow, ModelState
from app.ui.style.theme import SPACING_PX
from app.ui.translation import translate

SUGGESTED_MODEL = "edgetam"
BYTES_PER_PARAMETER = 4  # of published checkpoints


def download_text(model: KnownModelRow) -> str:
    """Return the size of a model's download."""
    if model.megabytes is not None:
        return f"{model.megabytes} MB"
    size = model.parameters * BYTES_PER_PARAMETER / 1e6
    return translate("ModelCard", "about {size} MB").format(size=f"{size:.0f}")


def score_text(model: KnownModelRow) -> str:
    """Return the J&F of a model and on what it was measured; empty if unknown."""
    if model.name == BUNDLED_MODEL:
        text = translate("ModelCard", "J&F {score} on 15 sequences of DAVIS val (measured)")
        return text.format(score=f"{BUNDLED_SCORE:.3f}")
    if model.davis17_val is None:
        return ""
    text = translate("ModelCard", "J&F {score} on DAVIS 2017 val (published)")
    return text.format(score=f"{model.davis17_val / 100:.3f}")


class ModelCard(QFrame):
    """Names the model in use with its score, the stored ones, and a better one to get.

    Signals:
        model_requested: name of the model to show in the model dialog.
    """

    model_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        grid = QGridLayout(self)
        grid.setContentsMargins(2 * SPACING_PX, SPACING_PX, 2 * SPACING_PX, SPACING_PX)
        grid.setHorizontalSpacing(2 * SPACING_PX)
        grid.setColumnStretch(0, 1)
        # Two lines, one and two, as later: the page must not move when the models are known.
        reading = self.tr("<b>Model</b><br>Reading the list of models…")
        self.in_use = QLabel(reading, self, wordWrap=True)
        self.stored = QLabel(" ", self, wordWrap=True)
        self.stored.setProperty("role", "muted")
        self.better = QLabel("<b>&nbsp;</b><br>&nbsp;", self, wordWrap=True)
        self._choose = QPushButton(self.tr("Models…"), self)
        self._choose.clicked.connect(lambda: self.model_requested.emit(""))
        self._get = QPushButton(self.tr("Better masks…"), self)
        self._get.clicked.connect(lambda: self.model_requested.emit(SUGGESTED_MODEL))
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(self.in_use, 0, 0)
        grid.addWidget(self.stored, 1, 0)
        grid.addWidget(self._choose, 0, 1, 2, 1, top)
        grid.addWidget(self.better, 2, 0)
        grid.addWidget(self._get, 2, 1, top)
        self._show_suggestion(False)

    def show_models(self, models: Sequence[KnownModelRow], settings: ModelSettings) -> None:
        """Show the state of the models.

        Args:
            models: the known models.
            settings: the model in use.
        """
        by_name = {model.name: model for model in models}
        used = by_name.get(settings.name)
        name = settings.name if used is None else used.title
        score = "" if used is None else score_text(used)
        title = self.tr("<b>Model: {name}</b>").format(name=name)
        self.in_use.setText(title + (f"<br>{score}" if score else ""))
        stored = [m.title for m in models if m.state is not ModelState.NOT_STORED]
        self.stored.setText(self.tr("On this computer: {models}").format(models=", ".join(stored)))
        suggested = by_name.get(SUGGESTED_MODEL)
        is_better = suggested is not None and settings.name == BUNDLED_MODEL
        self._show_suggestion(is_better)
        if suggested is not None and is_better:
            self._suggest(suggested)

    def _show_suggestion(self, is_shown: bool) -> None:
        for widget in (self.better, self._get):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
            widget.setVisible(is_shown)

    def _suggest(self, model: KnownModelRow) -> None:
        if model.state is ModelState.STORED:
            better, button = self.tr("Better masks: use {model}"), self.tr("Use {model}…")
        else:
            better, button = self.tr("Better masks: get {model} ({size})"), self.tr("Get {model}…")
        title = better.format(model=model.title, size=download_text(model))
        self.better.setText(f"<b>{title}</b><br>{score_text(model)}")
        self._get.setText(button.format(model=model.title))
