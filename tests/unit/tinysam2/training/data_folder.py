"""A training data folder with a few tiny images."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

HEIGHT, WIDTH = 60, 80
RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)


def write_image(path: Path, x: int, has_mask: bool = True) -> None:
    """Write noise with a bright 24 x 24 object, and its labels beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(x)
    image = rng.integers(0, 80, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[20:44, x : x + 24] = 2
    image[labels > 0] = 230
    Image.fromarray(image).save(path.with_suffix(".jpg"), quality=95)
    if has_mask:
        Image.fromarray(labels).save(path.with_suffix(".png"))


def make_data_folder(root: Path) -> Path:
    """Make stills, a background, a video to train on and one that must not be trained on."""
    rows = []

    def add(kind: str, dataset: str, split: str, path: str) -> Path:
        rows.append({"type": kind, "dataset": dataset, "split": split, "path": path, "kind": None})
        return root / path

    for i in range(3):
        write_image(add("image", "bsds500", "train", f"images/{i}"), x=10 * i)
    write_image(add("unlabelled", "scenes", "train", "unlabelled/0"), x=50, has_mask=False)
    for name, split in (("surf", "train"), ("secret", "val")):
        folder = add("video", "davis", split, f"video/{name}")
        for i in range(4):
            write_image(folder / f"{i:05d}", x=5 * i)
    (root / "index.json").write_text(json.dumps({"entries": rows}))
    return root


def write_colors(folder: Path, name: str, colors: tuple[tuple[int, int, int], ...]) -> None:
    """Write gray with a square of each color, labeled from 1 on."""
    folder.mkdir(parents=True, exist_ok=True)
    image, labels = np.full((60, 90, 3), 100, np.uint8), np.zeros((60, 90), np.uint8)
    for i, color in enumerate(colors):
        place = np.s_[15:45, 5 + 28 * i : 29 + 28 * i]
        image[place], labels[place] = color, i + 1
    Image.fromarray(image).save(folder / f"{name}.jpg", quality=98, subsampling=0)
    Image.fromarray(labels).save(folder / f"{name}.png")


def colors_under(still: Tensor) -> Tensor:
    """Return which channel (K,) is brightest under each of the masks of (3 + K, S, S)."""
    inside = (still[3:, None] == 255).float()
    assert (inside.flatten(1).sum(1) > 0).all()
    means = (still[:3] * inside).flatten(2).sum(2) / inside.flatten(2).sum(2)
    assert (means.amax(1) > 180).all()
    assert (means.amin(1) < 80).all()
    return means.argmax(1)
