"""Maps that are read as averages of windows and, in some windows, location by location."""

import pytest
import torch

from tinysam2.model.layers.mixed_grid import (
    LEAST_PARTS,
    MOST_PARTS,
    PARTS,
    MixedGrid,
    averages,
    outline_score,
)

H, W = 16, 24
WINDOWS = H * W // 4


def disc(radius: float) -> torch.Tensor:
    """Draw a disc in the middle of a map: (1, H, W) probabilities."""
    y, x = torch.arange(H)[:, None] - H / 2, torch.arange(W) - W / 2
    return ((y**2 + x**2) < radius**2).float()[None]


def single(grid: MixedGrid) -> torch.Tensor:
    """Return which locations (H, W) are read one by one."""
    found = torch.zeros(H * W, dtype=torch.bool)
    found[grid.locations[0]] = True
    return found.view(H, W)


def test_what_is_read_and_spread_is_the_map_or_its_averages() -> None:
    maps = torch.randn(2, 5, H, W)
    score = torch.rand(2, H // 2, W // 2)
    grid = MixedGrid.around(score)
    spread = grid.spread(grid.read(maps)).transpose(1, 2).unflatten(2, (H, W))
    flat = averages(maps).transpose(1, 2).unflatten(2, (H // 2, W // 2))
    flat = flat.repeat_interleave(2, 2).repeat_interleave(2, 3)
    for one, is_single, found, average in zip(maps, grid.locations, spread, flat, strict=True):
        kept = torch.zeros(H * W, dtype=torch.bool)
        kept[is_single] = True
        torch.testing.assert_close(found, torch.where(kept.view(H, W), one, average))


def test_objects_that_share_a_map_read_it_each_where_it_needs_to() -> None:
    maps = torch.randn(1, 5, H, W)
    grid = MixedGrid.around(torch.rand(3, H // 2, W // 2))
    rows = grid.read(maps)
    for i in range(3):
        alone = MixedGrid(grid.size_hw, grid.locations[i, None], grid.rows[i, None])
        torch.testing.assert_close(rows[i, None], alone.read(maps))


def test_the_outline_of_an_object_is_read_location_by_location() -> None:
    shown = disc(4)
    grid = MixedGrid.around(outline_score(shown))
    horizontal, vertical = (shown.diff(dim=axis)[0] != 0 for axis in (2, 1))
    read = single(grid)
    assert read[:, :-1][horizontal].all()
    assert read[:, 1:][horizontal].all()
    assert read[:-1][vertical].all()
    assert not read[0].any()


def test_of_an_object_without_much_outline_the_inside_is_read_first() -> None:
    shown = torch.zeros(1, H, W)
    shown[:, :, : W // 2] = 1.0
    read = single(MixedGrid.around(outline_score(shown)))
    assert read[:, : W // 2].sum() > read[:, W // 2 :].sum()


@pytest.mark.parametrize(("radius", "count"), [(0, 12), (1, 12), (3, 30), (6, 48)])
def test_how_much_is_read_depends_on_the_object_within_limits(radius: float, count: int) -> None:
    assert (WINDOWS * LEAST_PARTS // PARTS, WINDOWS * MOST_PARTS // PARTS) == (12, 48)
    assert MixedGrid.around(outline_score(disc(radius))).locations.shape[1] // 4 == count


def test_objects_of_a_batch_are_read_alike() -> None:
    small, large = outline_score(disc(1)), outline_score(disc(6))
    together = MixedGrid.around(torch.cat([small, large]))
    alone = [MixedGrid.around(each).locations.shape[1] for each in (small, large)]
    assert alone[0] < together.locations.shape[1] == alone[1]


def test_gradients_reach_every_location() -> None:
    maps = torch.randn(1, 5, H, W, requires_grad=True)
    grid = MixedGrid.around(outline_score(disc(4)))
    grid.spread(grid.read(maps)).square().sum().backward()
    assert maps.grad is not None
    assert (maps.grad != 0).all()
