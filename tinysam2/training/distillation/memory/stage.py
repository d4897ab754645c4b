"""Copying the memory encoder: a small one learns to return the memory of the large one."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from tinysam2.build import load_own
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.devices import choose_precision, place
from tinysam2.model.memory_encoder import coverage
from tinysam2.model.network import TinySam2
from tinysam2.training.distillation.memory.config import MemoryDistillationConfig
from tinysam2.training.distillation.memory.losses import MemoryLoss, memory_loss, readers_of
from tinysam2.training.distillation.memory.samples import TrackedFrame, encode, track, vary
from tinysam2.training.distillation.memory.student import optimizer_of, start_student
from tinysam2.training.engine import fingerprints
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import STATE_FILE, StopRequest, never
from tinysam2.training.engine.run_log import Row, logged
from tinysam2.training.engine.training_state import TrainingState
from tinysam2.training.tracking.batches import batch_source, make_clips
from tinysam2.training.tracking.config import Phase

SAVE_EVERY_S, REPORT_EVERY_S, WARMUP_STEPS = 240, 30, 100


@dataclass
class MemoryTrainingState(TrainingState):
    """The state of a run; of the network only the memory encoder learns.

    Attributes:
        teacher: the network with the large memory encoder, which tracks the clips.
        variance: (memory_dim,) of the channels of its memory; None before the first clips.
    """

    teacher: TinySam2
    variance: Tensor | None = field(default=None, kw_only=True)

    def save(self, config: MemoryDistillationConfig) -> None:
        """Write the state and the averaged weights; only the first process does."""
        if not self.ranks.is_first:
            return
        whose = fingerprints.of_network(self.teacher)
        self.write(config.out / STATE_FILE, variance=self.variance, teacher=whose)
        paths = {"data", "start", "out"}
        card = self.card({k: v for k, v in asdict(config).items() if k not in paths})
        weights = config.out / "tinysam2.safetensors"
        save_checkpoint(weights, self.network.config, self.ema, card)

    def load(self, path: Path) -> int:
        """Continue where `save` was; returns the number of processes that were then.

        Raises:
            ValueError: the run began with another teacher.
        """
        saved = self.read(path)
        if saved["teacher"] != fingerprints.of_network(self.teacher):
            raise ValueError(
                f"start holds another network than the one with which the run in {path.parent} "
                "began; another out begins a new run"
            )
        if saved["variance"] is not None:
            self.variance = saved["variance"].to(self.network.no_memory.device)
        return int(saved["ranks"])


def distill_memory(
    config: MemoryDistillationConfig, is_stopped: StopRequest = never, ranks: Ranks = ALONE
) -> Iterator[Row]:
    """Run the stage to its end, resuming from ``out/state.pt`` where there is one.

    Yields:
        Means since the last report, about twice a minute and at the end, when all is saved: the
        ``loss``, and its parts as in `MemoryLoss`.

    Raises:
        ValueError: the network in ``start`` has the small memory encoder already, or is another
            than the one with which the run began.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    state = _start_or_resume(config, ranks)
    yield from logged(_train(state, config, is_stopped), config.out, state.step, ranks)


def _start_or_resume(config: MemoryDistillationConfig, ranks: Ranks) -> MemoryTrainingState:
    torch.manual_seed(config.seed)
    teacher = load_own(config.start).eval()
    network = start_student(teacher)
    for module in (teacher, network):
        place(module.requires_grad_(False), torch.device(config.device))
    optimizer = optimizer_of(network.memory_encoder, config.weight_decay)
    ranks.broadcast(network.state_dict().values())
    ema = {name: value.clone() for name, value in network.state_dict().items()}
    state = MemoryTrainingState(network, optimizer, ema, teacher, ranks=ranks)
    started_by = ranks.count
    if (config.out / STATE_FILE).exists():
        started_by = state.load(config.out / STATE_FILE)
    ranks.check_together(state.step, started_by, config.out)
    return state


def _train(
    state: MemoryTrainingState, config: MemoryDistillationConfig, is_stopped: StopRequest
) -> Iterator[Row]:
    start_s = time.monotonic() - state.seconds
    reported = saved = time.monotonic()
    frames, log = _frames(state, config), list[MemoryLoss]()
    done = config.fraction_done(state.step, state.seconds)
    while done < 1 and not state.ranks.any(is_stopped()):
        log.append(train_step(state, config, next(frames), done))
        now = time.monotonic()
        state.seconds = state.ranks.broadcast_number(now - start_s)
        done = config.fraction_done(state.step, state.seconds)
        if now - saved > SAVE_EVERY_S:
            saved = now
            state.save(config)
        if now - reported > REPORT_EVERY_S:
            reported = now
            yield _report(state, log)
            log = []
    state.save(config)
    if log:
        yield _report(state, log)


def _frames(state: MemoryTrainingState, config: MemoryDistillationConfig) -> Iterator[TrackedFrame]:
    """Give the frame of each step, from the present one on: the frames of clips in turns."""
    first = state.step // config.steps_of_clips
    batches = batch_source(config.clips, state.ranks)(Phase(1.0, config.size), first)
    for number, (layers, real, _) in enumerate(batches, first):
        generator = _generator(state, config, 2 * number)
        clips = make_clips(layers, real, config.length, generator)
        with _autocast(config):
            frames = track(state.teacher, *clips[:2], generator)
            if state.variance is None:
                state.variance = _variance(state, frames)
        for turn in range(state.step % config.steps_of_clips, config.steps_of_clips):
            yield frames[turn % config.length]


@torch.no_grad()
def _variance(state: MemoryTrainingState, frames: list[TrackedFrame]) -> Tensor:
    """Return the variance (memory_dim,) of each channel of the teacher's memory of frames."""
    memory = torch.cat([encode(state.teacher.memory_encoder, frame) for frame in frames])
    variance = memory.var((0, 2, 3)).clamp(min=1e-6)
    state.ranks.broadcast([variance])
    return variance


def train_step(
    state: MemoryTrainingState, config: MemoryDistillationConfig, frame: TrackedFrame, done: float
) -> MemoryLoss:
    """Learn from a frame, varied, when a fraction ``done`` of the run lies behind."""
    assert state.variance is not None
    frame = vary(frame, _generator(state, config, 2 * state.step + 1))
    rate = config.learning_rate * min(1.0, (state.step + 1) / WARMUP_STEPS)
    for group in state.optimizer.param_groups:
        group["lr"] = rate * group["rate"] * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
    with _autocast(config):
        with torch.no_grad():
            taught = encode(state.teacher.memory_encoder, frame)
        found = encode(state.network.memory_encoder, frame)
        covered = coverage(frame.mask_logits, frame.size_hw)
        readers = readers_of(state.teacher)
        loss = memory_loss(found, taught, state.variance, covered, readers)
    state.optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    trained = [p for group in state.optimizer.param_groups for p in group["params"]]
    state.ranks.average(trained)
    nn.utils.clip_grad_norm_(trained, 1.0)
    state.optimizer.step()
    state.step += 1
    state.update_ema()
    return MemoryLoss(loss.error.detach(), loss.cosine.detach(), loss.reading.detach())


def _generator(
    state: MemoryTrainingState, config: MemoryDistillationConfig, number: int
) -> torch.Generator:
    seed = state.ranks.seed(config.seed * 1_000_003 + number)
    return torch.Generator(config.device).manual_seed(seed)


def _autocast(config: MemoryDistillationConfig) -> torch.autocast:
    device = torch.device(config.device)
    dtype = choose_precision(device)
    return torch.autocast(device.type, dtype, enabled=dtype is not None)


def _report(state: MemoryTrainingState, log: list[MemoryLoss]) -> dict[str, float]:
    row: dict[str, float] = {"step": state.step, "seconds": round(state.seconds)}
    for name in ("total", "error", "cosine", "reading"):
        mean = torch.stack([getattr(loss, name) for loss in log]).mean()
        row["loss" if name == "total" else name] = round(float(mean), 4)
    return row
