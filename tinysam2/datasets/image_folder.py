"""Plain folders of images, with masks of the same stem or without."""

from pathlib import Path

from tinysam2.datasets.regions import region_stills
from tinysam2.datasets.samples import DatasetPart, ImageFile, StillFile

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def read_image_folder(root: Path) -> list[DatasetPart]:
    """Read unlabeled images in a folder and the folders below it.

    Raises:
        ValueError: there are none.
    """
    images = [ImageFile(path) for path in _some_images(root)]
    return [DatasetPart(backgrounds=images, images=images)]


def read_region_folder(root: Path) -> list[DatasetPart]:
    """Read unlabeled images as `read_image_folder` does, their regions as stills.

    Raises:
        ValueError: there are none.
    """
    images = _some_images(root)
    plain = [ImageFile(path) for path in images]
    return [DatasetPart(stills=region_stills(images), backgrounds=plain, images=plain)]


def read_mask_folder(root: Path, images_root: Path | None) -> list[DatasetPart]:
    """Read masks (PNG) and the images of the same stem; a mask without an image is no still.

    Args:
        root: folder of the masks.
        images_root: folder of the images; None for ``root``, where they are no PNG.

    Raises:
        ValueError: no mask has an image.
    """
    folder = images_root or root
    is_shared = folder.resolve() == root.resolve()
    by_stem = {
        path.relative_to(folder).with_suffix(""): path
        for path in _images(folder)
        if not (is_shared and path.suffix.lower() == ".png")
    }
    masks = sorted(root.rglob("*.png"))
    found = [(by_stem.get(mask.relative_to(root).with_suffix("")), mask) for mask in masks]
    stills = [StillFile(image, mask) for image, mask in found if image is not None]
    if not stills:
        raise ValueError(f"{root} holds no mask with an image of the same name in {folder}")
    return [DatasetPart(stills=stills, images=stills)]


def _some_images(root: Path) -> list[Path]:
    images = _images(root)
    if not images:
        raise ValueError(f"{root} holds no images")
    return images


def _images(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES)
