"""What is labeled, and how."""

from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tinysam2.config import check_image_size
from tinysam2.training.labeling.label_maps import BoxCriteria


class Method(Enum):
    """What labels are made from.

    Attributes:
        BOXES: the boxes of images and clips.
        EVERYTHING: a grid of points on images.
        TRACKING: a grid of points on the first frame of clips, and tracking in both directions.
    """

    BOXES = "boxes"
    EVERYTHING = "everything"
    TRACKING = "tracking"


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What is labeled, and how.

    Attributes:
        data: folder with ``index.json``, see `read_entries`.
        out: folder for the labels.
        method: what they are made from.
        model: known model that segments single images.
        checkpoint: weights of the model; the stored ones if None.
        device: where it runs.
        image_size: side of the model's input for a square image, pixels; its own if None.
        datasets: names to choose from the index; all of them if empty.
        limit: number of images and clips, labeled earlier or now; all of them if None.
        criteria: which masks of boxes are kept.
        points_per_side: of the grid of points.
        min_agreement: IoU of both directions' masks, see `label_by_tracking`.
        tracker_checkpoint: weights of the tracker, the program's own network; the bundled ones if
            None.
        workers: processes that label, one thread each; 0 labels in this one.
    """

    data: Path
    out: Path
    method: Method = Method.BOXES
    model: str = "tinysam"
    checkpoint: Path | None = None
    device: str = "cpu"
    image_size: int | None = 576
    datasets: tuple[str, ...] = ()
    limit: int | None = None
    criteria: BoxCriteria = field(default_factory=BoxCriteria)
    points_per_side: int = 8
    min_agreement: float = 0.8
    tracker_checkpoint: Path | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        for name, least in (("workers", 0), ("points_per_side", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.image_size is not None:
            check_image_size(self.image_size)

    def settings(self) -> dict[str, Any]:
        """Return what labels depend on, as JSON."""
        used: dict[str, Any] = {
            "data": str(self.data.resolve()),
            "method": self.method.value,
            "model": self.model,
            "checkpoint": self.checkpoint and str(self.checkpoint.resolve()),
            "size": self.image_size,
        }
        if self.method is Method.BOXES:
            return used | asdict(self.criteria)
        used["points"] = self.points_per_side
        if self.method is Method.TRACKING:
            tracker = self.tracker_checkpoint
            used |= {"tracker": tracker and str(tracker.resolve()), "agreement": self.min_agreement}
        return used
