"""Segment everything: which points are prompted, and which masks are kept."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.toys import SIZE_HW, noise_frames, toy_model
from tinysam2.build import ImageModel
from tinysam2.config import SamConfig, TinyVitConfig
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.mask_parts import is_background
from tinysam2.inference.propose import (
    Proposal,
    ProposalConfig,
    ProposalStep,
    is_inside,
    mask_stability,
    propose_objects,
    split_grid,
    suppress_duplicates,
)
from tinysam2.model.sam import MaskPrediction, Sam

IMAGE = noise_frames(1)[0]
EVERYTHING = ProposalConfig(8, min_relative_iou=-100, min_stability=0)

Draw = Callable[[Tensor], tuple[Tensor, float]]  # from x, y in [0, 1] to logits (h, w) and IoU


@pytest.fixture
def predictor() -> FramePredictor:
    torch.manual_seed(7)
    trunk = TinyVitConfig((16, 32, 64, 64), (1, 1, 1, 1), (0, 1, 2, 2))
    network = Sam(SamConfig("tinysam", trunk, 128)).eval()
    return FramePredictor(ImageModel(network, torch.device("cpu"), None))


@pytest.fixture
def prompted(
    predictor: FramePredictor, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Draw], list[tuple[float, float]]]:
    """Let the network draw what a test wants; returns the points that it is asked about."""

    def install(draw: Draw) -> list[tuple[float, float]]:
        asked: list[tuple[float, float]] = []

        def decode(_features: object, xy: Tensor, labels: Tensor, multimask: bool) -> object:
            assert multimask
            assert labels.tolist() == [[1]] * len(xy)
            asked.extend((float(x), float(y)) for (x, y) in xy[:, 0])
            logits, ious = zip(*(draw(point) for point in xy[:, 0]), strict=True)
            return MaskPrediction(torch.stack(logits)[:, None], torch.tensor(ious)[:, None])

        monkeypatch.setattr(predictor.model.network.sam_decoder, "forward", decode)
        return asked

    return install


def left_half(inside: float = 20.0) -> Tensor:
    logits = torch.full((24, 40), -20.0)
    logits[:, :20] = inside
    return logits


def disk(point: Tensor, radius: float = 4) -> Tensor:
    """Draw a confident disk on a raster of 24 x 40."""
    y, x = torch.meshgrid(torch.arange(24) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    distance = ((x - point[0] * 40) ** 2 + (y - point[1] * 24) ** 2).sqrt()
    return torch.where(distance < radius, 20.0, -20.0)


def cone(point: Tensor, radius: float = 4) -> Tensor:
    y, x = torch.meshgrid(torch.arange(24) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    distance = ((x - point[0] * 40) ** 2 + (y - point[1] * 24) ** 2).sqrt()
    height = 1 - distance / radius
    return 20 * height * height.abs()  # flat at its border


def found(
    predictor: FramePredictor, config: ProposalConfig = EVERYTHING
) -> tuple[list[ProposalStep], tuple[Proposal, ...]]:
    *steps, last = propose_objects(predictor, 0, IMAGE, config)
    assert last.proposals is not None
    return steps, last.proposals


def test_coarse_and_fine_points_make_the_dense_grid() -> None:
    coarse, fine = split_grid(8)
    assert sorted(coarse.tolist()) == [[x / 16, y / 16] for x in (5, 13) for y in (5, 13)]
    line = [(i + 0.5) / 8 for i in range(8)]
    assert sorted(torch.cat([coarse, fine]).tolist()) == [[x, y] for x in line for y in line]


def test_points_are_looked_up_in_an_area() -> None:
    area = torch.zeros(2, 4, dtype=torch.bool)
    area[1, 3] = True
    points = torch.tensor([[0.9, 0.9], [0.9, 0.4], [0.7, 0.9], [1.0, 1.0]])
    assert is_inside(points, area).tolist() == [True, False, False, True]


def test_stability_compares_cuts_of_a_mask() -> None:
    soft = torch.tensor([[5.0, 5.0, 0.5, -5.0]])
    assert mask_stability(torch.stack([soft, soft - 20])).tolist() == pytest.approx([2 / 3, 0])
    assert float(mask_stability(soft, offset=0.2)) == 1


def test_the_better_of_two_similar_masks_stays() -> None:
    masks = torch.zeros(4, 10, 10, dtype=torch.bool)
    masks[0, :, :8] = True
    masks[1, :, :7] = True  # IoU with the first 7/8
    masks[2, :, 8:] = True
    masks[3, :5, :8] = True  # a part of the first: IoU 1/2
    scores = torch.tensor([0.8, 0.9, 0.7, 0.95])
    assert suppress_duplicates(masks, scores, 0.7).tolist() == [3, 1, 2]
    assert suppress_duplicates(masks, scores, 0.9).tolist() == [3, 1, 0, 2]
    assert suppress_duplicates(masks, scores, 0.4).tolist() == [3, 2]
    assert suppress_duplicates(masks[:0], scores[:0], 0.7).tolist() == []


def test_points_in_confident_areas_are_skipped(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    asked = prompted(lambda _: (left_half(), 0.95))
    steps, proposals = found(predictor, ProposalConfig(8, batch_size=16))
    assert len(asked) == 4 + 8 * 8 / 2 - 2  # coarse points, and the right half without its two
    assert all(x > 0.5 for x, _ in asked[4:])
    assert [(s.points_done, s.points_total) for s in steps] == [(4, 64), (50, 64), (64, 64)]
    (proposal,) = proposals
    assert proposal.mask.mean() == pytest.approx(0.5)
    assert proposal.mask[:, : SIZE_HW[1] // 2].all()


@pytest.mark.parametrize(
    ("logit", "iou", "config"),
    [
        (20.0, 0.95, ProposalConfig(8, is_hierarchical=False)),
        (20.0, 0.95, ProposalConfig(8, confident_fraction=1)),  # not confident enough
        (20.0, 0.95, ProposalConfig(8, min_stability=1.1)),  # not good enough
    ],
)
def test_other_points_are_all_prompted_once(
    predictor: FramePredictor,
    prompted: Callable[[Draw], list[tuple[float, float]]],
    logit: float,
    iou: float,
    config: ProposalConfig,
) -> None:
    asked = prompted(lambda _: (left_half(logit), iou))
    found(predictor, config)
    assert len(asked) == len(set(asked)) == 64


def test_masks_of_low_iou_or_stability_are_dropped(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    def draw(point: Tensor) -> tuple[Tensor, float]:
        if point[1] < 0.3:
            return disk(point), 0.8  # low IoU
        if point[1] > 0.7:
            return cone(point), 0.95  # vague: its border is not steep
        return disk(point), 0.95

    prompted(draw)
    config = ProposalConfig(4, min_relative_iou=0.9)
    _, proposals = found(predictor, config)
    assert {p.point_xy[1] for p in proposals} == {SIZE_HW[0] * 3 / 8, SIZE_HW[0] * 5 / 8}
    for p in proposals:
        x, y = p.point_xy
        assert p.mask[int(y), int(x)]
        assert (p.predicted_iou, p.stability) == (pytest.approx(0.95), 1)


@pytest.mark.parametrize("scale", [0.02, 1.0])
def test_networks_of_shallow_logits_and_low_ious_propose_as_much(
    predictor: FramePredictor,
    prompted: Callable[[Draw], list[tuple[float, float]]],
    scale: float,
) -> None:
    """What counts is how masks compare with each other, not the scale of a network's outputs."""

    def draw(point: Tensor) -> tuple[Tensor, float]:
        is_vague, iou = bool(point[1] > 0.7), 0.6 if point[1] < 0.3 else 0.95
        return scale * (cone(point) if is_vague else disk(point)), iou * (0.7 + 0.3 * scale)

    asked = prompted(draw)
    _, proposals = found(predictor, ProposalConfig(8))
    assert {p.point_xy[1] for p in proposals} == {SIZE_HW[0] * (i + 0.5) / 8 for i in (2, 3, 4, 5)}
    assert len(asked) < 64  # points in confident areas are skipped


def test_specks_are_removed_and_holes_filled(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    image = np.zeros((480, 800, 3), dtype=np.uint8)  # specks have up to 47 of its pixels

    def draw(_: Tensor) -> tuple[Tensor, float]:
        logits = torch.full((240, 400), -20.0)
        logits[40:80, 40:80] = 20
        logits[60, 60] = -20  # a hole
        logits[200, 300] = 20  # a speck
        return logits, 0.95

    prompted(draw)
    *_, last = propose_objects(predictor, 0, image, ProposalConfig(1))
    assert last.proposals is not None
    (proposal,) = last.proposals
    assert proposal.mask[80:160, 80:160].all()
    assert not proposal.mask[200:].any()


def test_a_mask_that_is_a_speck_is_no_object(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    image = np.zeros((480, 800, 3), dtype=np.uint8)
    prompted(lambda point: (disk(point, 0.8), 0.95))  # of 20 x 20 times as many pixels here
    *_, last = propose_objects(predictor, 0, image, ProposalConfig(1))
    assert last.proposals

    def draw(_: Tensor) -> tuple[Tensor, float]:
        logits = torch.full((240, 400), -20.0)
        logits[200, 300] = 20
        return logits, 0.95

    prompted(draw)
    *_, last = propose_objects(predictor, 0, image, ProposalConfig(1))
    assert last.proposals == ()


def test_several_objects_are_found_best_first(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    prompted(lambda point: (disk(point), 0.9 + 0.1 * float(point[0])))
    _, proposals = found(predictor, ProposalConfig(4))
    assert len(proposals) == 16
    ious = [p.predicted_iou for p in proposals]
    assert ious == sorted(ious, reverse=True)


def test_batches_do_not_change_the_result(predictor: FramePredictor) -> None:
    _, at_once = found(predictor)
    _, in_parts = found(predictor, replace(EVERYTHING, batch_size=7))
    assert at_once
    for one, other in zip(at_once, in_parts, strict=True):
        assert one.point_xy == other.point_xy
        assert (one.mask == other.mask).mean() > 0.999


def test_trackers_propose_too() -> None:
    _, proposals = found(FramePredictor(toy_model()))
    assert proposals
    assert all(p.mask.shape == SIZE_HW and p.mask.any() for p in proposals)


@pytest.mark.parametrize("name", ["points_per_side", "batch_size"])
def test_numbers_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        ProposalConfig(**{name: 0})


def frame(*objects: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((60, 100), np.bool_)
    for rows, columns in objects:
        mask[rows, columns] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (frame((slice(10, 40), slice(20, 50))), False),
        (frame((slice(10, 60), slice(20, 40))), False),  # an object that the frame cuts off
        (frame((slice(0, 20), slice(0, 100))), True),  # a wall
        (frame((slice(35, 60), slice(60, 100))), True),  # a floor in a corner
        (frame((slice(10, 20), slice(5, 25)), (slice(10, 20), slice(60, 80))), True),
        (frame((slice(10, 40), slice(20, 50)), (slice(50, 53), slice(60, 63))), False),
        (frame(), True),
    ],
)
def test_background_lies_along_the_border_or_in_parts(mask: np.ndarray, expected: bool) -> None:
    assert is_background(mask) is expected


def test_background_is_dropped_on_request(
    predictor: FramePredictor, prompted: Callable[[Draw], list[tuple[float, float]]]
) -> None:
    prompted(lambda point: (left_half() if point[0] < 0.5 else disk(point), 0.9))
    _, everything = found(predictor, ProposalConfig(4, is_hierarchical=False))
    config = ProposalConfig(4, is_hierarchical=False, keeps_background=False)
    _, objects = found(predictor, config)
    assert len(everything) > len(objects) > 0
    assert not any(is_background(each.mask) for each in objects)
