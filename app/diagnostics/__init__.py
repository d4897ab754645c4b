"""The log, what is kept of a crash, and what a report of a fault needs."""
