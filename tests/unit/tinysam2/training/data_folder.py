"""A training data folder with a few tiny pictures."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 60, 80


def write_picture(path: Path, x: int, has_mask: bool = True) -> None:
    """Write noise with a bright 24 x 24 object, and its labels beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(x)
    picture = rng.integers(0, 80, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[20:44, x : x + 24] = 2
    picture[labels > 0] = 230
    Image.fromarray(picture).save(path.with_suffix(".jpg"), quality=95)
    if has_mask:
        Image.fromarray(labels).save(path.with_suffix(".png"))


def make_data_folder(root: Path) -> Path:
    """Make stills, a background, a video to train on and one that must not be trained on."""
    rows = []

    def add(kind: str, dataset: str, split: str, path: str) -> Path:
        rows.append({"type": kind, "dataset": dataset, "split": split, "path": path, "kind": None})
        return root / path

    for i in range(3):
        write_picture(add("image", "bsds500", "train", f"images/{i}"), x=10 * i)
    write_picture(add("unlabelled", "scenes", "train", "unlabelled/0"), x=50, has_mask=False)
    for name, split in (("walk", "train"), ("secret", "val")):
        folder = add("video", "davis", split, f"video/{name}")
        for i in range(4):
            write_picture(folder / f"{i:05d}", x=5 * i)
    (root / "index.json").write_text(json.dumps({"entries": rows}))
    return root
