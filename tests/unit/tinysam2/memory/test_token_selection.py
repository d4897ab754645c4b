from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.memory.token_selection import _novelty, select_tokens

ALL = torch.arange(6)


def tokens(seed: int) -> Tensor:
    return torch.randn(6, 8, generator=torch.Generator().manual_seed(seed))


def selected(
    frames: Sequence[Tensor],
    windows: Sequence[Tensor],
    is_conditioning: Sequence[bool],
    budget: int,
    is_object: Sequence[Tensor] | None = None,
) -> list[Tensor]:
    """Select tokens, none of which shows the object unless ``is_object`` tells."""
    nowhere = [torch.zeros(len(each), dtype=torch.bool) for each in frames]
    return select_tokens(frames, windows, is_conditioning, is_object or nowhere, budget)


def test_nothing_is_dropped_while_the_budget_suffices() -> None:
    keep = selected([tokens(0), tokens(1)], [ALL, ALL], [True, False], budget=12)
    assert all(bool(k.all()) for k in keep)
    assert {k.dtype for k in keep} == {torch.bool}


def test_budget_is_used_to_the_last_token() -> None:
    for budget in range(1, 18):
        frames = [tokens(i) for i in range(3)]
        keep = selected(frames, [ALL] * 3, [True, False, False], budget)
        assert sum(int(k.sum()) for k in keep) == budget


def test_a_conditioning_frame_keeps_its_reserve_however_little_is_novel() -> None:
    frames = [tokens(0), tokens(0), tokens(1), tokens(2)]
    keep = selected(frames, [ALL] * 4, [False, True, False, False], budget=10)
    assert int(keep[1].sum()) == 3


def test_four_tenths_are_reserved_for_all_conditioning_frames() -> None:
    dull, new = torch.ones(30, 8), torch.randn(41, 8, generator=torch.Generator().manual_seed(3))
    for count, reserved in ((1, 12), (2, 8), (3, 5), (4, 4), (6, 2)):
        frames, windows = [dull] * count + [new], [torch.arange(30)] * count + [torch.arange(41)]
        keep = selected(frames, windows, [True] * count + [False], budget=41)
        assert min(int(k.sum()) for k in keep[:count]) == reserved


def test_a_conditioning_frame_gives_way_to_what_is_new() -> None:
    dull = torch.ones(6, 8)
    keep = selected([dull, tokens(1)], [ALL] * 2, [True, False], budget=10)
    assert [int(k.sum()) for k in keep] == [4, 6]


def test_recent_frames_keep_the_object_beside_several_prompted_ones() -> None:
    prompted = [torch.randn(60, 8, generator=torch.Generator().manual_seed(i)) for i in (0, 1)]
    dull = torch.ones(20, 8)
    frames, windows = [*prompted, dull, dull], [torch.arange(60)] * 2 + [torch.arange(20)] * 2
    is_object = [torch.arange(len(each)) < 12 for each in frames]
    keep = selected(frames, windows, [True, True, False, False], 50, is_object)
    assert [int(k[:12].sum()) for k in keep[2:]] == [10, 10]
    assert sum(int(k.sum()) for k in keep) == 50
    keep = selected(frames, windows, [True, True, False, False], 50)
    assert [int(k.sum()) for k in keep[2:]] == [1, 0]  # one of the dull tokens is new


def test_nothing_is_reserved_for_recent_frames_beside_one_prompted_frame() -> None:
    frames, windows = [tokens(i) for i in range(4)], [ALL] * 4
    everywhere = [torch.ones(6, dtype=torch.bool)] * 4
    is_conditioning = [True, False, False, False]
    for budget in range(1, 24):
        plain = selected(frames, windows, is_conditioning, budget)
        marked = selected(frames, windows, is_conditioning, budget, everywhere)
        assert all(bool((a == b).all()) for a, b in zip(plain, marked, strict=True))


def test_every_correction_is_remembered_and_room_is_left_for_others() -> None:
    frames = [tokens(i) for i in (0, 0, 0, 1, 2)]
    keep = selected(frames, [ALL] * 5, [True, True, True, False, False], budget=12)
    kept = [int(k.sum()) for k in keep]
    assert min(kept) >= 1
    assert sum(kept) == 12


def test_what_an_earlier_frame_holds_in_its_place_goes_before_what_is_new() -> None:
    first, second = tokens(0), tokens(1)
    second[:4] = 3 * first[:4]  # the same direction says the same
    keep = selected([first, second], [ALL, ALL], [True, False], budget=8)
    assert keep[1].tolist() == [False] * 4 + [True] * 2


def test_the_same_appearance_elsewhere_is_new() -> None:
    first = tokens(0)
    keep = selected([first, first], [ALL, ALL + 6], [True, False], budget=11)
    assert bool(keep[1].all())
    keep = selected(
        [first, torch.cat([first[:3], first[:3]])],
        [ALL, torch.tensor([0, 1, 2, 6, 7, 8])],
        [True, False],
        budget=9,
    )
    assert keep[1].tolist() == [False] * 3 + [True] * 3


def test_frames_without_tokens_are_no_trouble() -> None:
    none = torch.zeros(0, dtype=torch.long)
    keep = selected([tokens(0), torch.zeros(0, 8)], [ALL, none], [False, False], budget=4)
    assert [len(k) for k in keep] == [6, 0]


def test_the_first_frame_drops_what_is_most_like_its_mean() -> None:
    dull = torch.zeros(6, 8)
    dull[:, 0] = 1.0
    dull[4:, 1] = torch.tensor([5.0, -9.0])
    (keep,) = selected([dull], [ALL], [False], budget=2)
    assert keep.tolist() == [False] * 4 + [True] * 2


def test_tokens_are_compared_by_direction_with_those_of_all_earlier_frames() -> None:
    first, second = tokens(0), tokens(1)
    third = torch.cat([second[:3] * 0.01, -first[3:] * 7])
    keep = selected([first, second, third], [ALL] * 3, [False, True, False], budget=15)
    assert keep[2].tolist() == [False] * 3 + [True] * 3


def test_a_conditioning_frame_keeps_its_most_novel_tokens() -> None:
    first = tokens(0)
    second = torch.cat([first[:4], tokens(5)[4:]])
    keep = selected([first, second], [ALL] * 2, [False, True], budget=8)
    assert keep[1].tolist() == [False] * 4 + [True] * 2


def test_results_are_on_tokens_that_need_no_gradient() -> None:
    learned = tokens(0).requires_grad_()
    keep = selected([learned, tokens(1)], [ALL] * 2, [True, False], budget=5)
    assert [k.dtype for k in keep] == [torch.bool] * 2


def test_the_selection_is_on_the_device_of_the_tokens() -> None:
    frames, everywhere = [tokens(0), tokens(1)], [torch.ones(6, dtype=torch.bool)] * 2
    for budget in (5, 12):
        with torch.device("meta"):  # tensors that are made without a device do not go with others
            keep = selected(frames, [ALL, ALL], [True, False], budget, everywhere)
        assert {str(k.device) for k in keep} == {"cpu"}


def test_novelty_is_that_of_all_pairs_of_tokens_in_a_window() -> None:
    torch.manual_seed(0)
    frames = [torch.randn(count, 4) for count in (5, 9, 7)]
    windows = [torch.randint(0, 4, (len(frame),)) for frame in frames]
    found = _novelty(frames, windows)
    for index in (1, 2):
        for token, window, score in zip(frames[index], windows[index], found[index], strict=True):
            earlier = [f[w == window] for f, w in zip(frames[:index], windows, strict=False)]
            alike = F.cosine_similarity(token, torch.cat(earlier))
            assert float(score) == pytest.approx(1 - max([0.0, *map(float, alike)]), abs=1e-5)
