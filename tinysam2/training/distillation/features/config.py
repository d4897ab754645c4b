"""The recipe of stage 1."""

from dataclasses import dataclass
from pathlib import Path

from tinysam2.build import LOADABLE
from tinysam2.config import REPVIT_VARIANTS
from tinysam2.datasets.registry import Data
from tinysam2.training.engine.run_control import check_length


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """Recipe of stage 1.

    Attributes:
        data: folder with ``index.json``, or several places.
        teacher: file with weights of `ResNetTeacher`, or the name of a known model.
        out: folder of ``state.pt``, ``encoder.safetensors`` and ``log.jsonl``.
        minutes: length of the whole run; the learning rate follows a cosine over it.
        variant: a key of `REPVIT_VARIANTS`.
        dim: width of the neck.
        crop: side of the student's images, pixels.
        init: an earlier ``encoder.safetensors`` to begin from.
        workers: processes that read images; 0 reads in this one.
        steps: length in place of ``minutes``, the same on every machine.
        teacher_checkpoint: weights of a known model; the stored or bundled ones unless given.
        cache: folder that keeps the image embeddings of a known model; None keeps none.
        compile: whether the student is compiled, which takes a CUDA device.
    """

    data: Data
    teacher: str
    out: Path
    minutes: float = 30.0
    variant: str = "m0_9"
    dim: int = 192
    crop: int = 224
    batch: int = 24
    learning_rate: float = 1.5e-3
    init: Path | None = None
    weight_decay: float = 0.05
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    steps: int | None = None
    teacher_checkpoint: Path | None = None
    cache: Path | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        check_length(self.minutes, self.steps)
        if self.variant not in REPVIT_VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(REPVIT_VARIANTS)}")
        if self.crop < 64 or self.crop % 32:
            raise ValueError(f"crop must be a multiple of 32, at least 64, got {self.crop}")
        if self.teaches_embeddings:
            return
        if not self.teacher_file.is_file():
            raise ValueError(
                f"teacher must be a file, or one of {', '.join(LOADABLE)}, got {self.teacher!r}"
            )
        for name in ("teacher_checkpoint", "cache"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name} is for a teacher that is a known model")

    @property
    def teaches_embeddings(self) -> bool:
        """Whether the teacher is a known model, and no classifier in a file."""
        return self.teacher in LOADABLE

    @property
    def teacher_file(self) -> Path:
        """Where the weights of a classifier lie."""
        return Path(self.teacher).expanduser()
