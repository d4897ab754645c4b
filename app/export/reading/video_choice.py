"""Which of several videos in one file is the one to import into."""

from collections.abc import Callable

from app.export.naming import file_stem

Wanted = Callable[[str], bool]


def named(name: str | None, source_name: str) -> Wanted:
    """Return whether a video of a file is wanted: by its name, or else by that of the source."""

    def is_wanted(candidate: str) -> bool:
        if name is not None:
            return candidate == name
        return file_stem(candidate) == file_stem(source_name)

    return is_wanted
