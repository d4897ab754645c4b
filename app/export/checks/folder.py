"""Find the data sets in a folder, and check them."""

from collections.abc import Callable
from pathlib import Path

from app.core.errors import UsageError
from app.export.checks.finding import Finding, Findings
from app.export.checks.json_files import check_json, may_have, may_hold_annotations
from app.export.checks.trees import check_davis, check_youtube_vos
from app.export.reading.source import reason

_PARTS = ("Annotations", "ImageSets", "JPEGImages", "annotations")
"""Folders that belong to a data set and are none themselves."""

_UNREADABLE = "unreadable"


def data_sets(path: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder and its subfolders, as several exports leave them.

    Hidden files and folders are left out, which file managers and notebooks make.  So are JSON
    files that are no annotations; where there is nothing else, they are checked, so that what they
    lack is named.

    Returns:
        The kind, a key of `_CHECKS`, and the folder or file of each.

    Raises:
        UsageError: there is none, or the folder cannot be read.
    """
    if path.is_file() and path.suffix.lower() == ".json":
        return [("json", path)]
    try:
        found = _data_sets(path)
        inner = [folder for folder in _folders(path) if folder.name not in _PARTS]
        found += [data_set for folder in inner for data_set in _data_sets_or_note(folder)]
        found = found or [("json", file) for file in _json_files(path)]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason(error)}.") from error
    if not found:
        raise UsageError(
            f"{path} is no data set that can be checked.",
            "Name a DAVIS or YouTube-VOS tree, or a folder or file of COCO or YouTube-VIS.",
        )
    return found


def _data_sets_or_note(folder: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a subfolder, or that it cannot be read."""
    try:
        return _data_sets(folder)
    except OSError:
        return [(_UNREADABLE, folder)]


def _data_sets(folder: Path) -> list[tuple[str, Path]]:
    """Return the data sets of a folder itself."""
    trees, names = [], {each.name for each in _folders(folder)}
    if _is_youtube_vos(folder, names):
        trees = [("youtube_vos", folder)]
    elif names & {"Annotations", "ImageSets"}:
        trees = [("davis", folder)]
    return [*trees, *(("json", file) for file in _json_files(folder) if may_hold_annotations(file))]


def _is_youtube_vos(folder: Path, names: set[str]) -> bool:
    """Return whether a folder with these subfolders has a ``meta.json`` of YouTube-VOS.

    Other programs give files this name too.
    """
    meta = folder / "meta.json"
    is_tree = "Annotations" in names and "ImageSets" not in names
    return meta.is_file() and (is_tree or may_have(meta, "videos"))


def check(found: list[tuple[str, Path]]) -> Findings:
    """Check `data_sets`; yields what their official readers would refuse or misread."""
    for kind, root in found:
        try:
            yield from _CHECKS[kind](root)
        except OSError as error:
            yield Finding(root, f"it cannot be read: {reason(error)}")


def _note_unreadable(folder: Path) -> Findings:
    yield Finding(folder, "it cannot be read: it is not checked", is_error=False)


_CHECKS: dict[str, Callable[[Path], Findings]] = {
    "davis": check_davis,
    "youtube_vos": check_youtube_vos,
    "json": check_json,
    _UNREADABLE: _note_unreadable,
}


def _folders(folder: Path) -> list[Path]:
    """List the subfolders, with the names that they have where case does not count."""
    return [each for each in _visible(folder) if each.is_dir()]


def _json_files(folder: Path) -> list[Path]:
    """List the annotation files of a folder or its ``annotations``; not what exports add."""
    files = _visible(folder)
    files += [file for each in files if each.name == "annotations" for file in _visible(each)]
    return sorted(file for file in files if _is_json(file) and not file.is_dir())


def _visible(folder: Path) -> list[Path]:
    """List what is in a folder and not hidden; nothing if it is none."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def _is_json(file: Path) -> bool:
    name = file.name.lower()
    return name.endswith(".json") and not name.endswith(".objects.json")
