"""The main window, its actions and its fixed parts."""
