"""What an image's locations read of the image and of memory."""

import torch

from tinysam2.model.memory_attention import MemoryAttention

H, W, DIM, MEMORY_DIM = 4, 6, 16, 8


def make_attention(image_pool: int) -> MemoryAttention:
    torch.manual_seed(1)
    return MemoryAttention(DIM, MEMORY_DIM, 32, 1, image_pool).eval()


def run(attention: MemoryAttention, image: torch.Tensor, objects: int) -> torch.Tensor:
    """Condition one image on five tokens of each object, those of objects up to ``objects``."""
    tokens = torch.arange(objects * 5 * MEMORY_DIM).sin().unflatten(0, (objects, 5, MEMORY_DIM))
    codes = attention.codes(torch.zeros(objects, 5, 2))
    found: torch.Tensor = attention(
        image, tokens, torch.zeros_like(tokens), codes, torch.zeros(objects, 5)
    )
    return found


@torch.inference_mode()
def test_self_attention_reads_the_averages_of_windows() -> None:
    attention = make_attention(image_pool=2)
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
def test_windows_of_one_location_read_each_location() -> None:
    attention = make_attention(image_pool=1)
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
    attention = make_attention(image_pool=2)
    codes = attention._grid_codes(H, W, torch.device("cpu"))
    centers = torch.tensor([[x + 0.5, y + 0.5] for y in (0, 2) for x in (0, 2, 4)])
    torch.testing.assert_close(codes.keys, attention.codes(centers))


@torch.inference_mode()
def test_objects_that_share_an_image_are_conditioned_as_each_alone() -> None:
    attention = make_attention(image_pool=2)
    image = torch.randn(1, DIM, H, W)
    torch.testing.assert_close(run(attention, image, 3)[:1], run(attention, image, 1))
    assert len(run(attention, image, 3)) == 3
