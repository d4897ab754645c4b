"""What a press, drag and release on the picture mean: one class per tool."""
