"""The main window and what it is composed of."""
