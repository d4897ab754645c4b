"""The TinySAM 2 network.  It is stateless: memory is passed to it, and the tracker keeps it."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from tinysam2.config import KeyPooling, ModelConfig
from tinysam2.model.decoder.mask_decoder import NUM_MASKS, DecodedMasks, MaskDecoder
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.decoder.prompt_encoder import NOT_A_POINT, PromptEncoder
from tinysam2.model.encoders.factory import make_encoder
from tinysam2.model.encoders.repvit import RepVit
from tinysam2.model.encoders.sam_neck import SamNeck
from tinysam2.model.fake_quantization import no_scales
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.layers.attention import KeyGroups
from tinysam2.model.layers.mixed_grid import MixedGrid, outline_score
from tinysam2.model.layers.mlp import Mlp
from tinysam2.model.layers.positions import sine_map
from tinysam2.model.mask_completion import completed
from tinysam2.model.matcher import LOGIT_SCALE, Conditioned, FeatureMatcher, with_coarse_masks
from tinysam2.model.memory_attention import (
    MemoryAttention,
    ObjectMemory,
    known_evidence,
    padded,
    padded_tokens,
    pointer_tokens,
    spatial_tokens,
)
from tinysam2.model.memory_encoder import MemoryEncoder, mask_probability
from tinysam2.model.object_groups import in_groups, of_groups, runs_one_by_one
from tinysam2.model.perceiver import SpatialPerceiver
from tinysam2.model.sam import EMBEDDING_DIM, SamDecoder, enclosing_corners
from tinysam2.model.stages import NetworkStage, StageFunction, StageRunner, Tensors, run_by_torch

MASK_LOGIT = 10.0
"""Logit inside a mask prompt; outside it is the negative of this."""
MAX_TIME_CODES = 7
"""Number of temporal codes: six for frames by their distance, one for conditioning frames."""
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
        self.memory_encoder = MemoryEncoder(config)
        mlp_dim, is_plain = config.memory_mlp_dim or config.mlp_dim, config.follows_sam2
        self.memory_attention = MemoryAttention(
            dim, memory_dim, mlp_dim, config.memory_layers, pools_image=not is_plain
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
    def completes_masks(self) -> bool:
        """Whether SAM's decoder completes tracked masks."""
        return self.sam_decoder is not None and self.config.refines_tracked

    @property
    def pointer_tokens(self) -> int:
        """Memory tokens that one object pointer takes."""
        return self.config.dim // self.config.memory_dim

    def encode_image(self, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        """Encode images.

        Args:
            image: (B, 3, Hi, Wi) normalized, sides multiples of 64.
            for_prompts: compute what SAM's decoder reads of prompts, if the network has it;
                tracking reads that only where masks are completed (`refined`), of all objects.
        """
        stage, encode = NetworkStage.ENCODE_IMAGE, self._encode
        if for_prompts and self.sam_neck is not None:
            stage, encode = NetworkStage.ENCODE_IMAGE_FOR_SAM, self._encode_for_sam
        return ImageFeatures(*self.run(stage, encode, [(image,)])[0])

    def stage_function(self, stage: NetworkStage) -> StageFunction:
        """Return what computes a stage by torch."""
        functions: dict[NetworkStage, StageFunction] = {
            NetworkStage.ENCODE_IMAGE: self._encode,
            NetworkStage.ENCODE_IMAGE_FOR_SAM: self._encode_for_sam,
            NetworkStage.ATTEND_IMAGE: self._attend_image,
            NetworkStage.MATCH: self._match,
            NetworkStage.CONDITION: self._condition,
            NetworkStage.DECODE: self._decode,
            NetworkStage.REDRAW: self._redraw,
            NetworkStage.ENCODE_MEMORY: self._encode_memory,
        }
        return functions[stage]

    def _encode(self, image: Tensor) -> Tensors:
        if not self.completes_masks:
            return self.neck(self.trunk(image))
        assert self.sam_decoder is not None
        s16, s8, s4, embedding = self._encode_for_sam(image)
        return (s16, s8, s4, embedding, *self.sam_decoder.projected((s8, s4)))

    def _encode_for_sam(self, image: Tensor) -> Tensors:
        assert self.sam_neck is not None
        levels = self.trunk(image)
        return (*self.neck(levels), self.sam_neck(levels))

    def attended(self, features: ImageFeatures) -> ImageFeatures:
        """Add what memory attention and memory encoder compute for all objects, if it lacks."""
        if features.attended is not None:
            return features
        found = self.run(NetworkStage.ATTEND_IMAGE, self._attend_image, [(features.s16,)])[0]
        return replace(features, attended=found[0], for_memory=found[1])

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
        return torch.cat([each.features for each in self.condition_groups(features, memories)])

    def condition_groups(
        self, features: ImageFeatures, memories: list[ObjectMemory]
    ) -> list[Conditioned]:
        """Compute `condition` by groups of objects: one by one on the CPU, all at once elsewhere.

        There, a batch is not faster, and an object by itself is read only where it needs to be.
        """
        groups = self._groups(features.s16, self.match(features, memories))
        image = self.attended(features).attended
        assert image is not None
        images = of_groups(image, len(groups))
        given = [(x, *self._read(group)) for x, group in zip(images, groups, strict=True)]
        evidence = [known_evidence(group) for group in groups]
        for i, found in enumerate(evidence):
            if found is not None:
                given[i] = (*given[i], found, *self._grid((LOGIT_SCALE * found[:, 0]).sigmoid()))
        if any(group[0].group is not None for group in groups):
            keys = [memory.key_groups(self.config.key_pooling) for (memory,) in groups]
            both = zip(given, keys, strict=True)  # numbers of tokens that no other engine takes
            conditioned = [self._condition(*inputs, groups=each) for inputs, each in both]
        else:
            conditioned = self.run(NetworkStage.CONDITION, self._condition, given)
        return [Conditioned(x, each) for (x,), each in zip(conditioned, evidence, strict=True)]

    def match(self, features: ImageFeatures, memories: list[ObjectMemory]) -> list[ObjectMemory]:
        """Add to memories what the matcher, if any, finds of them, unless that is known of all."""
        if self.matcher is None or all(m.evidence is not None for m in memories):
            return memories
        groups = self._groups(features.s16, memories)
        maps = of_groups(features.s16, len(groups))
        given = [(x, *padded_tokens(group)) for x, group in zip(maps, groups, strict=True)]
        found = [
            row for (rows,) in self.run(NetworkStage.MATCH, self._match, given) for row in rows
        ]
        return [replace(m, evidence=row) for m, row in zip(memories, found, strict=True)]

    def _groups(self, s16: Tensor, memories: list[ObjectMemory]) -> list[list[ObjectMemory]]:
        is_split = self.config.key_pooling is not KeyPooling.NONE or runs_one_by_one(s16)
        return [[each] for each in memories] if is_split else [memories]

    def _read(self, group: list[ObjectMemory]) -> list[Tensor]:
        """Return the tokens of a group, as `_condition` takes them."""
        size, proj = self.config.memory_dim, self.pointer_time_proj
        spatial = (spatial_tokens(m, self.time_code) for m in group)
        return padded(spatial, (pointer_tokens(m, size, proj) for m in group))

    def _grid(self, probability: Tensor) -> Tensors:
        """Return the parts of a `MixedGrid` around objects (O, H, W); none if SAM 2 is followed."""
        is_plain = self.config.follows_sam2
        return () if is_plain else MixedGrid.around(outline_score(probability)).tensors

    def _attend_image(self, s16: Tensor) -> Tensors:
        """Run the first self attention over features (B, dim, H, W); project them for memory."""
        for_memory = self.memory_encoder.projected(s16)
        if self.config.follows_sam2:
            size_hw = s16.shape[2], s16.shape[3]
            s16 = s16 + IMAGE_CODE_SCALE * sine_map(size_hw, self.config.dim, s16.device)
        return self.memory_attention.attend_image(s16), for_memory

    def _match(self, s16: Tensor, tokens: Tensor, is_token: Tensor) -> Tensors:
        """Compare features (B, dim, H, W) with memory: `FeatureMatcher.compare`."""
        assert self.matcher is not None
        return (self.matcher.compare(s16, tokens, is_token),)

    def _condition(
        self,
        image: Tensor,
        tokens: Tensor,
        token_code: Tensor,
        token_xy: Tensor,
        token_bias: Tensor,
        is_token: Tensor,
        pointers: Tensor,
        pointer_code: Tensor,
        is_pointer: Tensor,
        evidence: Tensor | None = None,
        *grid: Tensor,
        groups: KeyGroups | None = None,
    ) -> Tensors:
        """Condition features (B, dim, H, W) of `_attend_image` on memory, B = O or 1.

        Tokens and pointers of O objects are (O, n, memory_dim), padded, and so are their codes.
        With a matcher come what it found and a `MixedGrid`.
        """
        codes = self.memory_attention.codes(token_xy)
        nowhere = self.memory_attention.codes(torch.zeros_like(pointers[..., :2]))
        bias = torch.cat([token_bias, torch.zeros_like(pointers[..., 0])], 1)
        is_padding = ~torch.cat([is_token, is_pointer], 1)
        conditioned = self.memory_attention(
            image,
            torch.cat([tokens, pointers], 1),
            torch.cat([token_code, pointer_code], 1),
            torch.cat([codes, nowhere], 1),
            bias.masked_fill(is_padding, float("-inf")),
            groups,
            MixedGrid.given(image, grid),
        )
        if self.matcher is not None:
            assert evidence is not None
            conditioned = conditioned + self.matcher(evidence.type_as(image))
        return (conditioned,)

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
        labels = mask_logits.new_full((len(mask_logits), self._padding_points), NOT_A_POINT).long()
        xy = mask_logits.new_zeros(*labels.shape, 2)
        if self.mask_downsample is None:
            return self.segment(self.condition(features, None), features, xy, labels, mask_logits)
        given = mask_logits > 0
        prompt = self.mask_downsample(given.float())
        found = self.segment(features.s16, features, xy, labels, prompt)
        is_empty = ~given.flatten(1).any(1, keepdim=True)
        nothing = self.no_object_pointer.type_as(found.pointer)
        return replace(found, pointer=torch.where(is_empty, nothing, found.pointer))

    def segment_remembered(
        self, features: ImageFeatures, memories: list[ObjectMemory]
    ) -> Segmentation:
        """Predict masks of each object from its memory alone: one, or three if it follows SAM 2."""
        groups = self.condition_groups(features, memories)
        maps = [of_groups(each, len(groups)) for each in features.high_res]
        given = [(x, *(each[i] for each in maps)) for i, (x, _) in enumerate(groups)]
        decoded = self.run(NetworkStage.DECODE, self._decode, given)
        joined = DecodedMasks(*map(torch.cat, zip(*decoded, strict=True)))
        found = self._segmentation(joined, multimask=self.config.follows_sam2)
        return replace(found, logits=with_coarse_masks(found.logits, groups))

    def _decode(self, conditioned: Tensor, *high_res: Tensor) -> Tensors:
        """Decode masks from conditioned features (O, dim, H, W) alone: `DecodedMasks`, in order."""
        points = self.prompt_encoder.no_points(self._padding_points + 1)
        decoded: DecodedMasks = self.mask_decoder(
            conditioned,
            self.prompt_encoder.positions.grid(*conditioned.shape[2:]),
            points.expand(conditioned.shape[0], -1, -1),
            self.prompt_encoder.no_mask[None, :, None, None],
            high_res,
            NUM_MASKS if self.config.follows_sam2 else 1,
        )
        assert decoded.object_logit is not None  # only SAM's decoder lacks the head for it
        return decoded.logits, decoded.predicted_iou, decoded.object_logit, decoded.mask_tokens

    def refined(
        self, features: ImageFeatures, masks: ObjectMasks, has_changed: Tensor | None = None
    ) -> ObjectMasks:
        """Complete masks that were predicted from memory, without gradients: see `completed`.

        Without SAM's decoder, or with ``refines_tracked`` off, they are returned unchanged.
        """
        if not self.completes_masks:
            return masks
        assert self.sam_decoder is not None
        groups = in_groups(masks.logits.detach())
        with torch.no_grad():
            finer = features.sam_high_res or self.sam_decoder.projected(features.high_res)
            maps = [of_groups(x, len(groups)) for x in (features.sam_embedding, *finer)]
            both = zip(groups, *maps, strict=True)
            given = [(x, enclosing_corners(x > 0), *m) for (x,), *m in both]
            found = self.run(NetworkStage.REDRAW, self._redraw, given)
        redrawn, iou = map(torch.cat, zip(*found, strict=True))
        return completed(masks, redrawn, iou, has_changed)

    def _redraw(
        self, mask_logits: Tensor, corners: Tensor, embedding: Tensor, s8: Tensor, s4: Tensor
    ) -> Tensors:
        assert self.sam_decoder is not None
        features = ImageFeatures(embedding, sam_s8=s8, sam_s4=s4)
        return self.sam_decoder.redraw(features, corners, mask_logits)

    @property
    def _padding_points(self) -> int:
        """SAM 2 passes one padding point, besides the one that its prompt encoder appends."""
        return 1 if self.config.follows_sam2 else 0

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
        image, mask_hw = features.for_memory, self.memory_encoder.mask_hw(features.size_hw)
        if image is None:
            image = self.memory_encoder.projected(features.s16)
        groups = in_groups(mask_logits, object_logit > 0, binarize)
        images = of_groups(image, len(groups))
        given = [
            (x, mask_probability(mask, mask_hw, is_hard), is_present)
            for x, (mask, is_present, is_hard) in zip(images, groups, strict=True)
        ]
        found = self.run(NetworkStage.ENCODE_MEMORY, self._encode_memory, given)
        memory = torch.cat([x for (x,) in found])
        if self.spatial_perceiver is None:
            return memory
        code = sine_map(features.size_hw, self.config.memory_dim, memory.device)
        return self.spatial_perceiver(memory, code)

    def _encode_memory(self, image: Tensor, prob: Tensor, is_present: Tensor) -> Tensors:
        return (self.memory_encoder.fused(image, prob, is_present),)
