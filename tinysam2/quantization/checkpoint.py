"""From a weights file to one that also has the scales of 8-bit layers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from tinysam2.build import Model, load_own, prepare
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.datasets.frames import open_frames
from tinysam2.quantization.calibration import calibration_frames
from tinysam2.quantization.objective import CalibrationFrame
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
        videos: what it is calibrated on, see `calibration_frames`.
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
    for frame in _frames_of(videos, model, frame_count, image_size):
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


def _frames_of(
    videos: Sequence[Path], model: Model, frame_count: int, image_size: int | None
) -> Iterator[CalibrationFrame]:
    """Yield frames of several videos, about as many of each."""
    left = frame_count
    for number, video in enumerate(videos):
        share = -(-left // (len(videos) - number))
        for frame in calibration_frames(model, open_frames(video), share, image_size):
            left -= 1
            yield frame
