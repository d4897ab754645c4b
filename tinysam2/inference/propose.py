"""Segment everything: find the objects of an image by prompting a grid of points, coarse to fine.

Source:
    TinySAM (Shu et al. 2023, arXiv:2312.13789), section 3.3 "Hierarchical Segmenting Everything",
    after the automatic mask generator of Segment Anything (Kirillov et al. 2023,
    arXiv:2304.02643, appendix B).  Here masks are filtered at the decoder's resolution, so that
    only those that stay are resized; duplicates are found by the IoU of masks, not of boxes; and
    the coarse points are every fourth of the dense grid, whatever their distance to the border.
    Thresholds are relative, since networks differ in scale: lightly trained ones predict lower IoUs
    and shallower logits for masks that are as good.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.mask_parts import is_background
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.preprocess import resize_logits
from tinysam2.model.decoder.prompt_encoder import POSITIVE
from tinysam2.model.image_features import ImageFeatures

BATCH_SIZE, CPU_BATCH_SIZE = 64, 8  # a CPU's caches hold few points: 40 % faster than 64
COARSE_STRIDE = 4  # TinySAM: a quarter of the points of each side come first
COARSE_OFFSET = 2  # the fourths that are nearest to the middle of their locations


@dataclass(frozen=True, slots=True)
class ProposalConfig:
    """Which points are prompted, and which of their masks are kept.

    Attributes:
        points_per_side: of the dense grid.
        batch_size: points that are decoded at a time; by default `BATCH_SIZE`, on the CPU
            `CPU_BATCH_SIZE`.
        is_hierarchical: prompt every fourth point of each side first, then only points outside
            of the confident areas that these found.
        min_relative_iou: masks whose predicted IoU is below this fraction of the highest one in the
            image are dropped.
        min_stability: masks whose `mask_stability` is below are dropped.
        stability_band: half the width of the band that the mask threshold moves in, as a fraction
            of the mask's mean positive logit.
        confident_fraction: where a kept mask's logit is above this fraction of its highest one, its
            area counts as confident.
        max_mask_iou: of two masks that overlap by more, the one of higher predicted IoU is kept.
        keeps_background: whether to keep masks that `is_background` takes for background.
    """

    points_per_side: int = 32
    batch_size: int | None = None
    is_hierarchical: bool = True
    min_relative_iou: float = 0.78  # this and the next two: by eye on stills, the bundled weights
    min_stability: float = 0.86
    stability_band: float = 0.15
    confident_fraction: float = 0.7  # TinySAM: a logit of 8.5; its highest are about 12
    max_mask_iou: float = 0.7  # Segment Anything
    keeps_background: bool = True

    def __post_init__(self) -> None:
        for name in ("points_per_side", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """An object that was found in an image.

    Attributes:
        mask: (H, W) bool, of the image's size.
        predicted_iou: about in [0, 1].
        stability: in [0, 1], see `mask_stability`.
        point_xy: the prompt, image pixels.
    """

    mask: NDArray[np.bool_]
    predicted_iou: float
    stability: float
    point_xy: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ProposalStep:
    """How far the search has come.

    Attributes:
        points_done: points of the grid that were prompted or skipped.
        points_total: all points of the grid.
        proposals: with the last step, what was found, the highest predicted IoU first.
    """

    points_done: int
    points_total: int
    proposals: tuple[Proposal, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Masks at the decoder's resolution.

    Attributes:
        logits: (N, h, w) half precision: thousands may wait for the others.
        predicted_iou: (N,).
        stability: (N,).
        points: (N, 2) in [0, 1].
    """

    logits: Tensor
    predicted_iou: Tensor
    stability: Tensor
    points: Tensor

    def __getitem__(self, chosen: Tensor) -> "_Candidates":
        """Select rows by indices or a boolean mask."""
        columns = self.logits, self.predicted_iou, self.stability, self.points
        return _Candidates(*(column[chosen] for column in columns))

    @staticmethod
    def joined(parts: "list[_Candidates]") -> "_Candidates":
        """Put the candidates of several batches together."""
        rows = ((p.logits, p.predicted_iou, p.stability, p.points) for p in parts)
        return _Candidates(*(torch.cat(column) for column in zip(*rows, strict=True)))


class _Pool:
    """The masks of several batches that are stable and not much worse than the best one."""

    def __init__(self, config: ProposalConfig) -> None:
        self._config = config
        self._least_iou = -math.inf
        self._parts: list[_Candidates] = []

    @torch.inference_mode()
    def add(self, logits: Tensor, predicted_iou: Tensor, points: Tensor) -> None:
        """Add masks (N, h, w) with predicted IoU (N,) and points (N, 2), unless they are bad."""
        is_good = predicted_iou >= self._least_iou
        logits, iou, points = logits[is_good], predicted_iou[is_good], points[is_good]
        band = self._config.stability_band * mean_positive(logits)
        stability = mask_stability(logits, band[:, None, None])
        found = _Candidates(logits.half(), iou, stability, points)
        found = found[stability >= self._config.min_stability]
        if len(found.points):
            least_iou = self._config.min_relative_iou * float(found.predicted_iou.max())
            self._least_iou = max(self._least_iou, least_iou)
        self._parts.append(found)

    def kept(self) -> _Candidates:
        """Return the masks that are good enough beside all others so far."""
        found = _Candidates.joined(self._parts)
        return found[found.predicted_iou >= self._least_iou]


def propose_objects(
    predictor: FramePredictor,
    key: int,
    image: NDArray[np.uint8],
    config: ProposalConfig | None = None,
) -> Iterator[ProposalStep]:
    """Find the objects of an image.

    Args:
        predictor: on any model.
        key: what the image's features are kept under.
        image: (H, W, 3) uint8 RGB.
        config: of the search.

    Yields:
        A step after each batch of points; the last one has the proposals.
    """
    config = config or ProposalConfig()
    features = predictor.features(key, image)
    coarse, fine = split_grid(config.points_per_side, config.is_hierarchical)
    default = CPU_BATCH_SIZE if predictor.model.device.type == "cpu" else BATCH_SIZE
    size = config.batch_size or default
    pool = _Pool(config)
    done, total = 0, len(coarse) + len(fine)
    for batch in _batches(coarse, size):
        pool.add(*_predict(predictor, features, batch))
        done += len(batch)
        yield ProposalStep(done, total)
    if done:
        kept = pool.kept()
        peaks = kept.logits.amax((-2, -1), keepdim=True)
        confident = kept.logits > config.confident_fraction * peaks
        fine = fine[~is_inside(fine, confident.any(0).cpu())]
    done = total - len(fine)
    for batch in _batches(fine, size):
        pool.add(*_predict(predictor, features, batch))
        done += len(batch)
        yield ProposalStep(done, total)
    kept = _without_duplicates(pool.kept(), config)
    yield ProposalStep(total, total, tuple(_finished(kept, image.shape[:2], config)))


def _batches(points: Tensor, size: int) -> tuple[Tensor, ...]:
    return points.split(size) if len(points) else ()  # torch splits nothing into one batch of none


@torch.inference_mode()
def _predict(
    predictor: FramePredictor, features: ImageFeatures, points: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Prompt points (N, 2) in [0, 1]: logits, predicted IoU and point of each mask."""
    network = predictor.model.network
    xy = points.to(predictor.model.device)
    prompts = xy[:, None], torch.full((len(xy), 1), POSITIVE, device=xy.device)
    with predictor.precision():
        if network.sam_decoder is not None:
            found = network.sam_decoder(features, *prompts, multimask=True)
        else:
            source = predictor.network.condition(features, None).expand(len(xy), -1, -1, -1)
            found = predictor.network.segment(source, features, *prompts, multimask=True)
    points = xy.repeat_interleave(found.logits.shape[1], 0)
    return found.logits.flatten(0, 1), found.predicted_iou.flatten(), points


def _without_duplicates(found: _Candidates, config: ProposalConfig) -> _Candidates:
    return found[suppress_duplicates(found.logits > 0, found.predicted_iou, config.max_mask_iou)]


@torch.inference_mode()
def _finished(
    found: _Candidates, size_hw: tuple[int, int], config: ProposalConfig
) -> Iterator[Proposal]:
    """Bring masks to the image's size, without small holes, specks and masks of specks alone."""
    cleanup = MaskCleanup.of_fraction(size_hw)
    rows = zip(found.logits, found.predicted_iou, found.stability, found.points, strict=True)
    for logits, iou, stability, point in rows:
        whole = resize_logits(logits[None].float(), size_hw)[0].cpu()
        mask = cleanup.clean(whole).numpy() > 0
        is_object = config.keeps_background or not is_background(mask)
        if np.count_nonzero(mask) > cleanup.drop_specks_px and is_object:
            x, y = (float(v * side) for v, side in zip(point, reversed(size_hw), strict=True))
            yield Proposal(mask, float(iou), float(stability), (x, y))


def split_grid(points_per_side: int, has_coarse: bool = True) -> tuple[Tensor, Tensor]:
    """Return the coarse points of a square grid, every fourth if any, and the others.

    Both are (N, 2) x and y in [0, 1].
    """
    index = torch.arange(points_per_side)
    is_fourth = (index % COARSE_STRIDE == COARSE_OFFSET) & has_coarse
    is_coarse = (is_fourth[:, None] & is_fourth).flatten()
    line = (index + 0.5) / points_per_side
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).flatten(0, 1)
    return grid[is_coarse], grid[~is_coarse]


def is_inside(points: Tensor, area: Tensor) -> Tensor:
    """Return which points (N, 2) in [0, 1] are in an area (h, w) bool: (N,)."""
    height, width = area.shape
    x, y = (points * points.new_tensor([width, height])).long().unbind(1)
    return area[y.clamp(max=height - 1), x.clamp(max=width - 1)]


def mean_positive(logits: Tensor) -> Tensor:
    """Return the mean of the positive logits of each mask (..., h, w): (...), 0 where none is."""
    positive = logits.clamp(min=0).sum((-2, -1), dtype=torch.float32)  # half would overflow
    return positive / (logits > 0).sum((-2, -1)).clamp(min=1)


def mask_stability(logits: Tensor, offset: float | Tensor = 1.0) -> Tensor:
    """Score how little masks change when their threshold moves by ``offset``.

    Args:
        logits: (..., h, w) raw mask logits.
        offset: half the width of the band that the threshold moves in; a tensor of its own for
            each mask has to broadcast to ``logits``.

    Returns:
        (...) IoU of each mask's cuts at ``+offset`` and ``-offset``, in [0, 1]; 0 for empty masks.

    Source:
        Segment Anything, ``utils/amg.py``, ``calculate_stability_score``, which gives NaN for
        empty masks.
    """
    strict, loose = ((logits > cut).flatten(-2).sum(-1) for cut in (offset, -offset))
    return strict / loose.clamp(min=1)


def suppress_duplicates(masks: Tensor, scores: Tensor, max_iou: float) -> Tensor:
    """Choose masks so that no two overlap by more than an IoU (non-maximum suppression).

    Args:
        masks: (N, h, w) bool.
        scores: (N,); of two masks the one of the higher score stays.
        max_iou: in [0, 1].

    Returns:
        (K,) indices of the masks that stay, the highest score first.
    """
    flat = masks.flatten(1)
    areas = flat.sum(1)
    rest = scores.argsort(descending=True, stable=True)
    kept = []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        smaller, larger = (
            pick(areas[rest], areas[best]) for pick in (torch.minimum, torch.maximum)
        )
        is_duplicate = smaller > max_iou * larger  # an IoU is at most the ratio of the areas
        near = rest[is_duplicate]
        shared = (flat[near] & flat[best]).sum(1)
        is_duplicate[is_duplicate.clone()] = shared > max_iou * (areas[near] + areas[best] - shared)
        rest = rest[~is_duplicate]
    return torch.stack(kept) if kept else scores.new_zeros(0, dtype=torch.long)
