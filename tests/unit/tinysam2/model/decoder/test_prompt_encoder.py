import torch

from tinysam2.model.decoder.prompt_encoder import PromptEncoder


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


@torch.inference_mode()
def test_clicks_carry_what_they_are_on_where_that_is_wanted() -> None:
    encoder = PromptEncoder(32, click_features=True)
    assert encoder.click_proj is not None
    torch.nn.init.normal_(encoder.click_proj.weight)
    xy, labels = torch.full((2, 3, 2), 0.25), torch.tensor([[1, 0, 2], [1, 0, -1]])
    maps = [torch.zeros(1, c, side, side) for c, side in ((32, 8), (8, 16), (4, 32))]
    plain = encoder.encode_points(xy, labels, maps)
    maps[2][:, :, 7:9, 7:9] = 1.0  # the four finest locations round the click
    seen = encoder.encode_points(xy, labels, maps)
    is_moved = (seen - plain).abs().amax(2) > 1e-3
    assert is_moved.tolist() == [[True, True, False, False]] * 2  # neither corners nor padding
    maps[2][:] = 0
    maps[2][:, :, 20:] = 1.0
    torch.testing.assert_close(encoder.encode_points(xy, labels, maps), plain)
