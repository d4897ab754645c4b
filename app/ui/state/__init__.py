"""State that widgets share: preferences, view state, document signals, undo."""
