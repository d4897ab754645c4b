"""Images of gray rectangles, an index of them, and a predictor that segments what is bright."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinysam2.inference.object_prompt import ObjectPrompt

HEIGHT, WIDTH = 60, 80
Rectangle = tuple[int, int, int, int]
"""x0, y0, x1, y1 of the outermost columns and rows."""
SURE, DOUBTFUL = 240, 160
"""Gray levels of objects that are predicted at an IoU of 0.95 and 0.6."""


def rectangle(box: Rectangle) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = box
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


def write_image(path: Path, *objects: tuple[Rectangle, int]) -> None:
    """Write rectangles of a gray level each."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for box, gray in objects:
        image[rectangle(box)] = gray
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path.with_suffix(".jpg"), quality=100, subsampling=0)


def write_index(root: Path, *rows: dict[str, Any]) -> None:
    (root / "index.json").write_text(json.dumps(list(rows)))


def row(kind: str, path: str, boxes: object = None, dataset: str = "street") -> dict[str, Any]:
    found = {"type": kind, "dataset": dataset, "path": path}
    return found if boxes is None else {**found, "boxes": boxes}


def class_boxes(*boxes: Rectangle, names: Sequence[str] = "abcdef") -> list[list[object]]:
    return [[name, *map(float, box)] for name, box in zip(names, boxes, strict=False)]


class BrightPredictor:
    """Segments what is bright in a box; how bright it is says how sure it is."""

    def __init__(self, *_: object) -> None:
        self.keys: list[int] = []

    def predict(self, key: int, image: NDArray[np.uint8], prompt: ObjectPrompt) -> SimpleNamespace:
        assert prompt.box_xyxy is not None
        self.keys.append(key)
        x0, y0, x1, y1 = map(int, prompt.box_xyxy)
        mask = rectangle((x0, y0, x1, y1)) & (image[:, :, 0] > 100)
        gray = float(np.median(image[:, :, 0][mask])) if mask.any() else 0.0
        logits = np.where(mask, 5, -5).astype(np.float32)
        return SimpleNamespace(mask_logits=logits, confidence=0.95 if gray > 200 else 0.6)
