"""Stage 1: teach the encoder general features by copying an ImageNet teacher's."""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from tinysam2.config import REPVIT_VARIANTS
from tinysam2.devices import place
from tinysam2.encoders.fpn import LightFpn
from tinysam2.encoders.repvit import RepVit
from tinysam2.tracking.picture import normalise
from tinysam2.training.resnet_teacher import ResNetTeacher
from tinysam2.training.running import (
    STATE_FILE,
    StopRequest,
    append_log,
    check_length,
    ignore_interrupts,
    never,
    save_state,
    share_done,
)
from tinysam2.training.sources.material import Picture
from tinysam2.training.sources.registry import Data, read_data

REPORT_EVERY_S, WARMUP_STEPS, PCA_BATCHES = 30, 50, 25
Projections = list[tuple[Tensor, Tensor]]  # mean and basis per level


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """Recipe of stage 1.

    Attributes:
        data: folder with ``index.json``, or several places.
        teacher: weights of `ResNetTeacher`.
        out: folder of ``state.pt``, ``encoder.safetensors`` and ``log.jsonl``.
        minutes: length of the whole run; the learning rate follows a cosine over it.
        variant: a key of `REPVIT_VARIANTS`.
        dim: width of the neck.
        crop: side of the training crops, pixels.
        init: an earlier ``encoder.safetensors`` to begin from.
        workers: processes that read pictures; 0 reads in this one.
        steps: length in place of ``minutes``, the same on every machine.
    """

    data: Data
    teacher: Path
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

    def __post_init__(self) -> None:
        check_length(self.minutes, self.steps)
        if self.variant not in REPVIT_VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(REPVIT_VARIANTS)}")
        if self.crop < 64 or self.crop % 32:
            raise ValueError(f"crop must be a multiple of 32, at least 64, got {self.crop}")


class _Crops(Dataset[Tensor]):
    """Random resized, flipped crops, uint8; item i depends on i and the seed alone."""

    def __init__(self, pictures: Sequence[Picture], size: int, seed: int, start: int) -> None:
        self.pictures, self.size, self.seed, self.start = pictures, size, seed, start

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, index + self.start))
        picture = self.pictures[int(rng.integers(len(self.pictures)))].pixels()
        h, w = picture.shape[:2]
        side_y = int(h * np.sqrt(rng.uniform(0.2, 1.0)))
        side_x = int(np.clip(side_y * np.exp(rng.uniform(-0.3, 0.5)), 16, w))
        y, x = rng.integers(h - side_y + 1), rng.integers(w - side_x + 1)
        crop = picture[y : y + side_y, x : x + side_x]
        small = cv2.resize(crop, (self.size, self.size), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            small = small[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)


@torch.inference_mode()
def fit_projections(
    teacher: ResNetTeacher, batches: Iterator[Tensor], dims: tuple[int, int], count: int
) -> Projections:
    """Fit a PCA to each of the teacher's two levels on normalised ``batches``.

    Returns:
        For each level the mean (C,) and projection (C, dims[l]), scaled so that the projected
        features have unit mean square.
    """
    samples: list[list[Tensor]] = [[], []]
    for _ in range(count):
        for level, features in enumerate(teacher(next(batches))):
            tokens = features.float().permute(0, 2, 3, 1).flatten(0, 2)
            samples[level].append(tokens[torch.randperm(len(tokens), device=tokens.device)[:1500]])
    projections = []
    for level, dim in enumerate(dims):
        tokens = torch.cat(samples[level])
        mean = tokens.mean(0)
        _, vectors = torch.linalg.eigh(torch.cov(tokens.T))
        basis = vectors[:, -dim:].flip(1)
        scale = ((tokens - mean) @ basis).square().mean().rsqrt()
        projections.append((mean, basis * scale))
    return projections


def project(features: Tensor, mean: Tensor, basis: Tensor) -> Tensor:
    """Apply a projection of `fit_projections` to (B, C, H, W) features."""
    tokens = (features.float().permute(0, 2, 3, 1) - mean) @ basis
    return tokens.permute(0, 3, 1, 2)


def feature_loss(student: Tensor, target: Tensor) -> Tensor:
    """Cosine distance plus a tenth of the mean square error."""
    cosine = 1 - F.cosine_similarity(student, target, dim=1).mean()
    return cosine + 0.1 * F.mse_loss(student, target)


def _jitter(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness and contrast per picture and channel, on the student's side only."""

    def randn(channels: int) -> Tensor:
        shape = (len(image), channels, 1, 1)
        return torch.randn(shape, device=image.device, generator=generator)

    return image * (1 + 0.2 * randn(1) + 0.05 * randn(3)) + 0.2 * randn(1)


class _Student(nn.Module):
    """Trunk, neck and the heads that only the teacher asks for."""

    def __init__(self, config: DistillationConfig) -> None:
        super().__init__()
        repvit = REPVIT_VARIANTS[config.variant]
        self.trunk = RepVit(repvit)
        self.neck = LightFpn(repvit.channels, config.dim)
        self.head_s8 = nn.Conv2d(config.dim // 4, config.dim // 2, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is compared: (B, dim / 2, Hi / 8, Wi / 8), (B, dim, Hi / 16, Wi / 16)."""
        s16, s8, _ = self.neck(self.trunk(image))
        return self.head_s8(s8), s16


@dataclass
class _Run:
    """Everything that a resumed run needs."""

    student: _Student
    optimiser: torch.optim.Optimizer
    projections: Projections
    step: int = 0
    seconds: float = 0.0

    def save(self, config: DistillationConfig) -> None:
        """Write the state and, for stage 2, the weights."""
        state = {k: v.contiguous() for k, v in self.student.state_dict().items()}
        temporary = config.out / "encoder.safetensors.part"
        save_file(state, temporary, {"config": json.dumps(asdict(config), default=str)})
        temporary.replace(config.out / "encoder.safetensors")
        parts = {"student": state, "optimiser": self.optimiser.state_dict()}
        counts = {"step": self.step, "seconds": self.seconds}
        save_state({**parts, "projections": self.projections, **counts}, config.out / STATE_FILE)

    def load(self, path: Path, device: str) -> None:
        """Continue where `save` was."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        self.student.load_state_dict(saved["student"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.projections = [(m.to(device), b.to(device)) for m, b in saved["projections"]]
        self.step, self.seconds = saved["step"], saved["seconds"]


def distil(
    config: DistillationConfig, is_stopped: StopRequest = never
) -> Iterator[Mapping[str, float]]:
    """Run stage 1 to its end, resuming from ``out/state.pt`` where there is one.

    Yields:
        ``step``, ``pictures``, ``seconds`` and ``loss``, about twice a minute and at the end;
        all is saved then.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    teacher = ResNetTeacher(config.teacher, torch.bfloat16).to(config.device)
    run = _start(config, teacher)
    begin, reported = time.monotonic() - run.seconds, time.monotonic()
    mean_loss = 0.0
    done = share_done(config.minutes, config.steps, run.step, run.seconds)
    batches = _batches(config, PCA_BATCHES + run.step) if done < 1 else iter(())
    for taken, image in enumerate(batches, start=1):
        loss = _learn(run, config, teacher, image, done)
        mean_loss += (loss - mean_loss) / min(taken, 50)
        now = time.monotonic()
        run.seconds = now - begin
        done = share_done(config.minutes, config.steps, run.step, run.seconds)
        is_over = done >= 1 or is_stopped()
        if is_over or now - reported > REPORT_EVERY_S:
            reported = now
            counts = {"step": run.step, "pictures": run.step * config.batch}
            row = {**counts, "seconds": round(run.seconds), "loss": round(mean_loss, 4)}
            run.save(config)
            append_log(row, config.out)
            yield row
        if is_over:
            return


def _batches(config: DistillationConfig, first: int) -> Iterator[Tensor]:
    """Read normalised batches (B, 3, S, S) from batch ``first`` on."""
    pictures = [picture for found in read_data(config.data) for picture in found.pictures]
    crops = _Crops(pictures, config.crop, config.seed, first * config.batch)
    loader = DataLoader(
        crops, config.batch, num_workers=config.workers, worker_init_fn=ignore_interrupts
    )
    for batch in loader:
        yield normalise(batch.to(config.device)).contiguous(memory_format=torch.channels_last)


def _start(config: DistillationConfig, teacher: ResNetTeacher) -> _Run:
    torch.manual_seed(config.seed)
    student = _Student(config)
    place(student, torch.device(config.device))
    if config.init is not None:
        student.load_state_dict(load_file(config.init))
    weights, decay = student.parameters(), config.weight_decay
    optimiser = torch.optim.AdamW(weights, config.learning_rate, weight_decay=decay)
    run = _Run(student, optimiser, [])
    if (config.out / STATE_FILE).exists():
        run.load(config.out / STATE_FILE, config.device)
    else:
        dims = (config.dim // 2, config.dim)
        run.projections = fit_projections(teacher, _batches(config, 0), dims, PCA_BATCHES)
    return run


def _learn(
    run: _Run, config: DistillationConfig, teacher: ResNetTeacher, image: Tensor, done: float
) -> float:
    """Take one step towards the teacher's projected features and return the loss."""
    rate = config.learning_rate * min(1.0, (run.step + 1) / WARMUP_STEPS)
    for group in run.optimiser.param_groups:
        group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done))
    generator = torch.Generator(config.device).manual_seed(config.seed * 1_000_003 + run.step)
    s8_target, s16_target = (
        project(f, *p) for f, p in zip(teacher(image), run.projections, strict=True)
    )
    with torch.autocast(torch.device(config.device).type, torch.bfloat16):
        s8, s16 = run.student(_jitter(image, generator))
    loss = feature_loss(s16.float(), s16_target) + 0.5 * feature_loss(s8.float(), s8_target)
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(run.student.parameters(), 1.0)
    run.optimiser.step()
    run.step += 1
    return float(loss.detach())
