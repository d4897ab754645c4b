"""The project file: an SQLite database that is always saved."""
