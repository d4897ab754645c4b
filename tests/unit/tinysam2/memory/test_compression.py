import torch

from tinysam2.memory.compression import pool_memory, pooled_positions
from tinysam2.memory.quality import novelty, object_descriptors, object_presence


def test_pooling_averages_squares_of_cells() -> None:
    memory = torch.arange(16.0).view(1, 1, 4, 4)
    assert pool_memory(memory, 2)[0, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]
    assert pool_memory(memory, 1)[0, :, 0].tolist() == list(range(16))


def test_pooled_positions_are_the_means_of_the_cells_they_pool() -> None:
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
