import math

import pytest
import torch
from torch import Tensor, nn

from tinysam2.model.matcher import (
    DISTRACTOR_WEIGHT,
    LOGIT_SCALE,
    Conditioned,
    FeatureMatcher,
    with_coarse_masks,
)

DIM, SIDE = 8, 4


def matcher_of_plain_tokens() -> FeatureMatcher:
    """Make a matcher of tokens that hold features and, at the end, whether they show the object."""
    matcher = FeatureMatcher(DIM, DIM)
    for layer in (matcher.query_proj, matcher.key_proj):
        nn.init.zeros_(layer.bias)
        nn.init.eye_(layer.weight)
    nn.init.zeros_(matcher.share_proj.weight)
    nn.init.zeros_(matcher.share_proj.bias)
    with torch.no_grad():
        matcher.share_proj.weight[0, -1] = 8.0
    return matcher


def scene(seed: int = 3) -> tuple[Tensor, Tensor]:
    """Draw features (1, 8, 4, 4), and the object in the two columns on the left, as -1 and 1."""
    features = torch.randn(1, DIM, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    shows = torch.tensor([1.0, 1.0, -1.0, -1.0]).repeat(SIDE)
    return features, shows


def tokens_of(features: Tensor, shows: Tensor) -> Tensor:
    tokens = features.flatten(2).transpose(1, 2).clone()
    tokens[..., -1] = shows
    return tokens


def coarse_logits(matcher: FeatureMatcher, features: Tensor, tokens: Tensor) -> Tensor:
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    found = matcher.compare(features, tokens, everywhere)[:, 0] * LOGIT_SCALE
    return found


@torch.inference_mode()
def test_the_object_is_found_where_it_went() -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    tokens = tokens_of(features, shows)
    at_rest = coarse_logits(matcher, features, tokens)
    assert torch.equal(at_rest[0] > 0, shows.view(SIDE, SIDE) > 0)
    moved = coarse_logits(matcher, features.roll(1, -1), tokens)
    assert torch.equal(moved, at_rest.roll(1, -1))


@torch.inference_mode()
def test_objects_have_memories_of_their_own() -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    tokens = torch.cat([tokens_of(features, shows), tokens_of(features, -shows)])
    one, other = coarse_logits(matcher, features, tokens)
    assert torch.equal(one > 0, other < 0)


@torch.inference_mode()
def test_padding_says_nothing() -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    tokens = tokens_of(features, shows)
    is_token = torch.arange(20)[None] < SIDE * SIDE
    padded = torch.cat([tokens, torch.randn(1, 4, DIM)], 1)
    alone = matcher.compare(features, tokens, is_token[:, : SIDE * SIDE])
    torch.testing.assert_close(matcher.compare(features, padded, is_token), alone)


@torch.inference_mode()
def test_what_was_never_seen_is_matched_badly_by_both() -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    tokens = tokens_of(features, shows)
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    known = matcher.compare(features, tokens, everywhere)[:, 1:].amax(1)
    unknown = matcher.compare(-features, tokens, everywhere)[:, 1:].amax(1)
    assert float(unknown.mean()) < float(known.mean())


@torch.inference_mode()
def test_maps_are_soft_maxima_over_the_tokens_and_shares() -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    tokens = tokens_of(features, shows)
    query = nn.functional.normalize(matcher.query_proj(features.flatten(2).mT), dim=-1)
    key = nn.functional.normalize(matcher.key_proj(tokens), dim=-1)
    sharpness = matcher.log_sharpness.exp()
    alike = sharpness * query @ key.mT
    share = matcher.share_proj(tokens).mT
    inside = torch.logsumexp(alike + nn.functional.logsigmoid(share), -1)
    outside = torch.logsumexp(alike + nn.functional.logsigmoid(-share), -1)
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    found = matcher.compare(features, tokens, everywhere).flatten(2)[0]
    torch.testing.assert_close(found[0], (inside - outside)[0] / LOGIT_SCALE, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found[1], inside[0] / sharpness, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found[2], outside[0] / sharpness, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("sharpness", [30.0, 100.0])
@pytest.mark.parametrize("likeness", [-1.0, 1.0])
def test_the_least_and_the_most_alike_are_finite_in_every_precision(
    sharpness: float, likeness: float, precision: torch.dtype
) -> None:
    matcher, (features, shows) = matcher_of_plain_tokens(), scene()
    matcher.log_sharpness.fill_(math.log(sharpness))
    tokens = tokens_of(features, shows)[:, :1]
    features = likeness * tokens.mT[..., None].expand_as(features)
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        found = matcher.compare(features, tokens, everywhere)
    assert found.isfinite().all()
    assert (found[:, 1].amax() > 0.5) == (likeness > 0)


def test_the_coarse_mask_decides_only_where_the_decoder_is_unsure() -> None:
    logits = torch.tensor([-9.0, -0.1, 0.1, 9.0]).repeat_interleave(4).expand(1, 1, 8, 16)
    for sign in (1.0, -1.0):
        evidence = torch.full((1, 3, 2, 4), 3.0 * sign)
        found = with_coarse_masks(logits, [Conditioned(torch.zeros(1, 8, 2, 4), evidence)])
        unsure = torch.tensor([False, True, True, False]).repeat_interleave(4).expand_as(found)
        assert torch.equal(found[unsure] > 0, torch.full_like(found[unsure], sign) > 0)
        assert torch.equal(found[~unsure] > 0, logits[~unsure] > 0)
        torch.testing.assert_close((found - logits).abs().max(), torch.tensor(0.25))


def test_each_object_has_its_own_coarse_mask_and_without_a_matcher_nothing_is_added() -> None:
    features, logits = torch.zeros(1, 8, 2, 2), torch.zeros(2, 1, 8, 8)
    ours, theirs = (Conditioned(features, torch.full((1, 3, 2, 2), x)) for x in (1.0, -1.0))
    assert (with_coarse_masks(logits, [ours, theirs]).mean((1, 2, 3)) > 0).tolist() == [True, False]
    assert torch.equal(with_coarse_masks(logits, [Conditioned(features, None)]), logits)


def look_alikes() -> tuple[FeatureMatcher, Tensor, Tensor]:
    """Make an image whose right half nearly repeats its left half.

    Returns:
        A matcher, features (1, 8, 4, 4), and the tokens (2, 8, 8) of two objects: one is the left
        half, the other the right half, and no surroundings are remembered.
    """
    matcher = matcher_of_plain_tokens()
    drawn = torch.Generator().manual_seed(4)
    left = torch.randn(1, DIM, SIDE, 2, generator=drawn)
    features = torch.cat([left, left + 0.3 * torch.randn(left.shape, generator=drawn)], -1)
    tokens = features.unflatten(3, (2, 2)).permute(0, 3, 2, 4, 1).reshape(2, SIDE * 2, DIM).clone()
    tokens[..., -1] = 1.0
    return matcher, features, tokens


@torch.inference_mode()
def test_look_alikes_are_separated_by_what_is_remembered_of_each() -> None:
    matcher, features, tokens = look_alikes()
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    found = matcher.compare(features, tokens, everywhere)
    assert bool((found[:, 0] > 0).all())  # each matches both
    left, right = matcher.compete(found, ~torch.eye(2, dtype=torch.bool))[:, 0]
    assert float(left[:, :2].min()) > float(left[:, 2:].max())
    assert float(right[:, 2:].min()) > float(right[:, :2].max())
    assert float(left[:, 2:].max()) < float(found[0, 0, :, 2:].min())


@torch.inference_mode()
def test_distractors_count_as_remembered_surroundings() -> None:
    matcher, features, tokens = look_alikes()
    everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool)
    competing = matcher.compete(
        matcher.compare(features, tokens, everywhere), ~torch.eye(2, dtype=torch.bool)
    )
    # A weight of 0.2 is that of one token of surroundings beside five copies of the object's.
    surroundings = tokens[1:].clone()
    surroundings[..., -1] = -1.0
    both = torch.cat([tokens[:1].repeat(1, round(1 / DISTRACTOR_WEIGHT), 1), surroundings], 1)
    wanted = matcher.compare(features, both, torch.ones(both.shape[:2], dtype=torch.bool))
    torch.testing.assert_close(competing[:1, 0], wanted[:, 0], atol=1e-2, rtol=1e-2)


@torch.inference_mode()
def test_without_distractors_nothing_changes() -> None:
    matcher, features, tokens = look_alikes()
    found = matcher.compare(features, tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))
    assert torch.equal(matcher.compete(found, torch.zeros(2, 2, dtype=torch.bool)), found)
    one_sided = matcher.compete(found, torch.tensor([[False, True], [False, False]]))
    assert torch.equal(one_sided[1], found[1])
    assert not torch.equal(one_sided[0], found[0])
