"""Stages 2 and 3: prompts on stills and tracking through memory, in one loop of short clips."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import StopRequest, never
from tinysam2.training.engine.run_log import Row, logged
from tinysam2.training.tracking.batches import (
    Batch,
    BatchSource,
    batch_source,
    make_clips,
    make_stills,
)
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.rollout import RolloutResult, click_stills, rollout
from tinysam2.training.tracking.state import TrackingState, start_or_resume

SAVE_EVERY_S, REPORT_EVERY_S = 240, 30


def train_tracking(
    config: TrackingConfig, is_stopped: StopRequest = never, ranks: Ranks = ALONE
) -> Iterator[Row]:
    """Run stages 2 and 3, resuming from ``out/state.pt`` where there is one.

    Yields:
        Means since the last report, about twice a minute and when a phase ends; of several
        processes only the first one reports, of what it learned from itself.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    state = start_or_resume(config, ranks)
    yield from logged(_train(state, config, is_stopped), config.out, state.step, ranks)


def _train(state: TrackingState, config: TrackingConfig, is_stopped: StopRequest) -> Iterator[Row]:
    batches = batch_source(config, state.ranks)
    start_s = time.monotonic() - state.seconds
    for phase in config.phases:
        is_over = config.fraction_done(state.step, state.seconds) >= phase.until
        if not is_over and not state.ranks.any(is_stopped()):
            yield from _train_phase(state, config, phase, batches, start_s, is_stopped)
    state.save(config)


def _train_phase(
    state: TrackingState,
    config: TrackingConfig,
    phase: Phase,
    batches: BatchSource,
    start_s: float,
    is_stopped: StopRequest,
) -> Iterator[Row]:
    ranks = state.ranks
    reported = saved = time.monotonic()
    log: list[RolloutResult] = []
    for batch in batches(phase, state.step):
        now = time.monotonic()
        state.seconds = ranks.broadcast_number(now - start_s)
        spent = config.fraction_done(state.step, state.seconds)
        if spent >= phase.until or ranks.any(is_stopped()):
            break
        log.append(train_step(state, config, phase, batch, spent))
        if now - reported > REPORT_EVERY_S:
            reported = now
            yield _report(state, config, log)
            log = []
        if now - saved > SAVE_EVERY_S:
            saved = now
            state.save(config)
    if log:
        yield _report(state, config, log)


def train_step(
    state: TrackingState,
    config: TrackingConfig,
    phase: Phase,
    batch: Batch,
    spent: float,
) -> RolloutResult:
    """Learn from a batch when a fraction ``spent`` of the run lies behind."""
    seed = state.ranks.seed(config.seed * 1_000_003 + state.step)
    generator = torch.Generator(config.device).manual_seed(seed)
    warmup = min(1.0, (state.step + 1) / 100)
    for group in state.optimizer.param_groups:
        group["lr"] = config.learning_rate * group["rate"] * warmup
        group["lr"] *= 0.02 + 0.49 * (1 + math.cos(math.pi * spent))
    layers, real, stills = batch
    clips = make_clips(layers, real, config.frames(phase), generator)
    clicked = None if stills is None else make_stills(stills, generator)
    with torch.autocast(torch.device(config.device).type, torch.bfloat16):
        result = rollout(
            state.network, *clips, generator, phase.encoder, state.teacher, phase.prompts
        )
        if clicked is not None:
            loss, click_iou = click_stills(
                state.network, *clicked, generator, phase.encoder, state.teacher
            )
            result = replace(result, loss=result.loss + loss, click_iou=click_iou)
    state.optimizer.zero_grad(set_to_none=True)
    result.loss.backward()
    state.ranks.average(state.parameters())
    nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    state.optimizer.step()
    if state.teacher is not None:
        state.teacher.learn(state.optimizer.param_groups[-1]["lr"])
    state.step += 1
    state.update_ema()
    return replace(result, loss=result.loss.detach())


def _report(
    state: TrackingState, config: TrackingConfig, log: list[RolloutResult]
) -> dict[str, float]:
    row: dict[str, float] = {"step": state.step, "seconds": round(state.seconds)}
    for name in ("loss", "click_iou", "track_iou"):
        found = [getattr(r, name) for r in log]
        if None not in found:
            row[name] = round(float(torch.stack(found).mean()), 4)
    if state.teacher is not None:
        row |= state.teacher.report()
    is_over = config.fraction_done(state.step, state.seconds) >= 1
    if state.validation and (is_over or state.validation.is_due):
        row |= state.validation.score(state.network, state.ema)
    return row
