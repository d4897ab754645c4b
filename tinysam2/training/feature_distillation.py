"""Stage 1: teach the encoder general features by copying an ImageNet teacher's."""

import json
import math
import time
from collections.abc import Iterator, Mapping
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
from tinysam2.training.pictures import read_picture, training_pictures
from tinysam2.training.resnet_teacher import ResNetTeacher

REPORT_EVERY_S, WARMUP_STEPS, PCA_BATCHES = 30, 50, 25
Projections = list[tuple[Tensor, Tensor]]  # mean and basis per level


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """Recipe of stage 1.

    Attributes:
        data: folder with ``index.json``.
        teacher: weights of `ResNetTeacher`.
        out: folder of ``encoder.safetensors`` and ``log.jsonl``.
        minutes: length of the run; the learning rate follows a cosine over it.
        variant: a key of `REPVIT_VARIANTS`.
        dim: width of the neck.
        crop: side of the training crops, pixels.
        init: an earlier ``encoder.safetensors`` to begin from.
        workers: processes that read pictures; 0 reads in this one.
    """

    data: Path
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


class _Crops(Dataset[Tensor]):
    """Random resized, flipped crops, uint8; item i depends on i and the seed alone."""

    def __init__(self, paths: list[Path], size: int, seed: int, length: int) -> None:
        self.paths, self.size, self.seed, self.length = paths, size, seed, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, index))
        picture = read_picture(self.paths[rng.integers(len(self.paths))])
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
    """Fit a PCA to each of the teacher's two levels.

    Returns:
        For each level the mean (C,) and projection (C, dims[l]), scaled so that the projected
        features have unit mean square.
    """
    samples: list[list[Tensor]] = [[], []]
    for _ in range(count):
        for level, features in enumerate(teacher(normalise(next(batches)))):
            tokens = features.float().permute(0, 2, 3, 1).flatten(0, 2)
            samples[level].append(tokens[torch.randperm(len(tokens))[:1500]])
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


def _jitter(image: Tensor) -> Tensor:
    """Change brightness and contrast per picture and channel, on the student's side only."""
    gain = 1 + 0.2 * torch.randn(image.shape[0], 1, 1, 1) + 0.05 * torch.randn(len(image), 3, 1, 1)
    return image * gain + 0.2 * torch.randn(image.shape[0], 1, 1, 1)


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


def _save(student: _Student, config: DistillationConfig, log: Mapping[str, float]) -> None:
    state = {k: v.contiguous() for k, v in student.state_dict().items()}
    temporary = config.out / "encoder.safetensors.part"
    save_file(state, temporary, {"config": json.dumps(asdict(config), default=str)})
    temporary.replace(config.out / "encoder.safetensors")
    with (config.out / "log.jsonl").open("a") as lines:
        lines.write(json.dumps(log) + "\n")


def distil(config: DistillationConfig) -> Iterator[Mapping[str, float]]:
    """Run stage 1 until its minutes are spent, saving ``encoder.safetensors`` on the way.

    Yields:
        ``step``, ``pictures``, ``seconds`` and ``loss``, about twice a minute and at the end.
    """
    torch.manual_seed(config.seed)
    config.out.mkdir(parents=True, exist_ok=True)
    crops = _Crops(training_pictures(config.data), config.crop, config.seed, 10**7)
    loader = iter(DataLoader(crops, batch_size=config.batch, num_workers=config.workers))
    teacher = ResNetTeacher(config.teacher, torch.bfloat16)
    projections = fit_projections(teacher, loader, (config.dim // 2, config.dim), PCA_BATCHES)
    student, optimiser = _start(config)
    begin = reported = time.monotonic()
    step, mean_loss, is_over = 0, 0.0, False
    while not is_over:
        spent = (time.monotonic() - begin) / (60 * config.minutes)
        rate = config.learning_rate * min(1.0, (step + 1) / WARMUP_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(spent, 1)))
        image = normalise(next(loader)).contiguous(memory_format=torch.channels_last)
        targets = [project(f, *p) for f, p in zip(teacher(image), projections, strict=True)]
        loss = _learn(student, optimiser, image, targets)
        step += 1
        mean_loss += (loss - mean_loss) / min(step, 50)
        now = time.monotonic()
        is_over = now - begin > 60 * config.minutes
        if is_over or now - reported > REPORT_EVERY_S:
            reported = now
            counts = {"step": step, "pictures": step * config.batch, "seconds": round(now - begin)}
            log = {**counts, "loss": round(mean_loss, 4)}
            _save(student, config, log)
            yield log


def _start(config: DistillationConfig) -> tuple[_Student, torch.optim.Optimizer]:
    student = _Student(config)
    place(student, torch.device("cpu"))
    if config.init is not None:
        student.load_state_dict(load_file(config.init))
    weights, decay = student.parameters(), config.weight_decay
    return student, torch.optim.AdamW(weights, config.learning_rate, weight_decay=decay)


def _learn(
    student: _Student, optimiser: torch.optim.Optimizer, image: Tensor, targets: list[Tensor]
) -> float:
    """Take one step towards the teacher's projected features and return the loss."""
    with torch.autocast("cpu", torch.bfloat16):
        s8, s16 = student(_jitter(image))
    loss = feature_loss(s16.float(), targets[1]) + 0.5 * feature_loss(s8.float(), targets[0])
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())
