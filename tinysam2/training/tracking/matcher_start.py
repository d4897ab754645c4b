"""Initializes memory attention as a feature matcher, from which it trains in minutes.

The distilled features are principal components, strongest first.  Memory tokens start as the first
48 of them and 16 channels of mask code.  Queries and keys start by comparing these 48, on channels
whose rotary angles hardly turn; constant channels whose angles do turn prefer near locations.
"""

import torch

from tinysam2.model.memory_attention import MemoryAttentionLayer
from tinysam2.model.network import TinySam2

_SHARPNESS = 2.0
_NEARNESS = 2.2
_NEAR_PAIRS = (8, 12, 16)  # rotary pairs whose waves are a few to a few dozen locations long


@torch.no_grad()
def start_as_matcher(network: TinySam2) -> None:
    """Set memory encoder and memory attention, in place, to compare features across frames."""
    dim, memory_dim = network.config.dim, network.config.memory_dim
    content = memory_dim * 3 // 4
    code = slice(dim - (memory_dim - content), dim)
    encoder = network.memory_encoder
    encoder.feature_proj.weight.copy_(torch.eye(dim)[:, :, None, None])
    encoder.feature_proj.weight[code] = 0
    downsampler = encoder.mask_downsampler.project
    downsampler.weight[: code.start] = 0
    encoder.out_proj.weight.zero_()
    for projection in (encoder.feature_proj, downsampler, encoder.out_proj):
        assert projection.bias is not None
        projection.bias.zero_()
    encoder.out_proj.weight[:content, :content, 0, 0] = torch.eye(content)
    encoder.out_proj.weight[content:, code, 0, 0] = torch.eye(memory_dim - content)
    quarter, half = content // 2, dim // 2
    slots = torch.cat([torch.arange(half - quarter, half), torch.arange(dim - quarter, dim)])
    near = [2 * pair + offset for offset in (0, half) for pair in _NEAR_PAIRS]
    if network.matcher is not None:
        for compared in (network.matcher.query_proj, network.matcher.key_proj):
            compared.bias.zero_()
            compared.weight.copy_(torch.eye(content, compared.in_features))
        network.matcher.evidence_proj.weight.zero_()  # the decoder's input starts without it
    for layer in network.memory_attention.layers:
        assert isinstance(layer, MemoryAttentionLayer)
        attention = layer.cross_attn
        for compared in (attention.q_proj, attention.k_proj):
            compared.weight.normal_(std=0.01)
            compared.bias.zero_()
            compared.bias[near] = _NEARNESS
        attention.q_proj.weight[slots, torch.arange(content)] = _SHARPNESS
        attention.k_proj.weight[slots, torch.arange(content)] = 1.0
        attention.v_proj.weight[:, :content] *= 0.1
        layer.self_attn.out_proj.weight.mul_(0.1)
        layer.linear2.weight.mul_(0.1)
