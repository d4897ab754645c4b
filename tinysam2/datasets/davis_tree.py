"""DAVIS and YouTube-VOS trees: ``JPEGImages/<video>/*.jpg`` and ``Annotations/<video>/*.png``."""

from pathlib import Path

from tinysam2.datasets.samples import DatasetPart, ImageFile, StillFile

# The validation set of DAVIS 2017, which holds that of 2016: for measuring only.
VALIDATION_VIDEOS = frozenset({
    "bike-packing", "blackswan", "bmx-trees", "breakdance", "camel", "car-roundabout", "car-shadow",
    "cows", "dance-twirl", "dog", "dogs-jump", "drift-chicane", "drift-straight", "goat",
    "gold-fish", "horsejump-high", "india", "judo", "kite-surf", "lab-coat", "libby", "loading",
    "mbike-trick", "motocross-jump", "paragliding-launch", "parkour", "pigs", "scooter-black",
    "shooting", "soapbox",
})  # fmt: skip
_RESOLUTIONS = ("480p", "Full-Resolution", "")


def is_for_validation(video: str) -> bool:
    """Return whether a DAVIS video must not be trained on."""
    return video in VALIDATION_VIDEOS


def read_davis_tree(root: Path) -> list[DatasetPart]:
    """Read a tree of videos, with or without a folder of the resolution between.

    DAVIS's validation videos are left out wherever they lie.

    Raises:
        ValueError: no video there has two annotated frames that may be trained on.
    """
    image_root, annotations = _resolution(root)
    clips: list[list[StillFile]] = []
    images: list[ImageFile] = []
    for folder in sorted(path for path in annotations.iterdir() if path.is_dir()):
        if is_for_validation(folder.name):
            continue
        frames = sorted((image_root / folder.name).glob("*.jpg"))
        masks = [(frame, folder / f"{frame.stem}.png") for frame in frames]
        clip = [StillFile(frame, mask) for frame, mask in masks if mask.exists()]
        if len(clip) >= 2:
            clips.append(clip)
            images += map(ImageFile, frames)
    if not clips:
        raise ValueError(f"{root} holds no annotated video that may be trained on")
    return [DatasetPart(clips=clips, images=images)]


def _resolution(root: Path) -> tuple[Path, Path]:
    for name in _RESOLUTIONS:
        image_root, annotations = root / "JPEGImages" / name, root / "Annotations" / name
        if image_root.is_dir() and annotations.is_dir():
            return image_root, annotations
    raise ValueError(f"{root} must hold the folders JPEGImages and Annotations")
