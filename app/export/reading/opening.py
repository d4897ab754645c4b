"""Find out what a file or folder of masks is, and open it with its reader."""

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.errors import ExportError
from app.export.reading.coco import open_coco, open_coco_results
from app.export.reading.cvat import open_cvat
from app.export.reading.label_images import (
    image_files,
    object_folders,
    open_label_images,
    open_object_tree,
)
from app.export.reading.labelme import is_labelme, open_labelme
from app.export.reading.mots_text import open_mots_text
from app.export.reading.source import (
    MAX_JSON_BYTES,
    MaskSource,
    check_file_size,
    chosen,
    load_json,
    reading,
)
from app.export.reading.video_choice import Wanted, named
from app.export.reading.videos import open_sav, open_youtube_vis

_ANNOTATIONS = "Annotations"
_RESOLUTIONS = ("480p", "Full-Resolution", "1080p")


def read_masks(
    path: Path, size_hw: tuple[int, int], source_name: str, video: str | None = None
) -> MaskSource:
    """Open a file or folder of masks.

    Args:
        path: a folder of label images, of a folder per object or of LabelMe files; a tree of DAVIS,
            YouTube-VOS or MOTS; or a file: JSON (COCO, YouTube-VIS, SA-V, LabelMe), CVAT XML, a zip
            file with COCO, or MOTS text.  One label image stands for its folder, or for those of
            all objects, one LabelMe file for those of all frames.
        size_hw: height and width of the video; masks of another size are refused.
        source_name: name of the video, which chooses from several videos.
        video: name of the video in the file, where that differs.

    Raises:
        ChoiceError: it holds several videos, of which none is named like the source.
        ExportError: it is none of these, or it cannot be read (also while iterating).
    """
    wanted = named(video, source_name)
    with reading(path, "masks"):
        if path.is_dir():
            return _open_folder(path, size_hw, wanted)
        check_file_size(path, 2**40)
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return open_cvat(path, size_hw)
    if suffix == ".txt":
        return open_mots_text(path, size_hw)
    if suffix == ".png":
        return read_masks(_folder_of(path), size_hw, source_name, video)
    with reading(path, "JSON"):
        content = _load_zip(path) if suffix == ".zip" else load_json(path)
    return _open_json(path, content, size_hw, wanted)


def _folder_of(image: Path) -> Path:
    """Return the folder that an image stands for: of a folder per object, that of all objects."""
    folder, tree = image.parent, image.parent.parent
    if not folder.name.isdecimal() or tree.name in (_ANNOTATIONS, *_RESOLUTIONS):
        return folder  # of a sequence
    with reading(image, "masks"):
        return tree if folder in object_folders(tree) else folder


def _open_folder(path: Path, size_hw: tuple[int, int], wanted: Wanted) -> MaskSource:
    tree = path / _ANNOTATIONS
    if tree.is_dir():
        tree = next((tree / name for name in _RESOLUTIONS if (tree / name).is_dir()), tree)
        folders = sorted(folder for folder in tree.iterdir() if folder.is_dir())
        path = folders[chosen(path, [folder.name for folder in folders], wanted)]
    if (path / "instances").is_dir():
        path = path / "instances"
    if files := _labelme_files(path):  # whose frames may lie beside them
        return open_labelme(path, files, size_hw)
    if image_files(path):
        return open_label_images(path, size_hw)
    if object_folders(path):
        return open_object_tree(path, size_hw)
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
    if folders and path.name != "JPEGImages":
        found = folders[chosen(path, [folder.name for folder in folders], wanted)]
        if image_files(found) or object_folders(found) or (found / "instances").is_dir():
            return _open_folder(found, size_hw, wanted)
    raise ExportError(
        f"{path} holds no masks that can be read.",
        "Choose a folder of label images such as 00000.png, or a file.",
    )


def _labelme_files(folder: Path) -> list[Path]:
    """List the JSON files of a folder if the first that is readable is of LabelMe."""
    files = sorted(file for file in folder.glob("*.json") if not file.name.startswith("."))
    for file in files:
        with suppress(ValueError, OSError, RecursionError):
            return files if is_labelme(load_json(file)) else []
    return []


def _labelme_siblings(file: Path) -> list[Path]:
    """List the LabelMe files of all frames, given that of one."""
    stem = _without_number(file.stem)
    return [
        each
        for each in file.parent.glob("*.json")
        if each == file or (each.stem[-1:].isdecimal() and _without_number(each.stem) == stem)
    ]


def _without_number(stem: str) -> str:
    return stem.rstrip("0123456789")


def _load_zip(path: Path) -> Any:  # noqa: ANN401 - as in JSON
    """Parse the first file of annotations in a zip file.

    Raises:
        ValueError, OSError: there is none, or it is too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".json")]
            if not members:
                raise ValueError("it holds no JSON file")
            with archive.open(members[0]) as file:
                content = file.read(MAX_JSON_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is no zip file that can be read ({error})") from error
    if len(content) > MAX_JSON_BYTES:
        raise ValueError(f"{members[0].filename} has more than {MAX_JSON_BYTES // 2**20} MiB")
    return json.load(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig"))


def _open_json(path: Path, content: Any, size_hw: tuple[int, int], wanted: Wanted) -> MaskSource:  # noqa: ANN401 - as in JSON
    if isinstance(content, list):
        with reading(path, "COCO results"):
            return open_coco_results(path, content, size_hw)
    if is_labelme(content):
        return open_labelme(path, _labelme_siblings(path), size_hw)
    if not isinstance(content, dict):
        content = {}
    if "masklet" in content:
        with reading(path, "SA-V"):
            return open_sav(path, content, size_hw)
    with reading(path, "a COCO or YouTube-VIS file"):
        annotations = content["annotations"]
        if any(isinstance(each, dict) and "segmentations" in each for each in annotations):
            return open_youtube_vis(path, content, size_hw, wanted)
        return open_coco(path, content, size_hw, wanted)
