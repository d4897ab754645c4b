"""Copying SAM: a RepViT network learns the embedding and the masks of a small SAM."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from tinysam2.build import load_own
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.checkpoints.sam import load_sam
from tinysam2.checkpoints.sharding import MIB, complete_sets, join_shards, replace_set
from tinysam2.devices import choose_precision, place
from tinysam2.inference.preprocess import normalize
from tinysam2.model.encoders.repvit import fuse_repvit
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import Sam
from tinysam2.training.distillation.sam.config import SamDistillationConfig, SamPhase
from tinysam2.training.distillation.sam.losses import embedding_loss, prompt_loss
from tinysam2.training.distillation.sam.objects import annotated_objects, choose_objects
from tinysam2.training.distillation.sam.view_sources import ViewSource, open_views
from tinysam2.training.engine.compilation import compile_parts
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import (
    STATE_FILE,
    StopRequest,
    fraction_done,
    never,
)
from tinysam2.training.engine.run_log import Row, logged
from tinysam2.training.engine.training_state import TrainingState
from tinysam2.training.teacher_losses import relative_error

WEIGHTS_FILE, SHARDS_FOLDER = "tinysam2.safetensors", "shards"
REPORT_EVERY_S, WARMUP_STEPS = 30, 50
_TRAINED = ("trunk", "neck", "sam_neck", "sam_decoder")


@dataclass
class SamTrainingState(TrainingState):
    """The state of a run, and the two networks that are copied.

    The network's memory and the decoder that reads it stay as they are.

    Attributes:
        sam: the teacher.
        own: the network as it was before the run, whose features are to stay the same.
        first_step: from which the optimizer has learned.
    """

    sam: Sam
    own: TinySam2
    first_step: int = field(default=0, kw_only=True)

    def save(self, config: SamDistillationConfig) -> None:
        """Write the state and the averaged weights; only the first process does."""
        if not self.ranks.is_first:
            return
        self.write(config.out / STATE_FILE)
        done = fraction_done(config.minutes, config.steps, self.step, self.seconds)
        shape = replace(self.network.config, image_size=config.phase_at(done).size)
        weights = config.out / WEIGHTS_FILE
        save_checkpoint(weights, shape, self.ema, self.card(_recipe_of(config)))
        if config.shard_mib is not None:
            name, limit_bytes = f"step-{self.step:08d}", int(config.shard_mib * MIB)
            replace_set(weights, config.out / SHARDS_FOLDER, name, limit_bytes)

    def load(self, path: Path) -> int:
        """Continue where `save` was; returns the number of processes that were then."""
        return int(self.read(path)["ranks"])

    def load_shards(self, shards: Sequence[Path], file: Path) -> int:
        """Continue from averaged weights alone: the optimizer is new and warms up again.

        Args:
            shards: a complete set that `save` wrote.
            file: where to join them.

        Returns:
            The number of processes that there were then.
        """
        join_shards(shards, file)
        _, weights, card = load_checkpoint(file)
        self.network.load_state_dict(weights)
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.step, self.seconds = int(str(card["steps"])), float(str(card["seconds"]))
        self.first_step = self.step
        return int(str(card["processes"]))


def _recipe_of(config: SamDistillationConfig) -> dict[str, object]:
    """Return what shaped the weights; paths say nothing to others."""
    paths = {"data", "parts", "start", "teacher_checkpoint", "out"}
    return {name: value for name, value in asdict(config).items() if name not in paths}


def start_as_sam(network: TinySam2, sam: Sam) -> TinySam2:
    """Give a TinySAM 2 network SAM's decoder, with a teacher's weights, and a new neck under it.

    Fed the teacher's embedding, the result predicts the teacher's masks.

    Args:
        network: with or without such a decoder; a network that has one is returned as it is.
        sam: the teacher.
    """
    if network.sam_decoder is not None:
        return network
    grown = TinySam2(replace(network.config, sam_decoder=True))
    grown.load_state_dict(network.state_dict(), strict=False)
    assert grown.sam_decoder is not None
    assert grown.sam_neck is not None
    grown.sam_decoder.load_state_dict(sam.sam_decoder.state_dict(), strict=False)
    grown.sam_neck.norm.load_state_dict(sam.neck[3].state_dict())
    return grown


def distill_sam(
    config: SamDistillationConfig, is_stopped: StopRequest = never, ranks: Ranks = ALONE
) -> Iterator[Row]:
    """Run the stage to its end, resuming from ``out/state.pt`` where there is one.

    Yields:
        Means since the last report, about twice a minute and at the end, when all is saved: the
        loss, the cosine to the teacher's embedding, how far the network's own features moved, the
        IoU after each round of prompts, and the fraction of the time that waited for images.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    state = _start_or_resume(config, ranks)
    yield from logged(_train(state, config, is_stopped), config.out, state.step, ranks)


def _start_or_resume(config: SamDistillationConfig, ranks: Ranks) -> SamTrainingState:
    torch.manual_seed(config.seed)
    device = torch.device(config.device)
    sam, own = load_sam("tinysam", config.teacher_checkpoint), load_own(config.start)
    fuse_repvit(own.eval().trunk)
    own.config = replace(own.config, fused=True)
    network = start_as_sam(own, sam)
    own = load_own(config.start) if network is own else own
    for module in (network, sam, own):
        place(module.eval(), device)
    for frozen in (sam, own):
        frozen.requires_grad_(False)
    network.requires_grad_(False)
    rates = {"trunk": config.trunk_rate, "neck": config.trunk_rate, "sam_neck": 1.0}
    rates["sam_decoder"] = config.decoder_rate
    groups = [
        {"params": list(getattr(network, name).requires_grad_().parameters()), "rate": rate}
        for name, rate in rates.items()
    ]
    optimizer = torch.optim.AdamW(
        groups,
        config.learning_rate,
        weight_decay=config.weight_decay,
        fused=True if device.type == "cuda" else None,
    )
    if config.compile:
        compile_parts([network.trunk, sam.trunk, own.trunk], config.device)
    ranks.broadcast(network.state_dict().values())
    ema = {name: value.clone() for name, value in network.state_dict().items()}
    state = SamTrainingState(network, optimizer, ema, sam, own, ranks=ranks)
    started_by = ranks.count
    if (config.out / STATE_FILE).exists():
        started_by = state.load(config.out / STATE_FILE)
    elif shards := last_shards(config.out):
        started_by = state.load_shards(shards, config.out / WEIGHTS_FILE)
    ranks.check_together(state.step, started_by, config.out)
    return state


def last_shards(out: Path) -> list[Path] | None:
    """Return the complete set of shards of the highest step in a run's folder, if there is one."""
    sets = complete_sets(out / SHARDS_FOLDER)
    return sets[max(sets)] if sets else None


@dataclass
class _Clock:
    """When things happened, in seconds of `time.monotonic`.

    Attributes:
        run_s: when the run would have started, had it never been interrupted.
        began_s: this process began.
        reported_s: the last report.
        saved_s: the last save.
        step: of the last report.
        waited_s: how long batches were waited for since then.
        first_step_s: how long this process took to finish its first step; 0 before.
    """

    run_s: float
    began_s: float
    reported_s: float
    saved_s: float
    step: int
    waited_s: float = 0.0
    first_step_s: float = 0.0

    @staticmethod
    def of(state: SamTrainingState) -> "_Clock":
        now = time.monotonic()
        return _Clock(now - state.seconds, now, now, now, state.step)

    def report(self, now_s: float, step: int, views: int) -> dict[str, float]:
        """Return figures of the time since the last report, in which each step saw ``views``."""
        took_s = max(now_s - self.reported_s, 1e-3)
        row = {
            "loading": round(self.waited_s / took_s, 3),
            "views_per_s": round(views * (step - self.step) / took_s, 1),
            "first_step_s": round(self.first_step_s, 1),
        }
        self.reported_s, self.step, self.waited_s = now_s, step, 0.0
        return row


def _train(
    state: SamTrainingState, config: SamDistillationConfig, is_stopped: StopRequest
) -> Iterator[Row]:
    clock = _Clock.of(state)
    done = fraction_done(config.minutes, config.steps, state.step, state.seconds)
    with open_views(config, state.ranks, is_stopped) as source:
        while done < 1 and not state.ranks.any(is_stopped()):
            phase = config.phase_at(done)
            yield from _train_phase(state, config, phase, source, clock, is_stopped)
            done = fraction_done(config.minutes, config.steps, state.step, state.seconds)
    state.save(config)


def _train_phase(
    state: SamTrainingState,
    config: SamDistillationConfig,
    phase: SamPhase,
    source: ViewSource,
    clock: _Clock,
    is_stopped: StopRequest,
) -> Iterator[Row]:
    views, log = config.batch * state.ranks.count, list[dict[str, Tensor]]()
    asked = time.monotonic()
    for batch in source.batches(phase, state.step):
        now = time.monotonic()
        clock.waited_s += now - asked
        state.seconds = state.ranks.broadcast_number(now - clock.run_s)
        done = fraction_done(config.minutes, config.steps, state.step, state.seconds)
        is_over = done >= phase.until or state.ranks.any(is_stopped())
        if log and (is_over or now - clock.reported_s > REPORT_EVERY_S):
            means = _means(state, log)
            yield {**means, **clock.report(now, state.step, views), **source.report()}
            log = []
        if is_over:
            return
        if now - clock.saved_s > config.save_every_s:
            clock.saved_s = now
            state.save(config)
        log.append(train_step(state, config, phase, batch, done))
        asked = time.monotonic()
        clock.first_step_s = clock.first_step_s or asked - clock.began_s


def train_step(
    state: SamTrainingState,
    config: SamDistillationConfig,
    phase: SamPhase,
    batch: tuple[Tensor, Tensor],
    done: float,
) -> dict[str, Tensor]:
    """Learn from a batch when a fraction ``done`` of the run lies behind; returns what to log."""
    seed = state.ranks.seed(config.seed * 1_000_003 + state.step)
    generator = torch.Generator(config.device).manual_seed(seed)
    images = normalize(batch[0].to(config.device, non_blocking=True))
    images = images.contiguous(memory_format=torch.channels_last)
    truth = batch[1].to(config.device, non_blocking=True) > 127
    _set_rates(state, config, done)
    dtype = choose_precision(torch.device(config.device))
    with torch.autocast(images.device.type, dtype, enabled=dtype is not None):
        losses = _losses(state, config, phase, images, truth, generator)
    weights = {"embedding": 1.0, "keep": config.keep_weight, "prompts": config.prompt_weight}
    loss = torch.stack([weights[k] * x for k, x in losses.items() if k in weights]).sum()
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    groups = state.optimizer.param_groups
    trained = [p for group in groups for p in group["params"] if p.grad is not None]
    state.ranks.average(trained)
    nn.utils.clip_grad_norm_(trained, 1.0)
    state.optimizer.step()
    state.step += 1
    state.update_ema()
    return {"loss": loss.detach(), **{name: value.detach() for name, value in losses.items()}}


def _set_rates(state: SamTrainingState, config: SamDistillationConfig, done: float) -> None:
    """Warm up, then follow a cosine down to `SamDistillationConfig.last_rate`."""
    warmup = min(1.0, (state.step - state.first_step + 1) / WARMUP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    rate = config.learning_rate * warmup * (config.last_rate + (1 - config.last_rate) * cosine)
    for group in state.optimizer.param_groups:
        group["lr"] = rate * group["rate"]


def _losses(
    state: SamTrainingState,
    config: SamDistillationConfig,
    phase: SamPhase,
    images: Tensor,
    truth: Tensor,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return the losses ``embedding``, ``keep``, ``prompts``, and figures for the log."""
    assert state.network.sam_decoder is not None
    if not phase.encoder:
        with torch.no_grad():
            features = state.network.encode_image(images)
        height, width = features.size_hw
        objects = annotated_objects(truth, (4 * height, 4 * width))
        student = state.network.sam_decoder, features
        prompts, ious = prompt_loss(student, None, objects, config.rounds, generator)
        return {"prompts": prompts} | _numbered(ious)
    with torch.no_grad():
        taught = state.sam.encode_image(images)
        kept = ImageFeatures(*state.own.neck(state.own.trunk(images)))
    features = state.network.encode_image(images)
    error, cosine = embedding_loss(features.sam_embedding, taught.s16)
    moved = [relative_error(a, b) for a, b in zip(features.maps, kept.maps, strict=True)]
    found = {"embedding": error, "cosine": cosine, "keep": torch.stack(moved).mean()}
    if not phase.prompts:
        return found
    teacher = state.sam.sam_decoder
    objects = choose_objects(teacher, taught, truth, generator)
    student = state.network.sam_decoder, features
    found["prompts"], ious = prompt_loss(
        student, (teacher, taught), objects, config.rounds, generator
    )
    return found | _numbered(ious)


def _numbered(ious: Tensor) -> dict[str, Tensor]:
    """Name the IoU after each round (rounds,) for the log."""
    return {f"iou{number}": iou for number, iou in enumerate(ious, 1)}


def _means(state: SamTrainingState, log: list[dict[str, Tensor]]) -> dict[str, float]:
    row: dict[str, float] = {"step": state.step, "seconds": round(state.seconds)}
    for name in log[0]:
        row[name] = round(float(torch.stack([entry[name] for entry in log]).mean()), 4)
    return row
