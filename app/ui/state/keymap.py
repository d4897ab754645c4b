"""The keys of the actions: defaults, and what the user changed."""

from collections.abc import Mapping

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from app.ui.state.preferences import Preferences
from app.ui.translation import translate

Keys = tuple[str, ...]


def key_text(keys: Keys) -> str:
    """Format key sequences in the notation of the platform: ``Ctrl+Shift+Z or Ctrl+Y``."""
    native = QKeySequence.SequenceFormat.NativeText
    between = translate("Keymap", " or ")
    return between.join(QKeySequence(key).toString(native) for key in keys)


class Keymap(QObject):
    """Key sequences by action; no sequence belongs to two actions.

    Actions of gestures are apart: within a gesture they come before the other actions, with which
    they may share keys.  Changes are stored in the preferences.  Lives on the GUI thread.

    Args:
        defaults: key sequences of each action in Qt's portable notation, by the action's text.
        preferences: where the changed ones are stored.
        parent: owner.
        gestures: the same of the actions that only a gesture in progress has.

    Signals:
        changed: text of the action whose keys changed.
    """

    changed = Signal(str)

    def __init__(
        self,
        defaults: Mapping[str, Keys],
        preferences: Preferences,
        parent: QObject | None = None,
        gestures: Mapping[str, Keys] | None = None,
    ) -> None:
        super().__init__(parent)
        self._gestures = frozenset(gestures or {})
        every = {**defaults, **(gestures or {})}
        self._defaults = {action: tuple(map(_portable, keys)) for action, keys in every.items()}
        self._preferences = preferences
        stored = preferences.shortcuts
        self._own = {action: keys for action, keys in stored.items() if action in every}

    def keys(self, action: str) -> Keys:
        """Return the keys of an action; a default key that the user gave to another is left out."""
        if action in self._own:
            return self._own[action]
        others = (keys for other, keys in self._own.items() if self._exclude(action, other))
        taken = {key for keys in others for key in keys}
        return tuple(key for key in self._defaults[action] if key not in taken)

    def has_key(self, action: str, event: QKeyEvent) -> bool:
        """Return whether a key that was pressed, on the keypad or not, belongs to an action."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        pressed = QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key())))
        return _portable(pressed) in self.keys(action)

    def with_keys(self, text: str, *actions: str) -> str:
        """Return a text with the first key of each action in brackets, as far as they have one."""
        held = (self.keys(action)[:1] for action in actions)
        shown = ", ".join(key_text(keys) for keys in held if keys)
        return f"{text} ({shown})" if shown else text

    def is_default(self, action: str) -> bool:
        """Return whether the keys of an action are the default ones."""
        return self.keys(action) == self._defaults[action]

    def owner(self, key: str, action: str = "") -> str | None:
        """Return the action that a key sequence belongs to; None if it is free.

        Args:
            key: the key sequence.
            action: for which it has to be free; any action of the window if empty.
        """
        wanted = _portable(key)
        held = (each for each in self._defaults if self._exclude(action, each))
        return next((each for each in held if wanted in self.keys(each)), None)

    def _exclude(self, action: str, other: str) -> bool:
        """Return whether two actions must not share a key."""
        return (action in self._gestures) == (other in self._gestures)

    def add(self, action: str, key: str) -> None:
        """Give a key sequence to an action; another action that has it loses it."""
        key, before = _portable(key), self.owner(key, action)
        if not key or before == action:
            return
        if before is not None:
            self._set(before, tuple(each for each in self.keys(before) if each != key))
        self._set(action, (*self.keys(action), key))
        self._store()

    def clear(self, action: str) -> None:
        """Take all keys from an action."""
        self._set(action, ())
        self._store()

    def reset(self, action: str) -> None:
        """Give an action its default keys; other actions that have them lose them."""
        self.clear(action)
        for key in self._defaults[action]:
            self.add(action, key)

    def reset_all(self) -> None:
        """Give every action its default keys."""
        changed = [each for each in self._defaults if not self.is_default(each)]
        self._own.clear()
        self._store()
        for action in changed:
            self.changed.emit(action)

    def _set(self, action: str, keys: Keys) -> None:
        self._own[action] = keys
        if keys == self._defaults[action]:
            del self._own[action]
        self.changed.emit(action)

    def _store(self) -> None:
        self._preferences.shortcuts = self._own


def _portable(key: str | QKeySequence) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
