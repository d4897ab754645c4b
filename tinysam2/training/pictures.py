"""Reading the training data folder: its index, pictures and masks."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORBIDDEN_FOR_TRAINING = ("davis", "val")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``index.json``: a video folder, an annotated still or an unlabelled picture."""

    kind: str
    dataset: str
    split: str
    path: Path
    mask_kind: str


def read_index(root: Path) -> list[Entry]:
    """Read ``root/index.json``.

    Returns:
        Entries whose ``path`` is absolute and has no suffix (a folder for videos).
    """
    rows = json.loads((root / "index.json").read_text())["entries"]
    return [
        Entry(r["type"], r["dataset"], r.get("split", ""), root / r["path"], r.get("kind") or "")
        for r in rows
    ]


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture file as (H, W, 3) uint8 RGB."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"cannot read picture {path}")
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit palette PNG as (H, W) uint8 object ids."""
    return np.asarray(Image.open(path), dtype=np.uint8)


def training_pictures(root: Path) -> list[Path]:
    """List every picture that an encoder may learn from: stills, unlabelled, training videos."""
    paths: list[Path] = []
    for entry in read_index(root):
        if entry.split != "train":
            continue
        if entry.kind == "video":
            paths += sorted(entry.path.glob("*.jpg"))
        elif entry.kind in ("image", "unlabelled"):
            paths.append(entry.path.with_name(entry.path.name + ".jpg"))
    return paths
