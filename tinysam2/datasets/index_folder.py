"""Folders with an ``index.json``: sets of stills, videos and unlabeled images side by side."""

import json
from dataclasses import dataclass
from pathlib import Path

from tinysam2.datasets.davis_tree import is_for_validation
from tinysam2.datasets.regions import region_stills
from tinysam2.datasets.samples import DatasetPart, ImageFile, StillFile

# A draw selects the set by these weights, then an image of it.
STILL_WEIGHTS = {
    "bsds500": 3.0, "ccp": 1.5, "pets128": 2.0, "humanseg290": 1.5, "carparts": 1.0,
    "camvid": 1.0, "coco_tiny100": 2.0, "food54": 0.5,
}  # fmt: skip
REGION_WEIGHT = 1.0
"""Weight of the regions of unlabeled images, relative to `STILL_WEIGHTS`."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    dataset: str
    path: Path  # a folder for videos, without suffix for images

    def still(self) -> StillFile:
        name = self.path.name
        return StillFile(self.path.with_name(f"{name}.jpg"), self.path.with_name(f"{name}.png"))


def read_index_folder(root: Path, has_regions: bool = True) -> list[DatasetPart]:
    """Read what ``root/index.json`` marks ``"split": "train"``.

    Its ``entries`` say of each video, still ("image") and "unlabeled" image: ``type``,
    ``dataset``, ``split`` and ``path``, relative and without suffix.  Images are JPEG, labels
    PNG of the same stem.

    Args:
        root: the folder.
        has_regions: whether the regions of unlabeled images are stills.

    Returns:
        One part per set of stills, one with these regions, then one with everything else.
    """
    rows = json.loads((root / "index.json").read_text("utf-8"))["entries"]
    entries = [
        _Entry(row["type"], row["dataset"], root / row["path"])
        for row in rows
        if row.get("split") == "train"
    ]
    entries = [e for e in entries if e.dataset != "davis" or not is_for_validation(e.path.name)]
    stills: dict[str, list[StillFile]] = {}
    for entry in entries:
        if entry.kind == "image":
            stills.setdefault(entry.dataset, []).append(entry.still())
    sets = [
        DatasetPart(STILL_WEIGHTS.get(name, 1.0), stills=found) for name, found in stills.items()
    ]
    unlabeled = [entry.still().path for entry in entries if entry.kind == "unlabelled"]
    regions = DatasetPart(REGION_WEIGHT, stills=region_stills(unlabeled if has_regions else ()))
    return [*sets, regions, _rest(entries)]


def _rest(entries: list[_Entry]) -> DatasetPart:
    """Collect videos and backgrounds, and the images of all entries in the index's order."""
    clips: list[list[StillFile]] = []
    backgrounds: list[ImageFile] = []
    images: list[ImageFile] = []
    for entry in entries:
        if entry.kind == "video":
            frames = sorted(entry.path.glob("*.jpg"))
            images += map(ImageFile, frames)
            masks = [(frame, frame.with_suffix(".png")) for frame in frames]
            clips.append([StillFile(frame, mask) for frame, mask in masks if mask.exists()])
        elif entry.kind in ("image", "unlabelled"):
            images.append(ImageFile(entry.still().path))
            if entry.kind == "unlabelled":
                backgrounds.append(images[-1])
    clips = [clip for clip in clips if len(clip) >= 2]
    return DatasetPart(clips=clips, backgrounds=backgrounds, images=images)
