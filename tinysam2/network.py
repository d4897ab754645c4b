"""The TinySAM 2 network: pure functions of tensors; what is remembered lives in the tracker."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import REPVIT_VARIANTS, ModelConfig
from tinysam2.decoder.mask_decoder import DecodedMasks, MaskDecoder
from tinysam2.decoder.prompt_encoder import PromptEncoder
from tinysam2.encoders.fpn import LightFpn
from tinysam2.encoders.repvit import RepVit
from tinysam2.layers.mlp import Mlp
from tinysam2.layers.positions import sine_code_1d
from tinysam2.memory.attention import MemoryAttention, pad_tokens
from tinysam2.memory.encoder import MemoryEncoder

NO_OBJECT_LOGIT = -1024.0  # SAM 2: the mask of an absent object
MASK_LOGIT = 10.0  # what a given mask counts as, inside and (negative) outside
MAX_TIME_CODES = 7


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Features of a batch of pictures: (B, dim, H, W), (B, dim/4, 2H, 2W), (B, dim/8, 4H, 4W)."""

    s16: Tensor
    s8: Tensor
    s4: Tensor

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the stride-16 map."""
        height, width = self.s16.shape[-2:]
        return height, width


@dataclass(frozen=True, slots=True)
class ObjectMemory:
    """What one object may read.

    Attributes:
        tokens: (n, memory_dim) spatial tokens of all frames.
        xy: (n, 2) their positions in feature cells.
        time_index: (n,) long, 0 for the previous frame up to 6 for prompted frames.
        key_bias: (n,) added to attention logits.
        pointers: (p, dim) object pointers.
        pointer_age: (p,) float, frames since each, as a share of the longest that counts.
    """

    tokens: Tensor
    xy: Tensor
    time_index: Tensor
    key_bias: Tensor
    pointers: Tensor
    pointer_age: Tensor


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The decoder's answer for each object.

    Attributes:
        logits: (O, M, 4H, 4W), M = 3 for ambiguous prompts, else 1.
        predicted_iou: (O, M).
        object_logit: (O,).
        pointer: (O, dim) of the best mask, or the shared one of absent objects.
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor
    pointer: Tensor

    def best(self) -> "ObjectMasks":
        """Return each object's mask with the highest predicted IoU."""
        index = self.predicted_iou.argmax(1)
        rows = torch.arange(len(index), device=index.device)
        logits, iou = self.logits[rows, index], self.predicted_iou[rows, index]
        return ObjectMasks(logits, iou, self.object_logit, self.pointer.float())


@dataclass(frozen=True, slots=True)
class ObjectMasks:
    """One mask for each object on a frame.

    Attributes:
        logits: (O, h, w) at any resolution.
        predicted_iou: (O,) in [0, 1].
        object_logit: (O,).
        pointer: (O, dim).
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor
    pointer: Tensor


class TinySam2(nn.Module):
    """Encoder, prompt encoder, memory encoder, memory attention and mask decoder."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        dim, memory_dim = config.dim, config.memory_dim
        repvit = REPVIT_VARIANTS[config.repvit]
        self.trunk = RepVit(repvit)
        self.neck = LightFpn(repvit.channels, dim)
        self.prompt_encoder = PromptEncoder(dim)
        self.mask_decoder = MaskDecoder(dim, config.decoder_heads, config.mlp_dim)
        self.memory_encoder = MemoryEncoder(dim, memory_dim)
        self.memory_attention = MemoryAttention(
            dim, memory_dim, config.mlp_dim, config.memory_layers
        )
        self.no_memory = nn.Parameter(torch.randn(dim) * 0.02)
        self.time_code = nn.Parameter(torch.randn(MAX_TIME_CODES, memory_dim) * 0.02)
        self.pointer_proj = Mlp(dim, dim, dim, 3)
        self.pointer_time_proj = nn.Linear(dim, memory_dim)
        self.no_object_pointer = nn.Parameter(torch.randn(dim) * 0.02)

    @property
    def pointer_tokens(self) -> int:
        """Memory tokens that one object pointer takes."""
        return self.config.dim // self.config.memory_dim

    def encode_image(self, image: Tensor) -> ImageFeatures:
        """Encode normalised pictures (B, 3, Hi, Wi), sides multiples of 64."""
        return ImageFeatures(*self.neck(self.trunk(image)))

    def condition(self, features: ImageFeatures, memories: list[ObjectMemory] | None) -> Tensor:
        """Let the picture's features read each object's memory.

        Args:
            features: of one picture for all objects, or of one per object.
            memories: one per object; None before anything is remembered.

        Returns:
            (O, dim, H, W); (B, dim, H, W) without memory.
        """
        if memories is None:
            return features.s16 + self.no_memory[:, None, None]
        tokens, codes, angles, biases = zip(*map(self._memory_tokens, memories), strict=True)
        return self.memory_attention(
            features.s16,
            pad_tokens(list(tokens)),
            pad_tokens(list(codes)),
            pad_tokens(list(angles)),
            pad_tokens(list(biases), fill=float("-inf")),
        )

    def _memory_tokens(self, memory: ObjectMemory) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Lay out tokens, codes, angles and biases of one object: spatial first, pointers last."""
        split = self.pointer_tokens
        pointers = memory.pointers.reshape(-1, self.config.memory_dim)
        age = sine_code_1d(memory.pointer_age, self.config.dim)
        pointer_code = self.pointer_time_proj(age).repeat_interleave(split, 0)
        angles = self.memory_attention.angles(memory.xy)
        return (
            torch.cat([memory.tokens, pointers]),
            torch.cat([self.time_code[memory.time_index], pointer_code]),
            torch.cat([angles, angles.new_zeros(len(pointers), angles.shape[1])]),
            torch.cat([memory.key_bias, memory.key_bias.new_zeros(len(pointers))]),
        )

    def segment(
        self,
        conditioned: Tensor,
        features: ImageFeatures,
        points_xy: Tensor,
        labels: Tensor,
        mask_logits: Tensor | None = None,
        multimask: bool = False,
    ) -> Segmentation:
        """Predict masks from conditioned features and prompts.

        Args:
            conditioned: (O, dim, H, W) from `condition`.
            features: the picture's, for the high-resolution maps.
            points_xy: (O, K, 2) in [0, 1]; K may be 0.
            labels: (O, K), see `PromptEncoder.encode_points`.
            mask_logits: (O, 1, 4H, 4W) earlier or given mask.
            multimask: return the three masks for ambiguous prompts.
        """
        height, width = features.size_hw
        decoded: DecodedMasks = self.mask_decoder(
            conditioned,
            self.prompt_encoder.positions.grid(height, width),
            self.prompt_encoder.encode_points(points_xy, labels),
            self.prompt_encoder.encode_mask(mask_logits, (height, width)),
            (features.s8, features.s4),
        )
        masks = slice(1, None) if multimask else slice(0, 1)
        iou, tokens = decoded.predicted_iou[:, masks], decoded.mask_tokens[:, masks]
        object_logit = decoded.object_logit[:, 0]
        rows = torch.arange(len(iou), device=iou.device)
        is_present = object_logit > 0
        pointer = self.pointer_of(tokens[rows, iou.argmax(1)], is_present)
        logits = decoded.logits[:, masks].float()
        return Segmentation(logits, iou.float(), object_logit.float(), pointer)

    def segment_remembered(
        self, features: ImageFeatures, memories: list[ObjectMemory]
    ) -> Segmentation:
        """Predict one mask per object from its memory alone."""
        conditioned = self.condition(features, memories)
        xy, labels = no_points(len(memories), conditioned.device)
        return self.segment(conditioned, features, xy, labels)

    def pointer_of(self, mask_token: Tensor, is_present: Tensor) -> Tensor:
        """Project mask tokens (O, dim) to object pointers; absent objects share one pointer."""
        pointer = self.pointer_proj(mask_token)
        return torch.where(is_present[:, None], pointer, self.no_object_pointer.type_as(pointer))

    def encode_memory(
        self, features: ImageFeatures, mask_logits: Tensor, object_logit: Tensor, binarise: Tensor
    ) -> Tensor:
        """Encode what the frame looked like where the object was.

        Args:
            features: of the picture(s), B = O or 1.
            mask_logits: (O, h, w) at any resolution.
            object_logit: (O,).
            binarise: (O,) bool: harden the mask, as SAM 2 does for prompted frames.

        Returns:
            (O, memory_dim, H, W).
        """
        height, width = features.size_hw
        size = (16 * height, 16 * width)
        logits = F.interpolate(mask_logits[:, None], size, mode="bilinear", align_corners=False)
        soft, hard = logits.sigmoid(), (logits > 0).float()
        prob = torch.where(binarise[:, None, None, None], hard, soft)
        return self.memory_encoder(features.s16, prob, object_logit > 0)


def no_points(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the clicks (count, 0, 2) and labels (count, 0) of objects without any."""
    return torch.zeros(count, 0, 2, device=device), torch.zeros(
        count, 0, dtype=torch.long, device=device
    )
