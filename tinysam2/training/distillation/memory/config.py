"""The recipe of the stage that copies the memory encoder."""

from dataclasses import dataclass
from pathlib import Path

from tinysam2.config import check_image_size
from tinysam2.datasets.registry import Data
from tinysam2.training.engine.run_control import check_length, fraction_done
from tinysam2.training.tracking.config import TrackingConfig


@dataclass(frozen=True, slots=True)
class MemoryDistillationConfig:
    """Recipe of the stage that copies the memory encoder.

    Attributes:
        data: folder with ``index.json``, or several places; clips are made of it as for tracking.
        start: weights of a whole network whose memory encoder is the large one.
        out: folder of ``state.pt``, ``tinysam2.safetensors`` and ``log.jsonl``.
        minutes: length of the whole run; the learning rate follows a cosine over it.
        steps: length in place of ``minutes``, the same on every machine.
        size: side of square images, pixels; others are as large.
        length: frames of a clip.
        synthetic: clips that are tracked together, made from stills.
        real: clips that are tracked with them, taken from videos.
        repeats: steps for each tracked frame, which takes longer than a step: each time with
            other masks on it.
        workers: processes that read each kind of clip; 0 reads in this one.
        resident_side: side, pixels, of all images of the data, which are then kept in the
            device's memory; None reads files.
    """

    data: Data
    start: Path
    out: Path
    minutes: float = 60.0
    steps: int | None = None
    size: int = 704
    length: int = 4
    synthetic: int = 3
    real: int = 2
    repeats: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 0
    device: str = "cpu"
    workers: int = 1
    resident_side: int | None = None

    def __post_init__(self) -> None:
        check_length(self.minutes, self.steps)
        check_image_size(self.size)
        if self.repeats < 1:
            raise ValueError(f"repeats must be at least 1, got {self.repeats}")
        _ = self.clips  # which checks the rest

    @property
    def clips(self) -> TrackingConfig:
        """The recipe of tracking that makes the same clips."""
        return TrackingConfig(
            self.data,
            self.out,
            start=self.start,
            length=self.length,
            synthetic=self.synthetic,
            real=self.real,
            stills=0,
            seed=self.seed,
            device=self.device,
            workers=self.workers,
            resident_side=self.resident_side,
        )

    @property
    def steps_of_clips(self) -> int:
        """Steps that learn from the same tracked clips."""
        return self.length * self.repeats

    def fraction_done(self, step: int, seconds: float) -> float:
        """Return how much of the run lies behind, from 0 on; 1 is its end."""
        return fraction_done(self.minutes, self.steps, step, seconds)
