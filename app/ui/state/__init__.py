"""State that widgets share: preferences, keys, view state, document signals, review."""
