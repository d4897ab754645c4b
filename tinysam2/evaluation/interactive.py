"""Interactive segmentation of stills: how good each click makes the mask of an object."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.build import Model
from tinysam2.evaluation.metrics import Bitmap, region_similarity
from tinysam2.evaluation.prompts import Segment, clicks
from tinysam2.evaluation.report import mean_row
from tinysam2.network import ImageFeatures
from tinysam2.tracking.image_predictor import ImagePredictor, ObjectPrompt
from tinysam2.tracking.picture import resize_logits
from tinysam2.training.clip_data import MAX_AREA, MIN_AREA
from tinysam2.training.sources.material import VOID, Pixels, StillFile
from tinysam2.training.sources.picture_folder import read_mask_folder

MOST_CLICKS = 20
"""Clicks after which an object is given up (Xu et al., "Deep Interactive Object Selection")."""

TARGETS = (0.85, 0.90)
REPORTED_CLICKS = (1, 3, 5)
CLICKABLE_KINDS = frozenset({"instance", "binary", "parts"})  # one thing per label
INDEX_LEVELS = 3  # an index lies in the folder itself, or up to two above it


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """A picture of a data set, with the label picture of its objects."""

    dataset: str
    still: StillFile


@dataclass(frozen=True, slots=True)
class ClickedObject:
    """How the clicks on one object went.

    Attributes:
        dataset: that the picture is from.
        picture: its file name without suffix.
        object_id: label of the object.
        ious: IoU after each click; shorter than `MOST_CLICKS` when there is nothing to gain.
    """

    dataset: str
    picture: str
    object_id: int
    ious: tuple[float, ...]

    def iou_after(self, click_count: int) -> float:
        """Return the IoU after so many clicks, or after the last that was needed."""
        return self.ious[min(click_count, len(self.ious)) - 1]

    def clicks_to(self, target: float) -> int:
        """Return how many clicks it took to reach an IoU; `MOST_CLICKS` if it never did."""
        reached = (count for count, iou in enumerate(self.ious, start=1) if iou >= target)
        return next(reached, MOST_CLICKS)


def read_pictures(
    root: Path, split: str, max_pictures: int | None = None
) -> list[AnnotatedPicture]:
    """Find the annotated pictures below a folder.

    Args:
        root: folder.  Where it, or one of the two folders above it, has an ``index.json``, its
            ``entries`` of ``type`` "image" say what there is: ``path`` without suffix, ``split``,
            ``dataset`` and ``kind``, of which only `CLICKABLE_KINDS` count.  Without one, pictures
            and PNG masks of the same stem make one data set without splits.
        split: such as "val", or "all"; only an index knows splits.
        max_pictures: use only the first ones of each data set.

    Raises:
        ValueError: there are none.
    """
    root = root.resolve()
    places = (root, *root.parents)[:INDEX_LEVELS]
    index = next((file for at in places if (file := at / "index.json").is_file()), None)
    if index is None:
        stills = read_mask_folder(root, None)[0].stills
        found = [AnnotatedPicture(root.name, s) for s in stills if isinstance(s, StillFile)]
    else:
        found = list(_indexed(index, root, split))
    if not found:
        raise ValueError(f"the split {split!r} must have annotated pictures, found none")
    datasets = dict.fromkeys(picture.dataset for picture in found)
    return [
        picture
        for dataset in datasets
        for picture in islice((p for p in found if p.dataset == dataset), max_pictures)
    ]


def _indexed(index: Path, root: Path, split: str) -> Iterator[AnnotatedPicture]:
    for entry in json.loads(index.read_text("utf-8"))["entries"]:
        path = index.parent / entry["path"]
        is_wanted = entry["type"] == "image" and split in ("all", entry.get("split"))
        if is_wanted and entry.get("kind") in CLICKABLE_KINDS and path.is_relative_to(root):
            still = StillFile(Path(f"{path}.jpg"), Path(f"{path}.png"))
            yield AnnotatedPicture(entry["dataset"], still)


def click_pictures(
    model: Model, pictures: Iterable[AnnotatedPicture], image_size: int | None = None
) -> Iterator[list[ClickedObject]]:
    """Click on every object of each picture until nothing that is reported can change.

    Each answer is given all clicks so far, and the mask that the last of them repairs.

    Args:
        model: loaded network.
        pictures: see `read_pictures`.
        image_size: network input side; the model's own by default.

    Yields:
        The objects of a picture; none where all are too small or too large.

    Raises:
        ValueError: a picture or its labels cannot be read.
    """
    predictor = ImagePredictor(model, image_size)
    for key, picture in enumerate(pictures):
        pixels, labels = picture.still.pixels(), picture.still.labels()
        if labels.shape != pixels.shape[:2]:
            raise ValueError(
                f"{picture.still.mask} must have the size of its picture, {pixels.shape[:2]}, "
                f"got {labels.shape}"
            )
        features, void = predictor.features(key, pixels), labels == VOID
        found = []
        for object_id in _objects(labels):
            dialogue = _Dialogue(predictor, features, void)
            ious = _ious(labels == object_id, dialogue.answer)
            found.append(ClickedObject(picture.dataset, picture.still.path.stem, object_id, ious))
        yield found


def _objects(labels: Pixels) -> list[int]:
    ids, counts = np.unique(labels[(labels > 0) & (labels != VOID)], return_counts=True)
    shares = counts / labels.size
    kept: list[int] = ids[(shares >= MIN_AREA) & (shares <= MAX_AREA)].tolist()
    return kept


@dataclass
class _Dialogue:
    """Clicks on one object: each answer is given all of them, and the mask before to repair.

    Source: interactive segmentation in SAM 2 (``sam2/sam2_image_predictor.py``), ``mask_input``.
    """

    predictor: ImagePredictor
    features: ImageFeatures
    void: Bitmap
    previous: Tensor | None = None  # (1, h, w) logits

    @torch.inference_mode()
    def answer(self, points_xy: list[list[float]], labels: list[int]) -> NDArray[np.float32]:
        """Return mask logits (H, W) that claim no void pixel."""
        prompt = ObjectPrompt.of(points_xy, labels, None)
        size_hw = (self.void.shape[0], self.void.shape[1])
        found = self.predictor.answer(self.features, prompt, size_hw, previous=self.previous)
        self.previous = found.logits.float()
        logits = resize_logits(self.previous, size_hw)[0].cpu().numpy()
        return np.where(self.void, np.float32(-np.inf), logits)


def _ious(truth: Bitmap, segment: Segment) -> tuple[float, ...]:
    ious: list[float] = []
    for mask in islice(clicks(truth, segment), MOST_CLICKS):
        ious.append(region_similarity(truth, mask))
        if len(ious) >= max(REPORTED_CLICKS) and max(ious) >= max(TARGETS):
            break
    return tuple(ious)


def object_rows(results: Iterable[ClickedObject]) -> list[dict[str, Any]]:
    """Return a row for each object: what it is, ``IoU@`` some clicks, ``NoC@`` some IoUs."""
    return [
        {"dataset": r.dataset, "picture": r.picture, "object": r.object_id, **_figures(r)}
        for r in results
    ]


def summarise_clicks(results: Sequence[ClickedObject]) -> dict[str, Any]:
    """Average over objects.

    Returns:
        ``overall`` and ``datasets`` by name, each with the mean ``IoU@1``, ``IoU@3``, ``IoU@5``
        in [0, 1] and numbers of clicks ``NoC@85`` and ``NoC@90``, and the number of ``objects``.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError("the pictures must show an object that is neither tiny nor everything")
    datasets = dict.fromkeys(result.dataset for result in results)
    return {
        "overall": _mean(results),
        "datasets": {name: _mean([r for r in results if r.dataset == name]) for name in datasets},
    }


def _mean(results: Sequence[ClickedObject]) -> dict[str, float]:
    return {**mean_row([_figures(result) for result in results]), "objects": len(results)}


def _figures(result: ClickedObject) -> dict[str, float]:
    ious = {f"IoU@{count}": result.iou_after(count) for count in REPORTED_CLICKS}
    counts = {f"NoC@{100 * target:.0f}": result.clicks_to(target) for target in TARGETS}
    return {**ious, **counts}
