"""The form of a model's settings enables what has an effect."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from app.core.settings import ModelSettings
from app.ui.dialogs.model_form import ModelForm
from tests.helpers.fake_catalog import FakeCatalog

pytestmark = pytest.mark.gui


def choice(form: ModelForm, name: str) -> QComboBox:
    return next(box for box in form.findChildren(QComboBox) if box.accessibleName() == name)


def test_where_tokens_are_pooled_can_be_chosen_only_if_they_are(qtbot: QtBot) -> None:
    available = FakeCatalog().available()
    form = ModelForm(available)
    qtbot.addWidget(form)
    pooling, model = choice(form, "Pooling"), available.models[0]
    settings = ModelSettings(model.name)
    form.show_model(model, settings)
    assert choice(form, "Pooled").isEnabled()
    pooling.setCurrentText("Off")
    assert not choice(form, "Pooled").isEnabled()
    pooling.setCurrentText("4 x 4 tokens")
    assert choice(form, "Pooled").isEnabled()
    form.show_model(model, replace(settings, memory=(("pool", 1),)))
    assert not choice(form, "Pooled").isEnabled()
    form.reset()
    assert choice(form, "Pooled").isEnabled()
