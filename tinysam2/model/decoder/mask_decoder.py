"""SAM 2's mask decoder: masks, their predicted IoU, the object logit and pointer tokens."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.decoder.two_way_transformer import TwoWayTransformer
from tinysam2.model.layers.mlp import Mlp
from tinysam2.model.layers.norms import LayerNorm2d

STABILITY_DELTA, STABILITY_THRESHOLD = 0.05, 0.98  # SAM 2's video predictor
NUM_MASKS = 4  # one for a clear prompt, three for an ambiguous one


@dataclass(frozen=True, slots=True)
class DecodedMasks:
    """The raw outputs of the decoder for each object.

    Attributes:
        logits: (O, 4, 4H, 4W) mask logits; index 0 is the single-mask output; fewer if fewer were
            asked for.
        predicted_iou: (O, 4) in [0, 1].
        object_logit: (O, 1) positive when the object is in the image; None from SAM's decoder.
        mask_tokens: (O, 4, dim).
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor | None
    mask_tokens: Tensor

    def stable_single(self) -> tuple[Tensor, Tensor]:
        """Return one mask: the single one where it is stable, else the best of the three.

        Returns:
            Logits (O, 1, 4H, 4W) and IoU (O, 1).

        Source:
            SAM 2's video predictor (``dynamic_multimask_via_stability``).
        """
        rows = torch.arange(len(self.logits), device=self.logits.device)
        best = 1 + self.predicted_iou[:, 1:].argmax(1)
        single = self.logits[:, 0].flatten(1)
        strict, loose = ((single > cut).sum(1) for cut in (STABILITY_DELTA, -STABILITY_DELTA))
        is_stable = strict >= STABILITY_THRESHOLD * loose
        index = torch.where(is_stable, 0, best)
        return self.logits[rows, index, None], self.predicted_iou[rows, index, None]


class MaskDecoder(nn.Module):
    """SAM 2.1's mask decoder with IoU and object-score heads and high-resolution features.

    Args:
        dim: width of the tokens and of the image map.
        heads: attention heads.
        mlp_dim: hidden width of the transformer's feed-forward layers.
        follows_sam: leave out the object score and the IoU head's sigmoid, as SAM does.

    Source: SAM 2 (arXiv:2408.00714), appendix "Mask decoder".
    """

    def __init__(self, dim: int, heads: int, mlp_dim: int, follows_sam: bool = False) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(dim, heads, mlp_dim)
        self.object_token = None if follows_sam else nn.Parameter(torch.randn(1, dim) * 0.02)
        self.iou_token = nn.Parameter(torch.randn(1, dim) * 0.02)
        self.mask_tokens = nn.Parameter(torch.randn(NUM_MASKS, dim) * 0.02)
        self.upscale1 = nn.ConvTranspose2d(dim, dim // 4, 2, 2)
        self.upscale_norm = LayerNorm2d(dim // 4)
        self.upscale2 = nn.ConvTranspose2d(dim // 4, dim // 8, 2, 2)
        self.mask_heads = nn.ModuleList(Mlp(dim, dim, dim // 8, 3) for _ in range(NUM_MASKS))
        self.iou_head = Mlp(dim, dim, NUM_MASKS, 3, sigmoid=not follows_sam)
        self.object_head = None if follows_sam else Mlp(dim, dim, 1, 3)

    def forward(
        self,
        image: Tensor,
        image_pos: Tensor,
        prompt_tokens: Tensor,
        dense_prompt: Tensor,
        high_res: tuple[Tensor, Tensor] | tuple[()],
        masks: int = NUM_MASKS,
    ) -> DecodedMasks:
        """Decode the first ``masks`` of the four masks.

        Args:
            image: (O, dim, H, W) image features, conditioned on memory.
            image_pos: (dim, H, W) position code of the locations.
            prompt_tokens: (O, N, dim).
            dense_prompt: (O or 1, dim, H, W).
            high_res: (B, dim / 4, 2H, 2W) and (B, dim / 8, 4H, 4W), B = O or 1, added while
                upscaling; () where the encoder has no such levels.
            masks: how many are wanted.
        """
        num_objects, _, height, width = image.shape
        own = torch.cat([self.iou_token, self.mask_tokens])
        if self.object_token is not None:
            own = torch.cat([self.object_token, own])
        tokens = torch.cat([own.expand(num_objects, -1, -1), prompt_tokens], 1)
        source = (image + dense_prompt).flatten(2).transpose(1, 2)
        position = image_pos.flatten(1).T[None]
        tokens, source = self.transformer(source, position, tokens)
        score_tokens, mask_tokens = tokens[:, : len(own)].split(
            [len(own) - NUM_MASKS, NUM_MASKS], 1
        )
        maps = self._upscaled(source.transpose(1, 2).unflatten(2, (height, width)), high_res)
        heads = list(self.mask_heads)[:masks]
        weights = torch.stack([h(mask_tokens[:, i]) for i, h in enumerate(heads)], 1)
        # Convolutions leave channels last, and so does this product: the maps are not reordered.
        pixels = maps.permute(0, 2, 3, 1).flatten(1, 2)
        logits = (pixels @ weights.transpose(1, 2)).transpose(1, 2).unflatten(2, maps.shape[-2:])
        object_logit = None if self.object_head is None else self.object_head(score_tokens[:, 0])
        return DecodedMasks(logits, self.iou_head(score_tokens[:, -1]), object_logit, mask_tokens)

    def _upscaled(self, maps: Tensor, high_res: tuple[Tensor, Tensor] | tuple[()]) -> Tensor:
        """Map (O, dim, H, W) to (O, dim / 8, 4H, 4W)."""
        s8, s4 = high_res or (0.0, 0.0)
        maps = F.gelu(self.upscale_norm(self.upscale1(maps) + s8))
        return F.gelu(self.upscale2(maps) + s4)
