import pytest
import torch

from tests.unit.tinysam2.toys import toy_network
from tinysam2.training.distillation.memory.losses import memory_loss, readers_of


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


def test_an_error_counts_by_what_is_read_of_it() -> None:
    network = toy_network().requires_grad_(False)
    readers = readers_of(network)
    assert len(readers) == 2 * network.config.memory_layers + 1
    for layer in network.memory_attention.layers:
        for read in (layer.cross_attn.k_proj, layer.cross_attn.v_proj):
            read.weight[:, 0] = 0
    network.matcher.key_proj.weight[:, 0] = 0
    taught = torch.randn(1, network.config.memory_dim, 6, 6)
    errors = []
    for channel in (0, 1):
        student = taught.clone()
        student[:, channel] += 1
        variance = torch.ones(network.config.memory_dim)
        errors.append(memory_loss(student, taught, variance, torch.zeros(1, 6, 6), readers))
    assert float(errors[0].error) == pytest.approx(float(errors[1].error))
    assert float(errors[0].reading) == pytest.approx(0, abs=1e-6)
    assert float(errors[1].reading) > 0.01
