"""The project file: an SQLite database that every edit is committed to."""
