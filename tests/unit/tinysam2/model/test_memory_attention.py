"""What an image's locations read of the image and of memory."""

import torch

from tinysam2.model.layers.mixed_grid import MixedGrid
from tinysam2.model.memory_attention import MemoryAttention

H, W, DIM, MEMORY_DIM = 4, 6, 16, 8


def make_attention(pools_image: bool, layers: int = 1) -> MemoryAttention:
    torch.manual_seed(1)
    return MemoryAttention(DIM, MEMORY_DIM, 32, layers, pools_image).eval()


def run(
    attention: MemoryAttention,
    image: torch.Tensor,
    objects: int,
    grid: MixedGrid | None = None,
) -> torch.Tensor:
    """Condition one image on five tokens of each object, those of objects up to ``objects``."""
    tokens = torch.arange(objects * 5 * MEMORY_DIM).sin().unflatten(0, (objects, 5, MEMORY_DIM))
    codes = attention.codes(torch.zeros(objects, 5, 2))
    seen = attention.attend_image(image)
    found: torch.Tensor = attention(
        seen, tokens, torch.zeros_like(tokens), codes, torch.zeros(objects, 5), grid=grid
    )
    return found


@torch.inference_mode()
def test_self_attention_reads_the_averages_of_windows() -> None:
    attention = make_attention(pools_image=True)
    layer = attention.layers[0]
    layer.norm1 = torch.nn.Identity()
    image = torch.randn(1, DIM, H, W)
    changed = image.clone()
    changed[..., 0, 0] += 1  # the average of their window stays what it was
    changed[..., 1, 1] -= 1
    same, different = run(attention, image, 1), run(attention, changed, 1)
    elsewhere = torch.ones(H, W, dtype=torch.bool)
    elsewhere[0, 0] = elsewhere[1, 1] = False
    torch.testing.assert_close(same[..., elsewhere], different[..., elsewhere])
    assert not torch.allclose(same[..., ~elsewhere], different[..., ~elsewhere])


@torch.inference_mode()
def test_as_in_sam_2_each_location_is_a_key() -> None:
    attention = make_attention(pools_image=False)
    attention.layers[0].norm1 = torch.nn.Identity()
    image = torch.randn(1, DIM, H, W)
    changed = image.clone()
    changed[..., 0, 0] += 1
    changed[..., 1, 1] -= 1
    assert not torch.allclose(
        run(attention, image, 1)[..., 3, 3], run(attention, changed, 1)[..., 3, 3]
    )


@torch.inference_mode()
def test_the_keys_of_windows_stand_at_their_centers() -> None:
    attention = make_attention(pools_image=True)
    codes = attention._image_keys((H, W), torch.device("cpu")).codes
    centers = torch.tensor([[x + 0.5, y + 0.5] for y in (0, 2) for x in (0, 2, 4)])
    torch.testing.assert_close(codes, attention.codes(centers))


@torch.inference_mode()
def test_objects_that_share_an_image_are_conditioned_as_each_alone() -> None:
    attention = make_attention(pools_image=True)
    image = torch.randn(1, DIM, H, W)
    torch.testing.assert_close(run(attention, image, 3)[:1], run(attention, image, 1))
    assert len(run(attention, image, 3)) == 3


def grid_of(*windows: int) -> MixedGrid:
    """Read the windows of these numbers location by location, for one object."""
    score = torch.zeros(1, H // 2, W // 2)
    score.view(-1)[list(windows)] = 1
    return MixedGrid.around(score)


@torch.inference_mode()
def test_a_grid_of_all_locations_conditions_as_without_it() -> None:
    attention, image = make_attention(pools_image=True), torch.randn(1, DIM, H, W)
    every = torch.arange(H * W)[None]
    grid = MixedGrid((H, W), every, every + H * W // 4)
    torch.testing.assert_close(run(attention, image, 1, grid), run(attention, image, 1))


@torch.inference_mode()
def test_single_locations_are_conditioned_as_without_a_grid_and_others_as_their_window() -> None:
    attention, image = make_attention(pools_image=True), torch.randn(1, DIM, H, W)
    plain, mixed = run(attention, image, 1), run(attention, image, 1, grid_of(0, 4))
    single = torch.zeros(H, W, dtype=torch.bool)
    single[:2, :2] = single[2:, 2:4] = True  # windows 0 and 4 of two rows of three
    torch.testing.assert_close(mixed[..., single], plain[..., single])
    assert not torch.allclose(mixed[..., ~single], plain[..., ~single])


@torch.inference_mode()
def test_an_image_alike_within_its_windows_is_conditioned_as_without_a_grid() -> None:
    attention = make_attention(pools_image=True, layers=1)
    image = torch.randn(1, DIM, H // 2, W // 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    attention.layers[0].self_attn.q_proj.weight.zero_()  # its codes differ within a window
    attention.layers[0].self_attn.q_proj.bias.zero_()
    attention.layers[0].cross_attn.q_proj.weight.zero_()
    attention.layers[0].cross_attn.q_proj.bias.zero_()
    mixed = run(attention, image, 1, grid_of(1))
    torch.testing.assert_close(mixed, run(attention, image, 1))
