"""Labels one image or clip after the other with models that stay loaded."""

from collections.abc import Mapping
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from tinysam2.build import Model, load_image_model, load_model
from tinysam2.datasets.samples import ImageFile, Pixels
from tinysam2.datasets.sequences import ImageFiles
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.training.labeling.agreement import label_by_tracking
from tinysam2.training.labeling.config import LabelConfig, Method
from tinysam2.training.labeling.consistency import consistent_frames
from tinysam2.training.labeling.entries import Entry, boxes_of_objects
from tinysam2.training.labeling.label_folder import LabelFolder
from tinysam2.training.labeling.label_maps import LabelMap, label_boxes, label_everything

MIN_CLIP_FRAMES = 2


class Labeler:
    """Writes labels of images and clips; lives in one process.

    Args:
        config: what to label, and how.
    """

    def __init__(self, config: LabelConfig) -> None:
        self.config = config
        self.folder = LabelFolder(config.out)
        self._keys = count()  # the predictor keeps features of the last images by these

    @cached_property
    def _predictor(self) -> FramePredictor:
        config = self.config
        model = load_image_model(config.model, config.checkpoint, config.device, download=False)
        return FramePredictor(model, config.image_size)

    @cached_property
    def _tracker(self) -> Model:
        return load_model(
            checkpoint=self.config.tracker_checkpoint, device=self.config.device, download=False
        )

    def label(self, entry: Entry) -> dict[str, Any]:
        """Label an image or a clip.

        Returns:
            Its row of the record: what the index says of it, the number of ``frames`` of a clip
            that have labels, and how many masks were ``kept`` and ``refused``.
        """
        row = {"dataset": entry.dataset, "path": entry.path, "split": "train"}
        if not entry.is_clip:
            return {"type": "image", **row, **self._label_image(entry)}
        is_tracked = self.config.method is Method.TRACKING
        found = self._tracked_clip(entry) if is_tracked else self._boxed_clip(entry)
        return {"type": "video", **row, **found}

    def _label_image(self, entry: Entry) -> dict[str, int]:
        (file,) = entry.files(self.config.data)
        image = ImageFile(file).pixels()
        if self.config.method is Method.EVERYTHING:
            found = self._everything(image)
        else:
            assert entry.boxes is not None
            numbered = enumerate(entry.boxes[0], start=1)
            boxes = [(i, box.box_xyxy) for i, box in numbered]
            found = self._boxes(image, boxes)
        if found.kept:
            self.folder.write_labels(file, found.labels, entry.path)
        return {"kept": found.kept, "refused": found.refused}

    def _boxed_clip(self, entry: Entry) -> dict[str, int]:
        """Label frames in which every object's mask is good enough and keeps its shape.

        Others are left out: a label map cannot say that an object is there, but not where.
        """
        assert entry.boxes is not None
        ids, frames = boxes_of_objects(entry.boxes)
        labels: dict[int, LabelMap] = {}
        for number, (file, boxes) in enumerate(
            zip(entry.files(self.config.data), frames, strict=True)
        ):
            named = [(ids[box.name], box.box_xyxy) for box in boxes]
            found = self._boxes(ImageFile(file).pixels(), named) if named else None
            if found is not None and not found.refused:
                labels[number] = found
        maps = {number: found.labels for number, found in labels.items()}
        kept = consistent_frames(maps, self.config.criteria.min_shape_iou)
        self._write_clip(entry, {number: maps[number] for number in kept})
        return _counts({n: labels[n].kept for n in kept}, sum(map(len, entry.boxes)))

    def _tracked_clip(self, entry: Entry) -> dict[str, int]:
        frames = ImageFiles(tuple(entry.files(self.config.data)))
        first = self._everything(frames[0])
        labels: Mapping[int, Pixels] = {}
        if first.kept:
            agreement = self.config.min_agreement
            labels = label_by_tracking(self._tracker, frames, first.labels, agreement)
        self._write_clip(entry, labels)
        kept = {number: int(np.count_nonzero(np.unique(x))) for number, x in labels.items()}
        return _counts(kept, first.kept * len(frames))

    def _boxes(
        self, image: Pixels, boxes: list[tuple[int, tuple[float, float, float, float]]]
    ) -> LabelMap:
        criteria = self.config.criteria
        return label_boxes(self._predictor, next(self._keys), image, boxes, criteria)

    def _everything(self, image: Pixels) -> LabelMap:
        points = self.config.points_per_side
        return label_everything(self._predictor, next(self._keys), image, points)

    def _write_clip(self, entry: Entry, labels: Mapping[int, Pixels]) -> None:
        if len(labels) < MIN_CLIP_FRAMES:
            return
        files = entry.files(self.config.data)
        for number, each in labels.items():
            file = files[number]
            self.folder.write_labels(file, each, f"{entry.path}/{file.stem}")


def _counts(kept: Mapping[int, int], masks: int) -> dict[str, int]:
    """Count the masks of a clip, of so many in all, by frame; one frame alone is no clip."""
    if len(kept) < MIN_CLIP_FRAMES:
        kept = {}
    count_kept = sum(kept.values())
    return {"frames": len(kept), "kept": count_kept, "refused": masks - count_kept}
