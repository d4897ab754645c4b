"""Preferences survive a restart."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from app.core.settings import ModelSettings
from app.storage.home import home_folder
from app.ui.state.preferences import Preferences


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    shutil.rmtree(home_folder(), ignore_errors=True)


@pytest.mark.parametrize(
    "settings",
    [
        ModelSettings(),
        ModelSettings("edgetam", Path("w.pt"), "cuda:1", 768),
        ModelSettings(memory=(("policy", "fifo"), ("pool", 1), ("keep_ratio", None))),
    ],
)
def test_the_selected_model_is_stored(settings: ModelSettings) -> None:
    Preferences().model = settings
    assert Preferences().model == settings


@pytest.mark.parametrize("stored", ["", "[]", '{"name": "x"}', "{", '{"memory": 1}'])
def test_unreadable_preferences_are_ignored(stored: str) -> None:
    file = QSettings(str(home_folder() / "window.ini"), QSettings.Format.IniFormat)
    file.setValue("model", stored)
    file.sync()
    assert Preferences().model == ModelSettings()
