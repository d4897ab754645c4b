"""The recipe of stages 2 and 3."""

from dataclasses import dataclass, field
from pathlib import Path

from tinysam2.build import LOADABLE
from tinysam2.config import ModelConfig, check_image_size
from tinysam2.datasets.registry import Data
from tinysam2.training.engine.run_control import check_length, fraction_done
from tinysam2.training.teacher_losses import TeacherLoss

MIN_RESIDENT_SIDE = 32  # pixels


@dataclass(frozen=True, slots=True)
class Phase:
    """Part of a run.

    Attributes:
        until: its end, a fraction of the run.
        size: side of square images, pixels; others are as large.
        encoder: whether the encoder, trunk and necks, learns.
        prompts: whether images are clicked on too.  Without, clips start from their true masks
            and are not corrected, and SAM's decoder, which tracking does not use, stays as it is.
        length: frames of a clip; the recipe's unless given.
    """

    until: float
    size: int
    encoder: bool = True
    prompts: bool = True
    length: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.until <= 1:
            raise ValueError(f"until must be in (0, 1], got {self.until}")
        check_image_size(self.size)
        if self.length is not None:
            _check_frames(self.length)


def _check_frames(length: int) -> None:
    if length < 2:
        raise ValueError(f"length must be at least 2, got {length}")


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """Recipe of stages 2 and 3.

    Attributes:
        data: folder with ``index.json``, or several places.
        out: folder of ``state.pt``, ``tinysam2.safetensors`` and ``log.jsonl``.
        encoder: stage 1's weights, to begin from.
        start: weights of a whole network, to begin from in its place.
        model: the network to train; with ``start`` it is that file's.
        minutes: length of the whole run; the learning rate follows a cosine over it.
        steps: length in place of ``minutes``, the same on every machine.
        phases: what the run goes through, one after the other.
        length: frames of a clip, where a phase does not say otherwise.
        synthetic: clips of a batch made from stills.
        real: clips of a batch taken from videos.
        stills: images of a batch that are only clicked on.
        objects: that are clicked on in each of them; encoding an image takes longer than
            predicting from a click.
        trunk_rate: learning rate of the trunk as a fraction of the others'.
        vectors_only: whether only biases, the factors of norms, and learned tokens and codes
            learn (BitFit, Zaken et al. 2022, arXiv:2106.10199): thousands of numbers in place of
            millions, for runs on few clips.
        workers: processes that read each kind of clip; 0 reads in this one.
        resident_side: side, pixels, of all images of the data, which are then decoded once, by
            ``workers`` processes, and kept in the device's memory; None reads files in each step.
        teacher: known model that is copied too.
        teacher_checkpoint: weights of the teacher; the stored or bundled ones unless given.
        teacher_loss: how much of the teacher is copied.
        validate: data set whose first "val" sequences are scored as the run goes; none by default.
        validate_every_s: seconds from one such score to the next; they count as training time.
        compile: whether trunk and neck are compiled, which takes a CUDA device.
    """

    data: Data
    out: Path
    encoder: Path | None = None
    start: Path | None = None
    model: ModelConfig | None = None
    minutes: float = 60.0
    steps: int | None = None
    phases: tuple[Phase, ...] = (Phase(0.4, 256), Phase(0.7, 384), Phase(1.0, 576))
    length: int = 4
    synthetic: int = 3
    real: int = 2
    stills: int = 8
    objects: int = 4
    learning_rate: float = 1e-3
    trunk_rate: float = 0.15
    vectors_only: bool = False
    weight_decay: float = 0.02
    seed: int = 0
    device: str = "cpu"
    workers: int = 1
    resident_side: int | None = None
    teacher: str | None = None
    teacher_checkpoint: Path | None = None
    teacher_loss: TeacherLoss = field(default_factory=TeacherLoss)
    validate: Path | None = None
    validate_every_s: float = 600.0
    compile: bool = False

    def __post_init__(self) -> None:
        check_length(self.minutes, self.steps)
        if (self.encoder is None) == (self.start is None):
            raise ValueError("encoder or start must say what to begin from, and not both")
        if self.start is not None and self.model is not None:
            raise ValueError("model must be left out where start names the weights of a network")
        if self.stills < 0:
            raise ValueError(f"stills must be at least 0, got {self.stills}")
        if self.objects < 1:
            raise ValueError(f"objects must be at least 1, got {self.objects}")
        if min(self.synthetic, self.real) < 0 or not self.synthetic + self.real:
            raise ValueError("synthetic and real must be at least 0, and one of them more")
        self._check_teacher()
        if self.validate_every_s <= 0:
            raise ValueError(
                f"validate_every_s must be greater than 0, got {self.validate_every_s}"
            )
        _check_frames(self.length)
        if self.resident_side is not None and self.resident_side < MIN_RESIDENT_SIDE:
            raise ValueError(
                f"resident_side must be at least {MIN_RESIDENT_SIDE}, got {self.resident_side}"
            )

    def _check_teacher(self) -> None:
        if self.teacher is not None and self.teacher not in LOADABLE:
            raise ValueError(f"teacher must be one of {', '.join(LOADABLE)}, got {self.teacher!r}")
        if self.teacher is None and self.teacher_checkpoint is not None:
            raise ValueError("teacher must name the model that teacher_checkpoint is of")
        if self.teacher is None and self.teacher_loss != TeacherLoss():
            raise ValueError("teacher must name the model that teacher_loss is for")

    def frames(self, phase: Phase) -> int:
        """Return how many frames clips have in a phase."""
        return phase.length or self.length

    def fraction_done(self, step: int, seconds: float) -> float:
        """Return how much of the run lies behind, from 0 on; 1 is its end."""
        return fraction_done(self.minutes, self.steps, step, seconds)

    def size(self, step: int, seconds: float) -> int:
        """Return the side in pixels that images have where a run is."""
        done = self.fraction_done(step, seconds)
        return next((p.size for p in self.phases if done <= p.until), self.phases[-1].size)
