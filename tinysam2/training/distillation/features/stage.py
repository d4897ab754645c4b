"""Stage 1: teach the encoder general features by copying a larger network's."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tinysam2.atomic_write import atomic_write
from tinysam2.config import REPVIT_VARIANTS
from tinysam2.devices import place
from tinysam2.model.encoders.fpn import LightFpn
from tinysam2.model.encoders.repvit import RepVit
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.features.projection import (
    Projection,
    feature_loss,
    fit_projections,
    project,
)
from tinysam2.training.distillation.features.teachers import (
    FeatureBatch,
    FeatureTeacher,
    load_feature_teacher,
)
from tinysam2.training.engine.compilation import compile_parts
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import (
    STATE_FILE,
    StopRequest,
    fraction_done,
    load_state,
    never,
    save_state,
)
from tinysam2.training.engine.run_log import Row, logged
from tinysam2.training.teacher_losses import on_smaller_grid

REPORT_EVERY_S, WARMUP_STEPS, PCA_BATCHES = 30, 50, 25
LEVEL_WEIGHTS: tuple[float, ...] = (0.5, 1.0)  # strides 8 and 16


def _jitter(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness and contrast per image and channel, on the student's side only."""

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
class _StageState:
    """Everything that a resumed run needs."""

    student: _Student
    optimizer: torch.optim.Optimizer
    projections: list[Projection]
    ranks: Ranks = ALONE
    step: int = 0
    seconds: float = 0.0

    def save(self, config: DistillationConfig) -> None:
        """Write the state and, for stage 2, the weights; only the first process does."""
        if not self.ranks.is_first:
            return
        state = {k: v.contiguous() for k, v in self.student.state_dict().items()}
        with atomic_write(config.out / "encoder.safetensors") as partial:
            save_file(state, partial, {"config": json.dumps(asdict(config), default=str)})
        parts = {"student": state, "optimizer": self.optimizer.state_dict()}
        counts = {"step": self.step, "seconds": self.seconds, "ranks": self.ranks.count}
        save_state({**parts, "projections": self.projections, **counts}, config.out / STATE_FILE)

    def load(self, path: Path, device: str) -> int:
        """Continue where `save` was; returns the number of processes that were then."""
        saved = load_state(path)
        self.student.load_state_dict(saved["student"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.projections = [(m.to(device), b.to(device)) for m, b in saved["projections"]]
        self.step, self.seconds = saved["step"], saved["seconds"]
        return int(saved.get("ranks", 1))


def distill_features(
    config: DistillationConfig, is_stopped: StopRequest = never, ranks: Ranks = ALONE
) -> Iterator[Row]:
    """Run stage 1 to its end, resuming from ``out/state.pt`` where there is one.

    Yields:
        ``step``, ``images``, ``seconds`` and ``loss``, about twice a minute and at the end;
        all is saved then.  Of several processes only the first one reports, its own loss.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    teacher = load_feature_teacher(config, ranks)
    run = _start(config, teacher, ranks)
    yield from logged(_train(run, config, teacher, is_stopped), config.out, run.step, ranks)


def _train(
    run: _StageState, config: DistillationConfig, teacher: FeatureTeacher, is_stopped: StopRequest
) -> Iterator[Row]:
    ranks = run.ranks
    start_or_resume, reported = time.monotonic() - run.seconds, time.monotonic()
    mean_loss = 0.0
    done = fraction_done(config.minutes, config.steps, run.step, run.seconds)
    batches = teacher.batches(PCA_BATCHES + run.step) if done < 1 else iter(())
    for taken, batch in enumerate(batches, start=1):
        loss = _learn(run, config, batch, done)
        mean_loss += (loss - mean_loss) / min(taken, 50)
        now = time.monotonic()
        run.seconds = ranks.broadcast_number(now - start_or_resume)
        done = fraction_done(config.minutes, config.steps, run.step, run.seconds)
        is_over = done >= 1 or ranks.any(is_stopped())
        if is_over or now - reported > REPORT_EVERY_S:
            reported = now
            counts = {"step": run.step, "images": run.step * config.batch * ranks.count}
            run.save(config)
            yield {**counts, "seconds": round(run.seconds), "loss": round(mean_loss, 4)}
        if is_over:
            return


def _start(config: DistillationConfig, teacher: FeatureTeacher, ranks: Ranks) -> _StageState:
    torch.manual_seed(config.seed)
    student = _Student(config)
    place(student, torch.device(config.device))
    if config.init is not None:
        student.load_state_dict(load_file(config.init))
    if config.compile:
        compile_parts([student], config.device)
    ranks.broadcast(student.state_dict().values())
    weights, decay = student.parameters(), config.weight_decay
    optimizer = torch.optim.AdamW(weights, config.learning_rate, weight_decay=decay)
    run, started_by = _StageState(student, optimizer, [], ranks), ranks.count
    is_started = (config.out / STATE_FILE).exists()
    if is_started:
        started_by = run.load(config.out / STATE_FILE, config.device)
    ranks.check_together(run.step, started_by, config.out)
    if not is_started:
        dims = (config.dim,) if config.teaches_embeddings else (config.dim // 2, config.dim)
        features = (targets for _, targets in teacher.batches(0))
        run.projections = fit_projections(features, dims, PCA_BATCHES)
        ranks.broadcast(tensor for level in run.projections for tensor in level)
    return run


def _learn(run: _StageState, config: DistillationConfig, batch: FeatureBatch, done: float) -> float:
    """Take one step towards the teacher's projected features and return the loss."""
    rate = config.learning_rate * min(1.0, (run.step + 1) / WARMUP_STEPS)
    for group in run.optimizer.param_groups:
        group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done))
    seed = run.ranks.seed(config.seed * 1_000_003 + run.step)
    generator = torch.Generator(config.device).manual_seed(seed)
    image, features = batch
    targets = [project(f, *p) for f, p in zip(features, run.projections, strict=True)]
    with torch.autocast(torch.device(config.device).type, torch.bfloat16):
        found = run.student(_jitter(image, generator))
    taught = slice(-len(targets), None)  # a known model teaches stride 16 only
    levels = zip(LEVEL_WEIGHTS[taught], found[taught], targets, strict=True)
    losses = [w * feature_loss(*on_smaller_grid(f.float(), t)) for w, f, t in levels]
    loss = torch.stack(losses).sum()
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    run.ranks.average(run.student.parameters())
    nn.utils.clip_grad_norm_(run.student.parameters(), 1.0)
    run.optimizer.step()
    run.step += 1
    return float(loss.detach())
