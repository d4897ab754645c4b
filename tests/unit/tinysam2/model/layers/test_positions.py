import pytest
import torch

from tinysam2.model.layers.positions import (
    FourierPositions,
    grid_rotary_codes,
    grid_xy,
    rotary_codes,
    rotate,
    sine_code_1d,
)


def test_locations_are_listed_row_by_row() -> None:
    assert grid_xy(2, 3).tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]


def test_rotary_product_depends_on_the_difference_of_positions_alone() -> None:
    q, k = torch.randn(2, 1, 32)
    here, there, shift = torch.randn(3, 1, 2) * 5

    def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        turned = rotate(q, rotary_codes(a, 32)), rotate(k, rotary_codes(b, 32))
        return (turned[0] * turned[1]).sum()

    torch.testing.assert_close(product(here, there), product(here + shift, there + shift))
    assert not torch.isclose(product(here, there), product(here, there + shift))


def test_rotation_keeps_length_and_the_origin_changes_nothing() -> None:
    x = torch.randn(3, 5, 16)
    turned = rotate(x, rotary_codes(torch.randn(5, 2) * 10, 16))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(rotate(x, rotary_codes(torch.zeros(5, 2), 16)), x)


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_a_traced_rotation_is_the_same() -> None:
    x, codes = torch.randn(3, 5, 16), rotary_codes(torch.randn(5, 2) * 10, 16)
    traced = torch.jit.trace(rotate, (x, codes))
    torch.testing.assert_close(traced(x, codes), rotate(x, codes))


def test_codes_of_a_grid_that_inference_computed_serve_training() -> None:
    grid_rotary_codes.cache_clear()
    with torch.inference_mode():
        grid_rotary_codes(2, 3, 16, torch.device("cpu"))
    x = torch.randn(6, 16, requires_grad=True)
    rotate(x, grid_rotary_codes(2, 3, 16, torch.device("cpu"))).square().sum().backward()
    torch.testing.assert_close(x.grad, 2 * x)


def test_sine_code_tells_positions_apart() -> None:
    codes = sine_code_1d(torch.arange(10.0), 32)
    distance = torch.cdist(codes, codes) + torch.eye(10)
    assert codes.shape == (10, 32)
    assert distance.min() > 0.1


def test_grid_code_is_the_code_of_location_centers() -> None:
    positions = FourierPositions(16)
    grid = positions.grid(4, 8)
    center = positions(torch.tensor([2.5 / 8, 1.5 / 4]))
    torch.testing.assert_close(grid[:, 1, 2], center)
