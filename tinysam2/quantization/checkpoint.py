"""From a weights file to one that also has the scales of 8-bit layers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from tinysam2.build import load_own, prepare
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.quantization.calibration import frames_of_videos
from tinysam2.quantization.search import Report, SearchResult, search_scales


def quantize(
    weights: Path,
    videos: Sequence[Path],
    frame_count: int,
    out: Path,
    image_size: int | None = None,
    reports: Callable[[str], Report] = lambda _: lambda *_: None,
) -> SearchResult:
    """Find the scales of a network and write its weights together with them.

    Args:
        weights: a file of the program's own format.
        videos: what it is calibrated on, see `frames_of_videos`.
        frame_count: calibration frames, of all videos together.
        out: the new weights file.
        image_size: side of the input for a square image, pixels; the network's own if None.
        reports: takes the name of a step of the work, returns what its progress is reported to.

    Raises:
        CheckpointError: the weights cannot be used.
        ValueError: a video cannot be used.
        OSError: ``out`` cannot be written.
    """
    config, state, card = load_checkpoint(weights)
    model = prepare(load_own(weights), torch.device("cpu"))
    report, frames = reports("recording frames"), []
    for frame in frames_of_videos(videos, model, frame_count, image_size):
        frames.append(frame)
        report(len(frames), frame_count)
    found = search_scales(model.network, frames, reports("searching scales"))
    calibrated = {
        "frames": len(frames),
        "loss_before": found.loss_before,
        "loss_after": found.loss_after,
    }
    save_checkpoint(out, config, state, {**card, "int8": calibrated}, found.scales)
    return found
