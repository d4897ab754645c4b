"""Find the data sets in a folder, and check them."""

from collections.abc import Callable
from pathlib import Path

from app.core.errors import UsageError
from app.export.checks.finding import Finding, Findings
from app.export.checks.json_files import check_json, may_hold_annotations
from app.export.checks.trees import check_davis, check_youtube_vos
from app.export.reading.source import reason

_PARTS = ("Annotations", "ImageSets", "JPEGImages", "annotations")
"""Folders that belong to a data set and are none themselves."""


def data_sets(path: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder and its subfolders, as several exports leave them.

    JSON files that are no annotations are left out; where there is nothing else, they are checked,
    so that what they lack is named.

    Returns:
        The kind, a key of `_CHECKS`, and the folder or file of each.

    Raises:
        UsageError: there is none.
    """
    if path.is_file() and path.suffix.lower() == ".json":
        return [("json", path)]
    found = _data_sets(path)
    if path.is_dir():
        inner = sorted(each for each in path.iterdir() if each.is_dir() and each.name not in _PARTS)
        found += [data_set for folder in inner for data_set in _data_sets(folder)]
    found = found or [("json", file) for file in _json_files(path)]
    if not found:
        raise UsageError(
            f"{path} is no data set that can be checked.",
            "Name a DAVIS or YouTube-VOS tree, or a folder or file of COCO or YouTube-VIS.",
        )
    return found


def _data_sets(folder: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder itself."""
    trees = []
    if (folder / "meta.json").is_file():
        trees = [("youtube_vos", folder)]
    elif (folder / "Annotations").is_dir() or (folder / "ImageSets").is_dir():
        trees = [("davis", folder)]
    return [*trees, *(("json", file) for file in _json_files(folder) if may_hold_annotations(file))]


def check(found: list[tuple[str, Path]]) -> Findings:
    """Check `data_sets`; yields what their official readers would refuse or misread."""
    for kind, root in found:
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
