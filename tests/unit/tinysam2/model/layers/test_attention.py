import math

import pytest
import torch
from torch.nn import functional as F

from tinysam2.model.layers import attention as layer
from tinysam2.model.layers.attention import Attention


@torch.inference_mode()
def test_pooled_key_with_log_bias_counts_as_often_as_it_stands_for() -> None:
    attention = Attention(16, heads=2)
    q, lone, common = torch.randn(1, 3, 16), torch.randn(1, 1, 16), torch.randn(1, 1, 16)
    spelled_out = torch.cat([lone, common.expand(1, 4, 16)], 1)
    pooled = torch.cat([lone, common], 1)
    bias = torch.tensor([[0.0, math.log(4)]])
    torch.testing.assert_close(
        attention(q, pooled, pooled, key_bias=bias), attention(q, spelled_out, spelled_out)
    )


@torch.inference_mode()
def test_padding_is_not_seen() -> None:
    attention = Attention(16, key_dim=8)
    q, keys = torch.randn(2, 3, 16), torch.randn(2, 5, 8)
    padded = torch.cat([keys, torch.full((2, 2, 8), 1e3)], 1)
    bias = torch.tensor([[0.0] * 5 + [float("-inf")] * 2]).expand(2, 7)
    torch.testing.assert_close(
        attention(q, padded, padded, key_bias=bias), attention(q, keys, keys)
    )


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="inner must be a multiple of heads = 3, got 16"):
        Attention(16, heads=3)


@torch.inference_mode()
def test_half_precision_attends_alike() -> None:
    torch.manual_seed(0)
    attention = Attention(32, heads=2)
    q, keys, bias = torch.randn(2, 9, 32), torch.randn(2, 7, 32), torch.randn(2, 7)
    bias[1, 4:] = float("-inf")
    exact = attention(q, keys, keys, key_bias=bias)
    with torch.autocast("cpu", torch.bfloat16):
        rough = attention(q, keys, keys, key_bias=bias)
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, atol=0.02, rtol=0.02)


@torch.inference_mode()
def test_attention_in_parts_is_that_of_all_queries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 8).bfloat16() for n in (7, 5, 5))
    bias = torch.randn(2, 1, 1, 5).bfloat16()
    at_once = layer._attend(q, k, v, bias)
    exact = F.scaled_dot_product_attention(q.float(), k.float(), v.float(), bias.float())
    torch.testing.assert_close(at_once.float(), exact, atol=0.05, rtol=0.05)
    monkeypatch.setattr(layer, "_MAX_WEIGHTS", 2 * 3 * 5 * 3)  # three queries each
    torch.testing.assert_close(layer._attend(q, k, v, bias), at_once)
