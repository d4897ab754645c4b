"""Find the data sets in a folder, and check them."""

from collections.abc import Callable
from pathlib import Path

from app.core.errors import UsageError
from app.export.checks.finding import Finding, Findings
from app.export.checks.json_files import check_json, holds_annotations
from app.export.checks.trees import check_davis, check_youtube_vos
from app.export.reading.source import reason

_PARTS = ("Annotations", "ImageSets", "JPEGImages", "annotations")
"""Folders that belong to a data set and are none themselves."""


def data_sets(path: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder and its subfolders, as several exports leave them.

    Returns:
        Its kind, a key of `_CHECKS`, and the folder or file, for each.

    Raises:
        UsageError: there is none.
    """
    found = _data_sets(path)
    if path.is_dir():
        inner = sorted(each for each in path.iterdir() if each.is_dir() and each.name not in _PARTS)
        found += [data_set for folder in inner for data_set in _data_sets(folder)]
    if not found:
        raise UsageError(
            f"{path} is no data set that can be checked.",
            "Name a DAVIS or YouTube-VOS tree, or a folder or file of COCO or YouTube-VIS.",
        )
    return found


def _data_sets(path: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder itself; beside a tree, only JSON files of annotations."""
    if path.is_file() and path.suffix.lower() == ".json":
        return [("json", path)]
    trees = []
    if (path / "meta.json").is_file():
        trees = [("youtube_vos", path)]
    elif (path / "Annotations").is_dir() or (path / "ImageSets").is_dir():
        trees = [("davis", path)]
    files = [file for file in _json_files(path) if not trees or holds_annotations(file)]
    return [*trees, *(("json", file) for file in files)]


def check(path: Path) -> Findings:
    """Check data sets; yields what their official readers would refuse or misread.

    Raises:
        UsageError: there is no data set that is known.
    """
    for kind, root in data_sets(path):
        try:
            yield from _CHECKS[kind](root)
        except OSError as error:
            yield Finding(root, f"it cannot be read: {reason(error)}")


_CHECKS: dict[str, Callable[[Path], Findings]] = {
    "davis": check_davis,
    "youtube_vos": check_youtube_vos,
    "json": check_json,
}


def _json_files(folder: Path) -> list[Path]:
    """List the annotation files of a folder or its ``annotations``; not what exports add."""
    found = [*folder.glob("*.json"), *folder.glob("annotations/*.json")]
    return sorted(file for file in found if not file.name.endswith(".objects.json"))
