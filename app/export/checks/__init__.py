"""Checks of data set folders by the rules of the official readers."""
