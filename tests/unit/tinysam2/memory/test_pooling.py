import math

import pytest
import torch

from tinysam2.memory.pooling import MemoryGrid, compress_memory, pooled_positions
from tinysam2.memory.scores import novelty, object_descriptors, object_presence

MAP = torch.arange(16.0).view(1, 1, 4, 4)


def test_pooling_averages_squares_of_locations() -> None:
    ((tokens, locations),) = compress_memory(MAP, None, 2)
    assert tokens[:, 0].tolist() == [2.5, 4.5, 10.5, 12.5]
    assert locations.tolist() == [16, 17, 18, 19]
    ((tokens, locations),) = compress_memory(MAP, None, 1)
    assert tokens[:, 0].tolist() == locations.tolist() == list(range(16))


def test_locations_that_show_the_object_are_not_averaged() -> None:
    coverage = torch.zeros(1, 4, 4)
    coverage[0, 1, 3] = 0.1
    ((tokens, locations),) = compress_memory(MAP, coverage, 2)
    assert locations.tolist() == [2, 3, 6, 7, 16, 18, 19]
    assert tokens[:, 0].tolist() == [2, 3, 6, 7, 2.5, 10.5, 12.5]


def test_the_outline_comes_first_where_there_is_no_room_for_all() -> None:
    coverage = torch.zeros(1, 4, 4)
    coverage[0, :2] = 1.0
    coverage[0, 0, 0] = 0.0
    ((_, locations),) = compress_memory(MAP, coverage, 2, max_tokens=7)
    assert locations.tolist() == [0, 1, 4, 5, 17, 18, 19]
    for most in (1, 4, 6):
        ((_, locations),) = compress_memory(MAP, coverage, 2, max_tokens=most)
        assert locations.tolist() == [16, 17, 18, 19]


def test_a_grid_knows_what_tokens_stand_for() -> None:
    grid = MemoryGrid.of((4, 4), 2, torch.device("cpu"))
    assert grid.key_bias.tolist() == pytest.approx([0.0] * 16 + [math.log(4)] * 4)
    shown = grid.covered(torch.tensor([0, 17]))
    assert shown.int().tolist() == [[1, 0, 1, 1], [0, 0, 1, 1], [0] * 4, [0] * 4]


def test_a_grid_tells_which_tokens_show_the_object() -> None:
    grid = MemoryGrid.of((4, 4), 2, torch.device("cpu"))
    coverage = torch.zeros(4, 4)
    coverage[1, 2] = 0.1
    locations = torch.tensor([2, 6, 16, 17, 19])
    shown = grid.shows_object(coverage, locations).tolist()
    assert shown == [False, True, False, True, False]
    assert MemoryGrid.of((4, 4), 1, torch.device("cpu")).shows_object(
        coverage, torch.arange(16)
    ).nonzero().tolist() == [[6]]
    assert bool(grid.shows_object(torch.zeros(2, 2), locations).all())  # latents have no place


def test_pooled_positions_are_the_means_of_the_locations_they_pool() -> None:
    single = pooled_positions((8, 8), 1).view(8, 8, 2).permute(2, 0, 1)[None]
    for pool in (2, 4):
        mean = torch.nn.functional.avg_pool2d(single, pool)[0].flatten(1).T
        torch.testing.assert_close(pooled_positions((8, 8), pool), mean)


def test_presence_is_nothing_at_a_toss_up_and_one_when_certain() -> None:
    assert object_presence(0.0) == 0
    assert object_presence(-3.0) == 0
    assert object_presence(20.0) > 0.999


def test_descriptor_tells_the_object_from_what_surrounds_it() -> None:
    features = torch.full((1, 3, 4, 4), 5.0)
    features[:, 1, :, :2] = 1.0
    features[:, 2, :, 2:] = 1.0
    left = torch.full((8, 8), -1.0)
    left[:, :4] = 1.0
    seen, other, absent = object_descriptors(features, torch.stack([left, -left, left - 9]))
    assert float(seen @ other) < 0
    assert absent.abs().sum() == 0


def test_novelty_counts_the_most_similar_frame() -> None:
    a, b = torch.eye(4)[0], torch.eye(4)[1]
    assert novelty(a, []) == 1
    assert novelty(a, [b]) == 1
    assert novelty(a, [b, a]) == 0
    assert novelty(a, [-a]) == 1
