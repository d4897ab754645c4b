"""Find out what a data set folder is, and check it."""

from pathlib import Path

from app.core.errors import UsageError
from app.export.checks.finding import Finding, Findings
from app.export.checks.json_files import check_json
from app.export.checks.trees import check_davis, check_youtube_vos
from app.export.reading.source import reason

KINDS = ("davis", "youtube_vos", "json")


def kind_of(path: Path) -> str:
    """Return which of `KINDS` a folder or file is.

    Raises:
        UsageError: it is none of them.
    """
    if path.is_file() and path.suffix.lower() == ".json":
        return "json"
    if (path / "meta.json").is_file():
        return "youtube_vos"
    if (path / "Annotations").is_dir() or (path / "ImageSets").is_dir():
        return "davis"
    if path.is_dir() and _json_files(path):
        return "json"
    raise UsageError(
        f"{path} is no data set that can be checked.",
        "Name a DAVIS or YouTube-VOS tree, or a folder or file of COCO or YouTube-VIS.",
    )


def check(path: Path) -> Findings:
    """Check a data set; yields what its official reader would refuse or misread.

    Raises:
        UsageError: it is no data set that is known.
    """
    kind = kind_of(path)
    try:
        if kind == "davis":
            yield from check_davis(path)
        elif kind == "youtube_vos":
            yield from check_youtube_vos(path)
        else:
            for file in [path] if path.is_file() else _json_files(path):
                yield from check_json(file)
    except OSError as error:
        yield Finding(path, f"it cannot be read: {reason(error)}")


def _json_files(folder: Path) -> list[Path]:
    """List the annotation files of a folder or its ``annotations``; not what exports add."""
    found = [*folder.glob("*.json"), *folder.glob("annotations/*.json")]
    return sorted(file for file in found if not file.name.endswith(".objects.json"))
