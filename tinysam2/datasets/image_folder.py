"""Plain folders of pictures, with masks of the same stem or without."""

from pathlib import Path

from tinysam2.datasets.regions import region_stills
from tinysam2.datasets.samples import Material, PictureFile, StillFile

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def read_picture_folder(root: Path) -> list[Material]:
    """Read unlabelled pictures in a folder and the folders below it.

    Raises:
        ValueError: there are none.
    """
    pictures = [PictureFile(path) for path in _some_pictures(root)]
    return [Material(backgrounds=pictures, pictures=pictures)]


def read_region_folder(root: Path) -> list[Material]:
    """Read unlabelled pictures as `read_picture_folder` does, their regions as stills.

    Raises:
        ValueError: there are none.
    """
    pictures = _some_pictures(root)
    plain = [PictureFile(path) for path in pictures]
    return [Material(stills=region_stills(pictures), backgrounds=plain, pictures=plain)]


def read_mask_folder(root: Path, pictures_root: Path | None) -> list[Material]:
    """Read masks (PNG) and the pictures of the same stem; a mask without a picture is no still.

    Args:
        root: folder of the masks.
        pictures_root: folder of the pictures; None for ``root``, where they are no PNG.

    Raises:
        ValueError: no mask has a picture.
    """
    folder = pictures_root or root
    is_shared = folder.resolve() == root.resolve()
    by_stem = {
        path.relative_to(folder).with_suffix(""): path
        for path in _pictures(folder)
        if not (is_shared and path.suffix.lower() == ".png")
    }
    masks = sorted(root.rglob("*.png"))
    found = [(by_stem.get(mask.relative_to(root).with_suffix("")), mask) for mask in masks]
    stills = [StillFile(picture, mask) for picture, mask in found if picture is not None]
    if not stills:
        raise ValueError(f"{root} holds no mask with a picture of the same name in {folder}")
    return [Material(stills=stills, pictures=stills)]


def _some_pictures(root: Path) -> list[Path]:
    pictures = _pictures(root)
    if not pictures:
        raise ValueError(f"{root} holds no pictures")
    return pictures


def _pictures(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES)
