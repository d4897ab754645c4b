"""Raw material of training clips: stills with an object, backgrounds, and short real clips."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from tinysam2.training.pictures import Entry, read_index, read_labels, read_picture

MIN_AREA, MAX_AREA = 0.004, 0.75  # of the picture: neither specks nor backgrounds
# Sets differ in size and worth; a draw picks the set by these weights, then a picture of it.
STILL_WEIGHTS = {
    "bsds500": 3.0, "ccp": 1.5, "pets128": 2.0, "humanseg290": 1.5, "carparts": 1.0,
    "camvid": 1.0, "coco_tiny100": 2.0, "food54": 0.5,
}  # fmt: skip


def draw_object(labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """Pick one object of a label map that is neither tiny nor the whole picture."""
    ids, counts = np.unique(labels[(labels > 0) & (labels < 255)], return_counts=True)
    share = counts / labels.size
    good = ids[(share > MIN_AREA) & (share < MAX_AREA)]
    return labels == rng.choice(good) if len(good) else None


def _crop_box(
    size_hw: tuple[int, int], mask: NDArray[np.bool_] | None, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Draw a crop (y0, y1, x0, x1) that holds the object, if any, and at least half a side."""
    height, width = size_hw
    bounds = [0, height, 0, width]
    if mask is not None:
        ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        bounds = [ys[0], ys[-1] + 1, xs[0], xs[-1] + 1]
    else:
        bounds = [height // 4, 3 * height // 4, width // 4, 3 * width // 4]
    y0, x0 = rng.integers(0, bounds[0] + 1), rng.integers(0, bounds[2] + 1)
    y1 = rng.integers(bounds[1], height + 1)
    x1 = rng.integers(bounds[3], width + 1)
    return int(y0), int(y1), int(x0), int(x1)


def _resize(picture: NDArray[np.uint8], mask: NDArray[np.bool_] | None, size: int) -> Tensor:
    """Squash a picture and its mask to (4, size, size) uint8, the mask in 0 and 255 last."""
    area = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    inside = (
        np.full(picture.shape[:2], 255, np.uint8) if mask is None else mask.astype(np.uint8) * 255
    )
    alpha = cv2.resize(inside, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.dstack([area, alpha])).permute(2, 0, 1).contiguous()


@dataclass(frozen=True, slots=True)
class Stills:
    """Where stills and backgrounds come from."""

    by_set: dict[str, list[Entry]]
    backgrounds: list[Path]

    @staticmethod
    def of(root: Path) -> "Stills":
        """Collect the training stills below a data folder."""
        by_set: dict[str, list[Entry]] = {}
        backgrounds: list[Path] = []
        for entry in read_index(root):
            if entry.split != "train":
                continue
            if entry.kind == "image" and entry.dataset in STILL_WEIGHTS:
                by_set.setdefault(entry.dataset, []).append(entry)
            elif entry.kind == "unlabelled":
                backgrounds.append(entry.path.with_name(entry.path.name + ".jpg"))
        return Stills(by_set, backgrounds)

    def draw_still(self, rng: np.random.Generator, size: int) -> Tensor:
        """Draw a picture with one of its objects: (4, size, size) uint8."""
        names = list(self.by_set)
        weights = np.array([STILL_WEIGHTS[n] for n in names])
        while True:
            entries = self.by_set[rng.choice(names, p=weights / weights.sum())]
            path = entries[rng.integers(len(entries))].path
            mask = draw_object(read_labels(path.with_name(path.name + ".png")), rng)
            if mask is None:
                continue
            picture = read_picture(path.with_name(path.name + ".jpg"))
            y0, y1, x0, x1 = _crop_box(mask.shape, mask, rng)
            flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
            return _resize(picture[y0:y1, x0:x1][:, flip], mask[y0:y1, x0:x1][:, flip], size)

    def draw_background(self, rng: np.random.Generator, size: int) -> Tensor:
        """Draw a picture without a mask: (4, size, size) uint8."""
        picture = read_picture(self.backgrounds[rng.integers(len(self.backgrounds))])
        y0, y1, x0, x1 = _crop_box(picture.shape[:2], None, rng)
        return _resize(picture[y0:y1, x0:x1], None, size)


class StillLayers(Dataset[Tensor]):
    """Layers for one synthetic clip each: target, another object, background (3, 4, S, S) uint8.

    Item i depends on the seed and i alone, so training resumes exactly.
    """

    def __init__(self, root: Path, size: int, seed: int, start: int = 0) -> None:
        self.stills, self.size, self.seed, self.start = Stills.of(root), size, seed, start

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, 1, index + self.start))
        target = self.stills.draw_still(rng, self.size)
        other = self.stills.draw_still(rng, self.size)
        return torch.stack([target, other, self.stills.draw_background(rng, self.size)])


@dataclass(frozen=True, slots=True)
class _Video:
    frames: list[Path]  # annotated ones, in order


class RealClips(Dataset[Tensor]):
    """Short real clips with one object: (T, 4, S, S) uint8, random gaps and direction.

    The validation sequences of DAVIS are never among them: their split is not "train".
    """

    def __init__(self, root: Path, size: int, length: int, seed: int, start: int = 0) -> None:
        self.videos: list[_Video] = []
        for entry in read_index(root):
            if entry.kind == "video" and entry.split == "train":
                frames = [p for p in sorted(entry.path.glob("*.jpg")) if _mask(p).exists()]
                if len(frames) >= 2:
                    self.videos.append(_Video(frames))
        self.size, self.length, self.seed, self.start = size, length, seed, start

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, 2, index + self.start))
        while True:
            frames = self._draw_frames(rng)
            labels = [read_labels(_mask(p)) for p in frames]
            first = draw_object(labels[0], rng)
            if first is None:
                continue
            value = labels[0][first][0]
            masks = [m == value for m in labels]
            union = np.logical_or.reduce(masks)
            y0, y1, x0, x1 = _crop_box(first.shape, union if union.any() else None, rng)
            flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
            return torch.stack(
                [
                    _resize(
                        read_picture(p)[y0:y1, x0:x1][:, flip], m[y0:y1, x0:x1][:, flip], self.size
                    )
                    for p, m in zip(frames, masks, strict=True)
                ]
            )

    def _draw_frames(self, rng: np.random.Generator) -> list[Path]:
        frames = self.videos[rng.integers(len(self.videos))].frames
        gaps = rng.integers(1, 6, self.length)
        at = rng.integers(len(frames)) + np.cumsum(gaps) * (1 if rng.random() < 0.5 else -1)
        span = 2 * len(frames) - 2  # reflect at the ends
        return [frames[min(i % span, span - i % span)] for i in at]


def _mask(picture: Path) -> Path:
    return picture.with_suffix(".png")
