import torch

from tinysam2.decoder.prompt_encoder import PromptEncoder


@torch.inference_mode()
def test_padding_points_say_nothing_wherever_they_are() -> None:
    encoder = PromptEncoder(32)
    xy = torch.rand(1, 3, 2)
    labels = torch.tensor([[1, -1, 0]])
    moved = xy.clone()
    moved[0, 1] = 0.9
    torch.testing.assert_close(
        encoder.encode_points(xy, labels), encoder.encode_points(moved, labels)
    )


@torch.inference_mode()
def test_inside_and_outside_differ_at_the_same_place() -> None:
    encoder = PromptEncoder(32)
    xy = torch.full((2, 1, 2), 0.5)
    tokens = encoder.encode_points(xy, torch.tensor([[1], [0]]))
    assert tokens.shape == (2, 2, 32)  # a closing token that is no point
    assert not torch.allclose(tokens[0, 0], tokens[1, 0])
    torch.testing.assert_close(tokens[0, 1], tokens[1, 1])


@torch.inference_mode()
def test_mask_of_any_size_becomes_a_map() -> None:
    encoder = PromptEncoder(32)
    assert encoder.encode_mask(None, (4, 6)).shape == (1, 32, 4, 6)
    assert encoder.encode_mask(torch.randn(2, 1, 64, 96), (4, 6)).shape == (2, 32, 4, 6)
