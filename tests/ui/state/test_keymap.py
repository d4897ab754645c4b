"""The user's keys: never ambiguous, stored, reset."""

import shutil
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from app.storage.home import home_folder
from app.ui.state.keymap import Keymap
from app.ui.state.preferences import Preferences

DEFAULTS = {"Play": ("Space",), "Track": ("T",), "Next": ("Right", "D"), "Delete": ()}


@pytest.fixture
def keymap() -> Iterator[Keymap]:
    yield Keymap(DEFAULTS, Preferences())
    shutil.rmtree(home_folder(), ignore_errors=True)


def test_a_key_that_is_taken_over_leaves_its_action(keymap: Keymap) -> None:
    assert keymap.owner("t") == "Track"
    keymap.add("Play", "T")
    assert keymap.keys("Play") == ("Space", "T")
    assert keymap.keys("Track") == ()
    assert keymap.owner("T") == "Play"


def test_changes_are_stored_and_reset(keymap: Keymap) -> None:
    keymap.add("Delete", "Ctrl+D")
    keymap.add("Play", "T")
    again = Keymap(DEFAULTS, Preferences())
    assert again.keys("Delete") == ("Ctrl+D",)
    assert again.keys("Track") == ()
    again.reset("Track")
    assert again.keys("Track") == ("T",)
    assert again.keys("Play") == ("Space",)
    again.reset_all()
    assert all(again.is_default(action) for action in DEFAULTS)
    assert Preferences().shortcuts == {}


def test_keys_of_actions_that_do_not_exist_any_more_are_ignored() -> None:
    preferences = Preferences()
    preferences.shortcuts = {"Gone": ("X",)}
    assert Keymap(DEFAULTS, preferences).owner("X") is None
    shutil.rmtree(home_folder(), ignore_errors=True)


def test_a_change_is_announced_for_every_action_it_concerns(keymap: Keymap) -> None:
    changed: list[str] = []
    keymap.changed.connect(changed.append)
    keymap.add("Play", "T")
    assert changed == ["Track", "Play"]
    keymap.add("Play", "T")
    assert len(changed) == 2


def test_keys_are_right_when_a_reset_is_announced(keymap: Keymap) -> None:
    keymap.add("Play", "T")
    announced = {}
    keymap.changed.connect(lambda action: announced.update({action: keymap.keys(action)}))
    keymap.reset_all()
    assert announced == {"Play": ("Space",), "Track": ("T",)}


def test_a_default_of_a_later_version_does_not_take_a_key_from_the_user(keymap: Keymap) -> None:
    keymap.add("Play", "Ctrl+R")
    later = Keymap({**DEFAULTS, "Record": ("Ctrl+R", "R")}, Preferences())
    assert later.owner("Ctrl+R") == "Play"
    assert later.keys("Record") == ("R",)


def test_texts_name_the_first_key_of_each_action_that_has_one(keymap: Keymap) -> None:
    assert keymap.with_keys("Go", "Next", "Track") == "Go (Right, T)"
    keymap.add("Track", "Right")
    assert keymap.with_keys("Go", "Next", "Delete") == "Go (D)"
    assert keymap.with_keys("Remove", "Delete") == "Remove"


def test_keys_of_gestures_may_be_those_of_other_actions_but_not_of_each_other() -> None:
    gestures = {"Close": ("Return",), "Step back": ("Backspace",)}
    keymap = Keymap({**DEFAULTS, "Visit": ("Return",)}, Preferences(), gestures=gestures)
    assert keymap.owner("Return") == "Visit"
    assert keymap.owner("Return", "Step back") == "Close"
    keymap.add("Close", "T")
    assert (keymap.keys("Close"), keymap.keys("Track")) == (("Return", "T"), ("T",))
    keymap.add("Step back", "T")
    assert (keymap.keys("Close"), keymap.keys("Track")) == (("Return",), ("T",))
    again = Keymap({**DEFAULTS, "Visit": ("Return",)}, Preferences(), gestures=gestures)
    assert again.keys("Step back") == ("Backspace", "T")
    keymap.reset_all()


def test_a_key_of_the_keypad_is_the_key(keymap: Keymap) -> None:
    keymap.add("Play", "Enter")
    modifiers = Qt.KeyboardModifier
    for modifier, has_key in (
        (modifiers.NoModifier, True),
        (modifiers.KeypadModifier, True),
        (modifiers.ShiftModifier, False),
    ):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Enter, modifier)
        assert keymap.has_key("Play", event) is has_key
    keymap.reset_all()
