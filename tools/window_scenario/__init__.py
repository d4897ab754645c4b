"""Plays a scenario in the window with real mouse and key events, and checks each step.

Nothing is asked of the program but what a user sees and what it saves: positions are found on the
screen, states are read from the project file and the exports.
"""
