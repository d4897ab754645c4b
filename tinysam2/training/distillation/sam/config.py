"""The recipe of the stage that copies SAM."""

from dataclasses import dataclass
from pathlib import Path

from tinysam2.config import check_image_size
from tinysam2.datasets.registry import Data
from tinysam2.training.engine.run_control import check_length

LEAST_RESIDENT_SIDE = 32


@dataclass(frozen=True, slots=True)
class SamPhase:
    """Part of a run.

    Attributes:
        until: its end, a fraction of the run in (0, 1].
        size: side of square images, pixels; images of other proportions have as many pixels.
        prompts: whether clicks and boxes are part of each step, beside the embedding.
        encoder: whether the encoder learns.  Where it does not, SAM's decoder learns from
            annotated objects alone, without the teacher, and a step takes half the time.
    """

    until: float
    size: int
    prompts: bool = True
    encoder: bool = True

    def __post_init__(self) -> None:
        if not self.prompts and not self.encoder:
            raise ValueError("a phase must have prompts or train the encoder, got neither")
        if not 0 < self.until <= 1:
            raise ValueError(f"until must be in (0, 1], got {self.until}")
        check_image_size(self.size)


@dataclass(frozen=True, slots=True)
class SamDistillationConfig:
    """Recipe of the stage that copies SAM.

    Attributes:
        start: weights of a TinySAM 2 network to begin from.  Its own features are copied too, so
            that what was trained on them, memory and its decoder, still reads them.
        teacher_checkpoint: weights of the small SAM.
        out: folder of ``state.pt``, ``tinysam2.safetensors`` and ``log.jsonl``.
        data: folder with ``index.json``, or several places; every image of them is used.
        parts: folder of parts in place of ``data``; more of them may arrive during the run.
        resident_side: with ``parts``, the side of the square images that are kept in the
            device's memory, pixels.
        minutes: length of the whole run; the learning rate follows a cosine over it.
        steps: length in place of ``minutes``, the same on every machine.
        batch: images of a step.
        objects: objects that are prompted in each image.
        rounds: predictions for each object: the first prompt, then corrective clicks.
        labeled: fraction of the images drawn from those whose objects are annotated.
        learning_rate: of the new neck; the rates below are fractions of it.
        trunk_rate: of the trunk and of the tracker's own neck.
        decoder_rate: of SAM's decoder.
        last_rate: what remains of the learning rate at the end of the run.
        prompt_weight: how much the errors of prompted masks count, beside the embedding.
        keep_weight: how much the network's own features count, beside the teacher's.
        save_every_s: seconds between states on disk.
        shard_mib: limit of the shards in ``out/shards``, which hold the averaged weights beside
            ``tinysam2.safetensors``; None writes none.
        workers: processes that read images, 0 reads in this one; with ``parts``, threads.
        compile: whether the networks are compiled, which takes a CUDA device.
    """

    start: Path
    teacher_checkpoint: Path
    out: Path
    data: Data | None = None
    parts: Path | None = None
    resident_side: int = 448
    minutes: float = 120.0
    steps: int | None = None
    phases: tuple[SamPhase, ...] = (
        SamPhase(0.25, 384, prompts=False),
        SamPhase(0.75, 448),
        SamPhase(1.0, 576),
    )
    batch: int = 6
    objects: int = 3
    rounds: int = 3
    labeled: float = 0.3
    learning_rate: float = 2e-3
    trunk_rate: float = 0.2
    decoder_rate: float = 0.05
    last_rate: float = 0.02
    prompt_weight: float = 0.3
    keep_weight: float = 1.0
    weight_decay: float = 0.02
    seed: int = 0
    device: str = "cpu"
    workers: int = 1
    save_every_s: float = 240.0
    shard_mib: float | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        check_length(self.minutes, self.steps)
        if (self.data is None) == (self.parts is None):
            raise ValueError("data or parts must say, one of them, what to learn from")
        least = {"batch": 1, "objects": 1, "rounds": 1, "workers": int(self.parts is not None)}
        for name, value in {**least, "resident_side": LEAST_RESIDENT_SIDE}.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name} must be at least {value}, got {getattr(self, name)}")
        for name in ("labeled", "last_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("save_every_s", "shard_mib"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be greater than 0, got {value}")

    def phase_at(self, done: float) -> SamPhase:
        """Return the phase after a fraction ``done`` of the run."""
        return next((p for p in self.phases if done < p.until), self.phases[-1])
