"""The folder that labels are written to, which the dataset reader ``index`` reads."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tinysam2.atomic_write import atomic_write
from tinysam2.datasets.samples import Pixels

RECORD, INDEX = "labels.jsonl", "index.json"
_BITS = 8


class LabelFolder:
    """Label maps beside hard links of their images, and a record of what is done.

    The record is a line of settings and a line for each finished image or clip, also where nothing
    was kept, so that labeling resumes after the last of them.  One process records; any may write
    label maps.

    Args:
        root: the folder; it is created by `open`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Begin labeling or resume it.

        Args:
            settings: on which labels depend, as JSON.

        Returns:
            The record's rows so far.

        Raises:
            ValueError: the folder holds labels of other settings, or an index of something else.
        """
        record = self.root / RECORD
        if not record.exists():
            if (self.root / INDEX).exists():
                raise ValueError(f"{self.root} must hold no index.json of other data")
            self.root.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps({"settings": settings}) + "\n", "utf-8")
            return []
        whole = record.read_text("utf-8").rpartition("\n")[0]  # without a line that was cut off
        first, *rows = (json.loads(line) for line in whole.splitlines())
        before = first["settings"]
        for name, value in settings.items():
            if before.get(name) != value:
                raise ValueError(
                    f"{self.root} holds labels of another {name}: {before.get(name)}, not {value}"
                )
        self._replace(RECORD, whole + "\n")
        return rows

    def add(self, row: Mapping[str, Any]) -> None:
        """Record a finished image or clip."""
        with (self.root / RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(row) + "\n")

    def write_labels(self, image: Path, labels: Pixels, path: str) -> None:
        """Write a label map beside a hard link of its image.

        Args:
            image: JPEG; copied where the file system has no hard links.
            labels: (H, W) object ids.
            path: of both, relative and without suffix.
        """
        target = self.root / f"{path}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # left by a run that was stopped before it was recorded
        try:
            os.link(image, target)
        except OSError:
            shutil.copyfile(image, target)
        label_image = Image.fromarray(labels)
        label_image.putpalette(_palette())
        with atomic_write(self.root / f"{path}.png") as draft:
            label_image.save(draft, "PNG")

    def write_index(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the index of everything in the record that has labels."""
        names = ("type", "dataset", "path", "split", "frames")
        entries = [
            {name: row[name] for name in names if name in row}
            for row in sorted(rows, key=lambda row: row["path"])
            if row["kept"]
        ]
        self._replace(INDEX, json.dumps({"entries": entries}, indent=1) + "\n")

    def _replace(self, name: str, text: str) -> None:
        with atomic_write(self.root / name) as draft:
            draft.write_text(text, "utf-8")


def _palette() -> list[int]:
    """Return the colors of PASCAL VOC and DAVIS, which spread a label's bits over the channels."""
    values = np.arange(256)
    colors = np.zeros((256, 3), np.int64)
    for bit in range(_BITS):
        for channel in range(3):
            colors[:, channel] |= ((values >> channel) & 1) << (_BITS - 1 - bit)
        values = values >> 3
    return [int(v) for v in colors.ravel()]
