import pytest
import torch

from tinysam2.training.distillation.memory.losses import memory_loss


def test_equal_maps_have_no_loss() -> None:
    memory = torch.randn(2, 4, 6, 6)
    loss = memory_loss(memory, memory, torch.ones(4), torch.zeros(2, 6, 6))
    assert float(loss.total) == pytest.approx(0, abs=1e-5)


def test_errors_are_in_units_of_each_channels_variance() -> None:
    taught = torch.randn(1, 2, 6, 6)
    student = taught + torch.tensor([1.0, 10.0])[:, None, None]
    loss = memory_loss(student, taught, torch.tensor([1.0, 100.0]), torch.zeros(1, 6, 6))
    assert float(loss.error) == pytest.approx(1)


def test_an_error_near_the_object_counts_more_than_one_far_from_it() -> None:
    taught, covered = torch.ones(1, 2, 9, 9), torch.zeros(1, 9, 9)
    covered[0, 2, 2] = 0.4
    near, far = taught.clone(), taught.clone()
    near[..., 4, 4], far[..., 5, 5] = 2, 2
    errors = [float(memory_loss(x, taught, torch.ones(2), covered).error) for x in (near, far)]
    assert errors[0] == pytest.approx(5 * errors[1])
