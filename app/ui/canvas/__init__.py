"""The picture in the middle of the window, and what the mouse does on it."""
