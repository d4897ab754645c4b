from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from app.core.cancel import CancelToken
from app.core.errors import ModelError
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.core.settings import ModelSettings
from app.media.frames import FrameSource
from app.media.source import open_source
from app.tracking import tinysam2_backend
from app.tracking.backend import (
    Direction,
    FrameResult,
    ObjectRequest,
    SegmentRequest,
    TrackRequest,
)
from app.tracking.tinysam2_backend import TinySam2Backend, model_errors
from tests.helpers.fake_backend import disk
from tests.helpers.synthetic_video import SIZE_HW, write_numbered_clip
from tests.unit.tinysam2.toys import TOY, toy_model
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.inference.propose import ProposalConfig
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import SamDecoder

CLICK = FramePrompts((PointPrompt(30, 30),))


@pytest.fixture
def backend() -> TinySam2Backend:
    return TinySam2Backend(toy_model(), "toy", TOY.memory)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrameSource]:
    with open_source(write_numbered_clip(tmp_path_factory.mktemp("clip") / "a.mp4", 8)) as found:
        yield found


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns the number of points of each call of SAM's decoder."""
    found: list[int] = []
    predict = SamDecoder.all_masks

    def count(
        self: SamDecoder,
        features: ImageFeatures,
        xy: Tensor,
        labels: Tensor,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        found.append(xy.shape[1])
        return predict(self, features, xy, labels, mask)

    monkeypatch.setattr(SamDecoder, "all_masks", count)
    return found


def track(
    backend: TinySam2Backend,
    source: FrameSource,
    *objects: ObjectRequest,
    start: int = 0,
    direction: Direction = Direction.FORWARD,
) -> list[FrameResult]:
    request = TrackRequest(objects, start, 0, len(source) - 1, direction)
    return list(backend.track(source, request, CancelToken()))


@pytest.mark.parametrize(
    "prompts",
    [
        CLICK,
        FramePrompts(box=BoxPrompt(10, 10, 40, 40)),
        FramePrompts(mask=disk(SIZE_HW, (40, 30), 9)),
    ],
)
def test_masks_have_the_size_of_the_video(
    backend: TinySam2Backend, source: FrameSource, prompts: FramePrompts
) -> None:
    found = backend.segment(source, SegmentRequest(3, prompts))
    assert found.mask.size_hw == SIZE_HW
    assert 0 <= found.confidence <= 1
    if prompts.mask is not None:
        assert found.mask == prompts.mask


def test_a_click_changes_the_mask_that_it_corrects_around_itself_only(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    before = disk(SIZE_HW, (40, 30), 9)
    for point in (PointPrompt(40.5, 30.5, False), PointPrompt(70.5, 40.5)):
        found = backend.segment(source, SegmentRequest(3, FramePrompts((point,)), before)).mask
        assert found.covers(point.x, point.y) is point.is_positive
        kept = found & before if point.is_positive else found - before
        assert kept == (before if point.is_positive else RleMask.empty(SIZE_HW))
    inside = FramePrompts((PointPrompt(40.5, 30.5),))
    assert backend.segment(source, SegmentRequest(3, inside, before)).mask == before


def test_a_box_and_prompts_that_start_over_change_all_of_the_mask(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    before = disk(SIZE_HW, (40, 30), 9)
    boxed = FramePrompts(box=BoxPrompt(60, 20, 90, 50))
    found = backend.segment(source, SegmentRequest(3, boxed, before)).mask
    anew = FramePrompts((PointPrompt(40.5, 30.5, False),), boxed.box)
    whole = SegmentRequest(3, anew, before, only_at_clicks=False, drops_islands=False)
    assert found != before
    assert (
        backend.segment(source, whole).mask
        != backend.segment(source, replace(whole, only_at_clicks=True)).mask
    )


def test_frames_come_in_the_order_of_propagation(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    wanted = ObjectRequest(1, {3: CLICK})
    steps = track(backend, source, wanted, start=3, direction=Direction.BOTH)
    assert [step.frame for step in steps] == [3, 4, 5, 6, 7, 2, 1, 0]
    steps = track(backend, source, wanted, start=3, direction=Direction.BACKWARD)
    assert [step.frame for step in steps] == [3, 2, 1, 0]


def test_given_masks_are_kept_to_the_pixel(backend: TinySam2Backend, source: FrameSource) -> None:
    first, later = disk(SIZE_HW, (40, 30), 9), disk(SIZE_HW, (50, 30), 5)
    wanted = ObjectRequest(7, {0: FramePrompts(mask=first), 4: FramePrompts(mask=later)})
    masks = {step.frame: step.predictions[7].mask for step in track(backend, source, wanted)}
    assert masks[0] == first
    assert masks[4] == later


def test_memory_is_reported_as_the_user_demanded(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    constraints = {2: Constraint.BAN, 5: Constraint.PIN}
    wanted = ObjectRequest(1, {0: CLICK}, constraints=constraints)
    records = {step.frame: step.predictions[1].memory for step in track(backend, source, wanted)}
    assert records[0].decision is MemoryDecision.PROMPTED
    assert records[2].decision is MemoryDecision.BANNED
    assert records[5].decision is MemoryDecision.PINNED
    assert 2 not in records[7].bank
    assert {0, 5} <= set(records[7].bank)
    assert set(records[7].survivors) == set(records[7].tokens) == set(records[7].stored)
    assert 0 < sum(records[7].tokens.values()) <= records[7].tokens_stored
    height, width, bits = records[7].survivors[0]
    assert len(bits) == -(-height * width // 8)
    assert np.unpackbits(np.frombuffer(bits, np.uint8)).sum() <= height * width


def test_objects_are_distinguished(backend: TinySam2Backend, source: FrameSource) -> None:
    masks = [disk(SIZE_HW, (x, 30), 8) for x in (20, 70)]
    wanted = [ObjectRequest(i, {0: FramePrompts(mask=m)}) for i, m in enumerate(masks, 4)]
    first = track(backend, source, *wanted)[0]
    assert {each: found.mask for each, found in first.predictions.items()} == {
        4: masks[0],
        5: masks[1],
    }


def test_cancel_stops_after_the_frame_in_hand(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    token = CancelToken()
    request = TrackRequest((ObjectRequest(1, {3: CLICK}),), 3, 0, 7, Direction.BOTH)
    steps = backend.track(source, request, token)
    next(steps)
    token.cancel()
    assert list(steps) == []


def test_features_of_another_video_are_not_mistaken(
    backend: TinySam2Backend, source: FrameSource, tmp_path: Path
) -> None:
    before = backend.segment(source, SegmentRequest(0, CLICK))
    with open_source(write_numbered_clip(tmp_path / "other.mp4", 3, size_hw=(96, 128))) as other:
        backend.encode(other, 0)
        assert backend.segment(other, SegmentRequest(0, CLICK)).mask.size_hw == (96, 128)
    assert backend.segment(source, SegmentRequest(0, CLICK)) == before


def test_a_run_may_have_memory_settings_of_its_own(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    objects = (ObjectRequest(1, {0: CLICK}),)

    def last(*memory: tuple[str, str | int]) -> MemoryRecord:
        request = TrackRequest(objects, 0, 0, 7, memory=memory)
        *_, step = backend.track(source, request, CancelToken())
        return step.predictions[1].memory

    own, other = last(), last(("policy", "fifo"), ("max_frames", 3))
    assert (own.policy, other.policy) == ("quality", "fifo")
    assert len(other.bank) <= 3
    assert last().policy == "quality"
    with pytest.raises(ModelError, match="pool must be"):
        last(("pool", 3))


def test_weights_are_loaded_with_the_chosen_memory(tmp_path: Path, source: FrameSource) -> None:
    weights = tmp_path / "toy.safetensors"
    save_checkpoint(weights, TOY, TinySam2(TOY).state_dict(), {})
    memory = (("policy", "fifo"), ("pool", 1))
    settings = ModelSettings(checkpoint=weights, device="cpu", input_size=128, memory=memory)
    backend = TinySam2Backend.load(settings)
    assert backend.description.input_size == 128
    assert backend.description.parameters > 0
    record = track(backend, source, ObjectRequest(1, {0: CLICK}))[-1].predictions[1].memory
    assert record.survivors[0][:2] == (8, 8)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (ModelSettings(checkpoint=Path("none.safetensors")), "no weights file at none"),
        (ModelSettings(name="sam9"), "'sam9'"),
        (ModelSettings(device="abacus"), "'abacus'"),
        (ModelSettings(input_size=100), "multiple of 64"),
    ],
)
def test_what_cannot_be_loaded_is_reported(settings: ModelSettings, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        TinySam2Backend.load(settings)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("you tried to allocate memory")],
)
def test_running_out_of_memory_is_reported(error: Exception) -> None:
    with pytest.raises(ModelError, match="ran out of memory"), model_errors():
        raise error


def test_objects_are_suggested_with_masks_of_the_size_of_the_video(
    backend: TinySam2Backend, source: FrameSource, monkeypatch: pytest.MonkeyPatch
) -> None:

    def everything(points_per_side: int, keeps_background: bool) -> ProposalConfig:
        assert not keeps_background
        return ProposalConfig(points_per_side, min_relative_iou=-100, min_stability=0)

    monkeypatch.setattr(tinysam2_backend, "ProposalConfig", everything)
    *steps, last = backend.propose(source, 2)
    assert steps
    assert all(step.masks is None and step.done <= step.total for step in steps)
    assert last.masks
    assert {mask.size_hw for mask in last.masks} == {SIZE_HW}


def test_what_stays_in_memory_is_recorded_once(
    backend: TinySam2Backend, source: FrameSource
) -> None:
    found = track(backend, source, ObjectRequest(1, {0: CLICK}))
    records = [result.predictions[1].memory for result in found]
    maps = [each for record in records if record for each in record.survivors.values()]
    assert len(maps) > len(set(maps))
    assert len({id(each) for each in maps}) == len(set(maps))


def clicks(count: int) -> FramePrompts:
    rng = np.random.default_rng(3)
    xy = rng.uniform((0, 0), SIZE_HW[::-1], (count, 2))
    return FramePrompts(tuple(PointPrompt(x, y, bool(i % 3)) for i, (x, y) in enumerate(xy)))


def test_a_click_is_one_prediction_however_many_precede_it(
    source: FrameSource, decoded: list[int]
) -> None:
    backend = TinySam2Backend(toy_model(sam_decoder=True), "toy", TOY.memory)
    for count in range(1, 31):
        backend.segment(source, SegmentRequest(3, clicks(count)))
    assert decoded == list(range(1, 31))


def test_hundreds_of_clicks_do_not_slow_tracking(source: FrameSource, decoded: list[int]) -> None:
    backend = TinySam2Backend(toy_model(sam_decoder=True), "toy", TOY.memory)
    backend.segment(source, SegmentRequest(0, clicks(300)))
    assert len(decoded) < 40
    decoded.clear()
    track(backend, source, ObjectRequest(1, {0: clicks(300)}))
    assert decoded == []


def test_clicks_count_the_same_whether_they_came_before_or_not(source: FrameSource) -> None:
    known, fresh = (TinySam2Backend(toy_model(sam_decoder=True), "toy", TOY.memory) for _ in "ab")
    for count in (5, 20, 23, 45):
        known.segment(source, SegmentRequest(0, clicks(count)))
    asked = ObjectRequest(1, {0: clicks(45)})
    assert track(known, source, asked) == track(fresh, source, asked)
