"""The TinySAM 2 network.  It is stateless: memory is passed to it, and the tracker keeps it."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import KeyPooling, ModelConfig
from tinysam2.model.decoder.mask_decoder import DecodedMasks, MaskDecoder
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.decoder.prompt_encoder import NOT_A_POINT, PromptEncoder
from tinysam2.model.encoders.factory import make_encoder
from tinysam2.model.encoders.repvit import RepVit
from tinysam2.model.encoders.sam_neck import SamNeck
from tinysam2.model.fake_quantization import no_scales
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.layers.attention import KeyGroups
from tinysam2.model.layers.mlp import Mlp
from tinysam2.model.layers.positions import grid_xy, sine_code_1d, sine_code_2d
from tinysam2.model.matcher import FeatureMatcher
from tinysam2.model.memory_attention import MemoryAttention, ObjectMemory, pad_tokens
from tinysam2.model.memory_encoder import MemoryEncoder
from tinysam2.model.perceiver import SpatialPerceiver
from tinysam2.model.sam import EMBEDDING_DIM, SamDecoder
from tinysam2.model.stages import NetworkStage, StageFunction, StageRunner, Tensors, run_by_torch

MASK_LOGIT = 10.0
"""Logit inside a mask prompt; outside it is the negative of this."""
MAX_TIME_CODES = 7
"""Number of temporal codes: six for frames by their distance, one for conditioning frames."""
IMAGE_POOL = 2
"""Side of the windows of locations that self attention averages, where SAM 2 averages none."""
IMAGE_CODE_SCALE = 0.1  # SAM 2: factor of the sine codes that are added to an image's features


class TinySam2(nn.Module):
    """Encoder, prompt encoder, memory encoder, memory attention and mask decoder."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.run: StageRunner = run_by_torch
        self.scales = no_scales()  # of its layers, once `prepare` has fused them
        dim, memory_dim = config.dim, config.memory_dim
        self.trunk, self.neck = make_encoder(config)
        self.sam_neck: SamNeck | None = None
        self.sam_decoder: SamDecoder | None = None
        if config.sam_decoder:
            assert isinstance(self.trunk, RepVit)
            self.sam_neck = SamNeck(self.trunk.channels, EMBEDDING_DIM)
            self.sam_decoder = SamDecoder(high_res=(dim // 4, dim // 8))
        self.prompt_encoder = PromptEncoder(dim, click_features=config.click_features)
        self.mask_decoder = MaskDecoder(dim, config.decoder_heads, config.mlp_dim)
        self.memory_encoder = MemoryEncoder(
            dim, memory_dim, not config.follows_sam2, config.no_object_code
        )
        self.memory_attention = MemoryAttention(
            dim,
            memory_dim,
            config.mlp_dim,
            config.memory_layers,
            image_pool=1 if config.follows_sam2 else IMAGE_POOL,
        )
        self.matcher = FeatureMatcher(dim, memory_dim) if config.matching else None
        self.no_memory = nn.Parameter(torch.randn(dim) * 0.02)
        self.time_code = nn.Parameter(torch.randn(MAX_TIME_CODES, memory_dim) * 0.02)
        self.pointer_proj = Mlp(dim, dim, dim, 3)
        self.pointer_time_proj = nn.Linear(dim, memory_dim) if config.pointer_time else None
        self.no_object_pointer = nn.Parameter(torch.randn(dim) * 0.02)
        self.mask_downsample = nn.Conv2d(1, 1, 4, 4) if config.follows_sam2 else None
        self.spatial_perceiver = SpatialPerceiver(memory_dim) if config.perceiver else None

    @property
    def pointer_tokens(self) -> int:
        """Memory tokens that one object pointer takes."""
        return self.config.dim // self.config.memory_dim

    def encode_image(self, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        """Encode images.

        Args:
            image: (B, 3, Hi, Wi) normalized, sides multiples of 64.
            for_prompts: compute also what SAM's decoder reads, if the network has it; memory alone
                reads less, except where `refined` redraws the masks.
        """
        if self.sam_neck is None or not (for_prompts or self.config.refines_tracked):
            return ImageFeatures(*self.run(NetworkStage.ENCODE_IMAGE, self._encode, image))
        *maps, embedding = self.run(NetworkStage.ENCODE_IMAGE_FOR_SAM, self._encode_for_sam, image)
        return replace(ImageFeatures(*maps), embedding=embedding)

    def stage_function(self, stage: NetworkStage) -> StageFunction:
        """Return what computes a stage by torch."""
        functions: dict[NetworkStage, StageFunction] = {
            NetworkStage.ENCODE_IMAGE: self._encode,
            NetworkStage.ENCODE_IMAGE_FOR_SAM: self._encode_for_sam,
            NetworkStage.CONDITION: self._condition,
            NetworkStage.DECODE: self._decode,
            NetworkStage.ENCODE_MEMORY: self._encode_memory,
        }
        return functions[stage]

    def _encode(self, image: Tensor) -> Tensors:
        """Encode images: the maps of the tracker."""
        return self.neck(self.trunk(image))

    def _encode_for_sam(self, image: Tensor) -> Tensors:
        """Encode images: the maps of the tracker, and the embedding that SAM's decoder reads."""
        found = self.features_of(self.trunk(image))
        return (*found.maps, found.sam_embedding)

    def features_of(self, levels: list[Tensor]) -> ImageFeatures:
        """Pass the trunk's levels through the necks."""
        embedding = None if self.sam_neck is None else self.sam_neck(levels)
        return replace(ImageFeatures(*self.neck(levels)), embedding=embedding)

    def condition(self, features: ImageFeatures, memories: list[ObjectMemory] | None) -> Tensor:
        """Condition image features on each object's memory.

        Args:
            features: of one image that shows all objects, or of one image per object.
            memories: one per object; None for no memory, for which there is a learned code.

        Returns:
            (O, dim, H, W); (B, dim, H, W) without memory.
        """
        if memories is None:
            return features.s16 + self.no_memory[:, None, None]
        pooling = self.config.key_pooling
        if (
            pooling is not KeyPooling.NONE and len(memories) > 1
        ):  # objects differ in their key groups
            images = features.s16.expand(len(memories), -1, -1, -1).split(1)
            each = zip(images, memories, strict=True)
            return torch.cat([self.condition(ImageFeatures(s16), [m]) for s16, m in each])
        groups = _key_groups(memories[0], pooling)
        inputs = (*map(self._memory_tokens, memories),), (*map(self._pointer_tokens, memories),)
        padded = [pad_tokens(list(rows)) for each in inputs for rows in zip(*each, strict=True)]
        if groups is not None:  # numbers of tokens that no other engine takes
            return self._condition(features.s16, *padded, groups=groups)[0]
        return self.run(NetworkStage.CONDITION, self._condition, features.s16, *padded)[0]

    def _condition(
        self,
        s16: Tensor,
        tokens: Tensor,
        token_code: Tensor,
        token_xy: Tensor,
        token_bias: Tensor,
        is_token: Tensor,
        pointers: Tensor,
        pointer_code: Tensor,
        is_pointer: Tensor,
        *,
        groups: KeyGroups | None = None,
    ) -> Tensors:
        """Condition features (B, dim, H, W) on memory, B = O or 1.

        Tokens and pointers of O objects are (O, n, memory_dim), padded, and so are their codes.
        """
        source, size_hw = s16, (s16.shape[2], s16.shape[3])
        if self.config.follows_sam2:
            source = source + IMAGE_CODE_SCALE * self._sine_map(size_hw, self.config.dim)
        codes = self.memory_attention.codes(token_xy)
        nowhere = self.memory_attention.codes(torch.zeros_like(pointers[..., :2]))
        bias = torch.cat([token_bias, torch.zeros_like(pointers[..., 0])], 1)
        is_padding = ~torch.cat([is_token, is_pointer], 1)
        conditioned = self.memory_attention(
            source,
            torch.cat([tokens, pointers], 1),
            torch.cat([token_code, pointer_code], 1),
            torch.cat([codes, nowhere], 1),
            bias.masked_fill(is_padding, float("-inf")),
            groups,
        )
        if self.matcher is not None:
            conditioned = conditioned + self.matcher(s16, tokens, is_token)
        return (conditioned,)

    def _memory_tokens(self, memory: ObjectMemory) -> Tensors:
        """Return an object's spatial tokens: values, codes, positions, key biases, and ones."""
        code = self.time_code[memory.time_index]
        if memory.code is not None:
            code = code + memory.code
        tokens = memory.tokens
        return tokens, code, memory.xy, memory.key_bias, _ones(tokens)

    def _pointer_tokens(self, memory: ObjectMemory) -> Tensors:
        """Return an object's pointers, split into tokens: values, codes, and ones."""
        pointers = memory.pointers.reshape(-1, self.config.memory_dim)
        code = torch.zeros_like(pointers)
        if self.pointer_time_proj is not None:
            age = sine_code_1d(memory.pointer_age, self.config.dim)
            code = self.pointer_time_proj(age).repeat_interleave(self.pointer_tokens, 0)
        return pointers, code, _ones(pointers)

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
            features: the image's, for the high-resolution maps.
            points_xy: (O, K, 2) in [0, 1]; K may be 0.
            labels: (O, K), see `PromptEncoder.encode_points`.
            mask_logits: (O, 1, 4H, 4W) mask prompts.
            multimask: return the three masks for ambiguous prompts.
        """
        maps = (conditioned, *features.high_res)
        decoded: DecodedMasks = self.mask_decoder(
            conditioned,
            self.prompt_encoder.positions.grid(*features.size_hw),
            self.prompt_encoder.encode_points(points_xy, labels, maps),
            self.prompt_encoder.encode_mask(mask_logits, features.size_hw),
            features.high_res,
        )
        return self._segmentation(decoded, multimask)

    def _segmentation(self, decoded: DecodedMasks, multimask: bool) -> Segmentation:
        """Choose among the decoder's masks and compute the pointer."""
        masks = slice(1, None) if multimask else slice(0, 1)
        logits, iou = decoded.logits[:, masks], decoded.predicted_iou[:, masks]
        assert decoded.object_logit is not None  # only SAM's decoder lacks the head for it
        object_logit = decoded.object_logit[:, 0]
        rows = torch.arange(len(iou), device=iou.device)
        token = decoded.mask_tokens[:, masks][rows, iou.argmax(1)]
        pointer = self.pointer_of(token, object_logit > 0)
        if self.config.follows_sam2 and not multimask:
            logits, iou = decoded.stable_single()
        return Segmentation(logits.float(), iou.float(), object_logit.float(), pointer)

    def segment_given(self, features: ImageFeatures, mask_logits: Tensor) -> Segmentation:
        """Decode mask prompts (O, 1, Hi, Wi), for the object pointers; the masks are not needed."""
        xy, labels = self._no_points(len(mask_logits), mask_logits.device)
        if self.mask_downsample is None:
            source = self.condition(features, None)
            return self.segment(source, features, xy, labels, mask_logits)
        given = mask_logits > 0
        prompt = self.mask_downsample(given.float())
        found = self.segment(features.s16, features, xy, labels, prompt)
        is_empty = ~given.flatten(1).any(1, keepdim=True)
        pointer = torch.where(
            is_empty, self.no_object_pointer.type_as(found.pointer), found.pointer
        )
        return replace(found, pointer=pointer)

    def segment_remembered(
        self, features: ImageFeatures, memories: list[ObjectMemory]
    ) -> Segmentation:
        """Predict masks of each object from its memory alone: one, or three if it follows SAM 2."""
        conditioned = self.condition(features, memories)
        decoded = DecodedMasks(
            *self.run(NetworkStage.DECODE, self._decode, conditioned, *features.high_res)
        )
        return self._segmentation(decoded, multimask=self.config.follows_sam2)

    def _decode(self, conditioned: Tensor, *high_res: Tensor) -> Tensors:
        """Decode masks from conditioned features (O, dim, H, W) alone: `DecodedMasks`, in order."""
        height, width = conditioned.shape[2], conditioned.shape[3]
        points = self.prompt_encoder.no_points(self._padding_points + 1)
        decoded: DecodedMasks = self.mask_decoder(
            conditioned,
            self.prompt_encoder.positions.grid(height, width),
            points.expand(conditioned.shape[0], -1, -1),
            self.prompt_encoder.no_mask[None, :, None, None],
            high_res,
        )
        assert decoded.object_logit is not None  # only SAM's decoder lacks the head for it
        return decoded.logits, decoded.predicted_iou, decoded.object_logit, decoded.mask_tokens

    def refined(self, features: ImageFeatures, masks: ObjectMasks) -> ObjectMasks:
        """Refine masks that were predicted from memory by SAM's decoder; empty masks stay empty.

        Networks without this decoder, or with ``refines_tracked`` off, return the masks unchanged.
        """
        if self.sam_decoder is None or not self.config.refines_tracked:
            return masks
        found, has_pixel = self.sam_decoder.refine(features, masks.logits)
        logits, iou = found.best()
        return replace(
            masks,
            logits=torch.where(has_pixel[:, None, None], logits, masks.logits),
            predicted_iou=torch.where(has_pixel, iou.clamp(0, 1), masks.predicted_iou),
        )

    @property
    def _padding_points(self) -> int:
        """SAM 2 passes one padding point, besides the one that its prompt encoder appends."""
        return 1 if self.config.follows_sam2 else 0

    def _no_points(self, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return points (count, K, 2) and labels (count, K) for objects without clicks."""
        clicks = self._padding_points
        labels = torch.full((count, clicks), NOT_A_POINT, device=device)
        return torch.zeros(count, clicks, 2, device=device), labels

    def pointer_of(self, mask_token: Tensor, is_present: Tensor) -> Tensor:
        """Project mask tokens (O, dim) to object pointers; absent objects share one pointer."""
        pointer = self.pointer_proj(mask_token)
        return torch.where(is_present[:, None], pointer, self.no_object_pointer.type_as(pointer))

    def encode_memory(
        self, features: ImageFeatures, mask_logits: Tensor, object_logit: Tensor, binarize: Tensor
    ) -> Tensor:
        """Encode a frame and each object's mask on it for memory.

        Args:
            features: of the image(s), B = O or 1.
            mask_logits: (O, h, w) at any resolution.
            object_logit: (O,).
            binarize: (O,) bool, whether to threshold a mask instead of applying the sigmoid; SAM 2
                thresholds predictions from prompts.

        Returns:
            (O, memory_dim, H, W); latents (O, N, memory_dim) with a perceiver.
        """
        size_hw = features.input_hw
        logits = F.interpolate(mask_logits[:, None], size_hw, mode="bilinear", align_corners=False)
        soft, hard = logits.sigmoid(), (logits > 0).float()
        prob = torch.where(binarize[:, None, None, None], hard, soft)
        is_present = object_logit > 0
        (memory,) = self.run(
            NetworkStage.ENCODE_MEMORY, self._encode_memory, features.s16, prob, is_present
        )
        if self.spatial_perceiver is None:
            return memory
        code = self._sine_map(features.size_hw, self.config.memory_dim)
        return self.spatial_perceiver(memory, code)

    def _encode_memory(self, s16: Tensor, prob: Tensor, is_present: Tensor) -> Tensors:
        return (self.memory_encoder(s16, prob, is_present),)

    def _sine_map(self, size_hw: tuple[int, int], dim: int) -> Tensor:
        """Return sine codes of all locations, (1, dim, H, W)."""
        xy = grid_xy(*size_hw, device=self.time_code.device)
        return sine_code_2d(xy, size_hw, dim).T.unflatten(1, size_hw)[None]


def _ones(tokens: Tensor) -> Tensor:
    """Return (n,) True, which padding leaves False."""
    return torch.ones(len(tokens), dtype=torch.bool, device=tokens.device)


def _key_groups(memory: ObjectMemory, pooling: KeyPooling) -> KeyGroups | None:
    return None if memory.group is None else KeyGroups.of(memory.group, pooling)
