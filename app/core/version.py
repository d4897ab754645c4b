"""The version of the installed program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Return the version of the program, or a note that it is not installed."""
    try:
        return version("tinysam2-annotator")
    except PackageNotFoundError:
        return "(not installed)"
