"""Interactive segmentation of stills: the IoU of an object's mask after each click."""

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

from tinysam2.build import ImageModel
from tinysam2.datasets.image_folder import read_mask_folder
from tinysam2.datasets.samples import MAX_AREA, MIN_AREA, VOID, Pixels, StillFile
from tinysam2.evaluation.metrics import Bitmap, region_similarity
from tinysam2.evaluation.prompts import Predict, click_sequence
from tinysam2.evaluation.report import mean_row
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.preprocess import resize_logits
from tinysam2.model.image_features import ImageFeatures

MAX_CLICKS = 20
"""Clicks after which an object is given up (Xu et al., "Deep Interactive Object Selection")."""

TARGETS = (0.85, 0.90)
REPORTED_CLICKS = (1, 3, 5)
CLICKABLE_KINDS = frozenset({"instance", "binary", "parts"})  # one thing per label
INDEX_LEVELS = 3  # an index lies in the folder itself, or up to two above it


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """An image of a dataset, with the label image of its objects."""

    dataset: str
    still: StillFile


@dataclass(frozen=True, slots=True)
class ClickedObject:
    """The results of the clicks on one object.

    Attributes:
        dataset: name of the image's dataset.
        image: its file name without suffix.
        object_id: label of the object.
        ious: IoU after each click; fewer than `MAX_CLICKS` where no error is left, or where more
            clicks would change no reported figure.
        obeyed: after the first, second, ... Nth click, whether the mask obeys each of the N clicks
            so far, see `Click.is_obeyed`; the newest last.
    """

    dataset: str
    image: str
    object_id: int
    ious: tuple[float, ...]
    obeyed: tuple[tuple[bool, ...], ...]

    def iou_after(self, click_count: int) -> float:
        """Return the IoU after so many clicks, or after the last that was needed."""
        return self.ious[min(click_count, len(self.ious)) - 1]

    def clicks_to(self, target: float) -> int:
        """Return how many clicks it took to reach an IoU; `MAX_CLICKS` if it never did."""
        reached = (count for count, iou in enumerate(self.ious, start=1) if iou >= target)
        return next(reached, MAX_CLICKS)

    @property
    def obeyed_fraction(self) -> float:
        """Fraction of the clicks so far that a mask obeys, averaged over the masks."""
        return float(np.mean([np.mean(clicks) for clicks in self.obeyed]))

    @property
    def obeyed_newest_fraction(self) -> float:
        """Fraction of the masks that obey the newest of their clicks."""
        return float(np.mean([clicks[-1] for clicks in self.obeyed]))


def read_images(root: Path, split: str, max_images: int | None = None) -> list[AnnotatedImage]:
    """Find the annotated images below a folder.

    Args:
        root: folder.  Where it, or one of the two folders above it, has an ``index.json``, its
            ``entries`` of ``type`` "image" say what there is: ``path`` without suffix, ``split``,
            ``dataset`` and ``kind``, of which only `CLICKABLE_KINDS` count.  Without one, images
            and PNG masks of the same stem make one dataset without splits.
        split: such as "val", or "all"; only an index knows splits.
        max_images: use only the first ones of each dataset.

    Raises:
        ValueError: there are none.
    """
    root = root.resolve()
    places = (root, *root.parents)[:INDEX_LEVELS]
    index = next((file for at in places if (file := at / "index.json").is_file()), None)
    if index is None:
        stills = read_mask_folder(root, None)[0].stills
        found = [AnnotatedImage(root.name, s) for s in stills if isinstance(s, StillFile)]
    else:
        found = list(_indexed(index, root, split))
    if not found:
        raise ValueError(f"the split {split!r} must have annotated images, found none")
    datasets = dict.fromkeys(image.dataset for image in found)
    return [
        image
        for dataset in datasets
        for image in islice((p for p in found if p.dataset == dataset), max_images)
    ]


def _indexed(index: Path, root: Path, split: str) -> Iterator[AnnotatedImage]:
    for entry in json.loads(index.read_text("utf-8"))["entries"]:
        path = index.parent / entry["path"]
        is_wanted = entry["type"] == "image" and split in ("all", entry.get("split"))
        if is_wanted and entry.get("kind") in CLICKABLE_KINDS and path.is_relative_to(root):
            still = StillFile(Path(f"{path}.jpg"), Path(f"{path}.png"))
            yield AnnotatedImage(entry["dataset"], still)


def click_images(
    model: ImageModel, images: Iterable[AnnotatedImage], image_size: int | None = None
) -> Iterator[list[ClickedObject]]:
    """Click on every object of each image until the reported figures can no longer change.

    Each prediction is given all clicks so far, and the mask that the last of them corrects.

    Args:
        model: loaded network.
        images: see `read_images`.
        image_size: network input side; the model's own by default.

    Yields:
        The objects of an image; none where all are too small or too large.

    Raises:
        ValueError: an image or its labels cannot be read.
    """
    predictor = FramePredictor(model, image_size)
    for key, image in enumerate(images):
        pixels, labels = image.still.pixels(), image.still.labels()
        if labels.shape != pixels.shape[:2]:
            raise ValueError(
                f"{image.still.mask} must have the size of its image, {pixels.shape[:2]}, "
                f"got {labels.shape}"
            )
        features, void = predictor.features(key, pixels), labels == VOID
        found = []
        for object_id in _objects(labels):
            session = _ClickSession(predictor, features, void)
            found.append(_click_object(image, object_id, labels == object_id, session.predict))
        yield found


def _objects(labels: Pixels) -> list[int]:
    ids, counts = np.unique(labels[(labels > 0) & (labels != VOID)], return_counts=True)
    fractions = counts / labels.size
    kept: list[int] = ids[(fractions >= MIN_AREA) & (fractions <= MAX_AREA)].tolist()
    return kept


@dataclass
class _ClickSession:
    """Predicts one object's mask from its clicks so far and the mask predicted before.

    Source: interactive segmentation in SAM 2 (``sam2/sam2_image_predictor.py``), ``mask_input``.
    """

    predictor: FramePredictor
    features: ImageFeatures
    void: Bitmap
    previous: Tensor | None = None  # (1, h, w) logits

    @torch.inference_mode()
    def predict(self, points_xy: list[list[float]], labels: list[int]) -> NDArray[np.float32]:
        """Return mask logits (H, W), minus infinity on void pixels."""
        prompt = ObjectPrompt.of(points_xy, labels, None)
        size_hw = (self.void.shape[0], self.void.shape[1])
        found, _ = self.predictor.predict_logits(self.features, prompt, size_hw, self.previous)
        self.previous = found.float()
        logits = resize_logits(self.previous, size_hw)[0].cpu().numpy()
        return np.where(self.void, np.float32(-np.inf), logits)


def _click_object(
    image: AnnotatedImage, object_id: int, truth: Bitmap, predict: Predict
) -> ClickedObject:
    ious: list[float] = []
    obeyed: list[tuple[bool, ...]] = []
    for prediction in islice(click_sequence(truth, predict), MAX_CLICKS):
        ious.append(region_similarity(truth, prediction.mask))
        obeyed.append(prediction.obeyed)
        if len(ious) >= max(REPORTED_CLICKS) and max(ious) >= max(TARGETS):
            break
    return ClickedObject(
        image.dataset, image.still.path.stem, object_id, tuple(ious), tuple(obeyed)
    )


def object_rows(results: Iterable[ClickedObject]) -> list[dict[str, Any]]:
    """Return a row for each object: what it is, and the columns of `summarize_clicks`."""
    return [
        {"dataset": r.dataset, "image": r.image, "object": r.object_id, **_figures(r)}
        for r in results
    ]


def summarize_clicks(results: Sequence[ClickedObject]) -> dict[str, Any]:
    """Average over objects.

    Returns:
        ``overall`` and ``datasets`` by name, each with the mean ``IoU@1``, ``IoU@3``, ``IoU@5``
        in [0, 1] and numbers of clicks ``NoC@85`` and ``NoC@90``, the fractions of clicks
        ``obeyed`` and ``obeyed_newest`` (`ClickedObject`), and the number of ``objects``.  Each
        object counts the same, however many clicks it took.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError("the images must show an object that is neither tiny nor everything")
    datasets = dict.fromkeys(result.dataset for result in results)
    return {
        "overall": _mean(results),
        "datasets": {name: _mean([r for r in results if r.dataset == name]) for name in datasets},
    }


def _mean(results: Sequence[ClickedObject]) -> dict[str, float | None]:
    return {**mean_row([_figures(result) for result in results]), "objects": len(results)}


def _figures(result: ClickedObject) -> dict[str, float | None]:
    ious: dict[str, float | None] = {
        f"IoU@{count}": result.iou_after(count) for count in REPORTED_CLICKS
    }
    counts = {f"NoC@{100 * target:.0f}": result.clicks_to(target) for target in TARGETS}
    obeyed = {
        "obeyed": result.obeyed_fraction,
        "obeyed_newest": result.obeyed_newest_fraction,
    }
    return {**ious, **counts, **obeyed}
