"""Stages 2 and 3: prompts on stills and tracking through memory, in one loop of short clips."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from tinysam2.checkpoints import save_checkpoint
from tinysam2.devices import place
from tinysam2.network import TinySam2
from tinysam2.tracking.picture import normalise
from tinysam2.training.clip_data import RealClips, StillLayers
from tinysam2.training.matcher_start import start_as_matcher
from tinysam2.training.rollout import RolloutResult, rollout
from tinysam2.training.running import (
    STATE_FILE,
    StopRequest,
    append_log,
    ignore_interrupts,
    never,
    save_state,
)
from tinysam2.training.synthesis import colour_drift, synthesise
from tinysam2.training.teaching import Teacher, load_teacher
from tinysam2.training.tracking_config import Phase, TrackingConfig
from tinysam2.training.validation import Validation

EMA_DECAY = 0.998
SAVE_EVERY_S, REPORT_EVERY_S = 240, 30


@dataclass
class TrainingState:
    """Everything that a resumed run needs."""

    network: TinySam2
    optimiser: torch.optim.Optimizer
    ema: dict[str, Tensor]
    teacher: Teacher | None = None
    validation: Validation | None = None
    step: int = 0
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Write atomically."""
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "ema": self.ema,
            "teacher": self.teacher and self.teacher.state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_state(state, path)

    def load(self, path: Path) -> None:
        """Continue where `save` was."""
        device = self.network.no_memory.device
        saved = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(saved["network"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.ema = {name: value.to(device) for name, value in saved["ema"].items()}
        if self.teacher is not None:
            self.teacher.resume(saved.get("teacher"))
        self.step, self.seconds = saved["step"], saved["seconds"]

    def update_ema(self) -> None:
        """Move the averaged weights a step towards the current ones."""
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.ema[name].lerp_(value, 1 - decay)


def _start(config: TrackingConfig) -> TrainingState:
    torch.manual_seed(config.seed)
    network = TinySam2(config.model)
    stage1 = load_file(config.encoder)
    kept = {k: v for k, v in stage1.items() if k.startswith(("trunk.", "neck."))}
    missing, unexpected = network.load_state_dict(kept, strict=False)
    if unexpected or any(k.startswith(("trunk.", "neck.")) for k in missing):
        raise ValueError(f"{config.encoder} does not hold an encoder of this shape")
    start_as_matcher(network)
    place(network, torch.device(config.device))
    network.eval()  # batch norms keep stage 1's statistics
    trunk = list(network.trunk.parameters())
    rest = [p for n, p in network.named_parameters() if not n.startswith("trunk.")]
    optimiser = torch.optim.AdamW(
        [
            {"params": trunk, "rate": config.trunk_rate},
            {"params": rest, "rate": 1.0},
        ],
        weight_decay=config.weight_decay,
    )
    ema = {k: v.clone() for k, v in network.state_dict().items()}
    teacher = load_teacher(config, network.config.dim)
    return TrainingState(network, optimiser, ema, teacher, _validation(config))


def _validation(config: TrackingConfig) -> Validation | None:
    if config.validate is None:
        return None
    return Validation(config.validate, config.validate_every_s, config.data)


def _batches(
    config: TrackingConfig, phase: Phase, step: int
) -> Iterator[tuple[Tensor | None, Tensor | None]]:
    """Read layers of synthetic and frames of real clips; None where the recipe wants none."""
    size, seed = phase.size, config.seed
    synthetic = real = None
    if config.synthetic:
        synthetic = StillLayers(config.data, size, seed, step * config.synthetic)
    if config.real:
        real = RealClips(config.data, size, config.length, seed, step * config.real)
    return zip(
        _loader(synthetic, config.synthetic, config.workers),
        _loader(real, config.real, config.workers),
        strict=True,
    )


def _loader(clips: Dataset[Tensor] | None, count: int, workers: int) -> Iterable[Tensor | None]:
    if clips is None:
        return repeat(None)
    return DataLoader(clips, count, num_workers=workers, worker_init_fn=ignore_interrupts)


def _clips(
    layers: Tensor | None, real: Tensor | None, config: TrackingConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Make one batch of normalised pictures (B, T, 3, S, S), target and other masks."""
    clips = []
    if layers is not None:
        clips.append(synthesise(layers.to(config.device), config.length, generator))
    if real is not None:
        real = real.to(config.device)
        masks = real[:, :, 3] > 127
        pictures = colour_drift(real[:, :, :3].float(), generator)
        clips.append((pictures, masks, torch.zeros_like(masks)))
    pictures, masks, others = (torch.cat(parts) for parts in zip(*clips, strict=True))
    return normalise(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2]), masks, others


def train_tracking(
    config: TrackingConfig, is_stopped: StopRequest = never
) -> Iterator[dict[str, float]]:
    """Run stages 2 and 3, resuming from ``out/state.pt`` where there is one.

    Yields:
        Means since the last report, about twice a minute and when a phase ends.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    state = _start(config)
    if (config.out / STATE_FILE).exists():
        state.load(config.out / STATE_FILE)
    begin = time.monotonic() - state.seconds
    for phase in config.phases:
        if config.share_done(state.step, state.seconds) < phase.until and not is_stopped():
            yield from _train_phase(state, config, phase, begin, is_stopped)
    _save(state, config)


def _train_phase(
    state: TrainingState,
    config: TrackingConfig,
    phase: Phase,
    begin: float,
    is_stopped: StopRequest,
) -> Iterator[dict[str, float]]:
    reported = saved = time.monotonic()
    log: list[RolloutResult] = []
    for batch in _batches(config, phase, state.step):
        now = time.monotonic()
        state.seconds = now - begin
        spent = config.share_done(state.step, state.seconds)
        if spent >= phase.until or is_stopped():
            break
        log.append(_step(state, config, batch, spent, phase.train_trunk))
        if now - reported > REPORT_EVERY_S:
            reported = now
            yield _report(state, config, log)
            log = []
        if now - saved > SAVE_EVERY_S:
            saved = now
            _save(state, config)
    if log:
        yield _report(state, config, log)


def _save(state: TrainingState, config: TrackingConfig) -> None:
    state.save(config.out / STATE_FILE)
    export(state, config)


def _step(
    state: TrainingState,
    config: TrackingConfig,
    batch: tuple[Tensor | None, Tensor | None],
    spent: float,
    train_trunk: bool,
) -> RolloutResult:
    generator = torch.Generator(config.device).manual_seed(config.seed * 1_000_003 + state.step)
    warmup = min(1.0, (state.step + 1) / 100)
    for group in state.optimiser.param_groups:
        group["lr"] = config.learning_rate * group["rate"] * warmup
        group["lr"] *= 0.02 + 0.49 * (1 + math.cos(math.pi * spent))
    clips = _clips(*batch, config, generator)
    with torch.autocast(torch.device(config.device).type, torch.bfloat16):
        result = rollout(state.network, *clips, generator, train_trunk, state.teacher)
    state.optimiser.zero_grad(set_to_none=True)
    result.loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    state.optimiser.step()
    if state.teacher is not None:
        state.teacher.learn(state.optimiser.param_groups[-1]["lr"])
    state.step += 1
    state.update_ema()
    return replace(result, loss=result.loss.detach())


def _report(
    state: TrainingState, config: TrackingConfig, log: list[RolloutResult]
) -> dict[str, float]:
    row = {
        "step": state.step,
        "seconds": round(state.seconds),
        "loss": round(float(np.mean([float(r.loss) for r in log])), 4),
        "click_iou": round(float(np.mean([r.click_iou for r in log])), 4),
        "track_iou": round(float(np.mean([r.track_iou for r in log])), 4),
    }
    if state.teacher is not None:
        row |= state.teacher.report()
    is_over = config.share_done(state.step, state.seconds) >= 1
    if state.validation and (is_over or state.validation.is_due):
        row |= state.validation.score(state.network, state.ema)
    append_log(row, config.out)
    return row


def export(state: TrainingState, config: TrackingConfig) -> None:
    """Write the averaged weights as a checkpoint that `load_model` reads."""
    # Paths, what changes no weights, and what the file says anyway.
    not_told = {"data", "encoder", "out", "model", "teacher_checkpoint"}
    not_told |= {"validate", "validate_every_s"}
    card: dict[str, object] = {
        "recipe": {k: v for k, v in asdict(config).items() if k not in not_told},
        "steps": state.step,
        "seconds": round(state.seconds),
    }
    save_checkpoint(config.out / "tinysam2.safetensors", config.model, state.ema, card)
