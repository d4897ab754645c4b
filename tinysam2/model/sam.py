"""SAM's prompt encoder and mask decoder, and the still-image networks that are made of them.

Source: Segment Anything (Kirillov et al. 2023, arXiv:2304.02643).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tinysam2.config import SamConfig
from tinysam2.model.decoder.mask_decoder import NUM_MASKS, MaskDecoder
from tinysam2.model.decoder.prompt_encoder import BOX_FIRST, BOX_SECOND, PromptEncoder
from tinysam2.model.encoders.tiny_vit import TinyVit
from tinysam2.model.encoders.vit import VitNeck
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.stages import NetworkStage, StageRunner, Tensors, run_by_torch

EMBEDDING_DIM = 256  # channels of SAM's image embedding
MASK_PROMPT_LIMIT = 32.0  # SAM 2: largest logit of a mask prompt
_HEADS, _MLP_DIM = 8, 2048


@dataclass(frozen=True, slots=True)
class MaskPrediction:
    """Masks predicted from prompts alone.

    Attributes:
        logits: (O, M, 4H, 4W) mask logits; M = 3 for an ambiguous prompt, else 1.
        predicted_iou: (O, M), about in [0, 1]; the head has no sigmoid.
    """

    logits: Tensor
    predicted_iou: Tensor

    def best(self) -> tuple[Tensor, Tensor]:
        """Return the logits (O, 4H, 4W) and the IoU (O,) of each object's best mask."""
        index = self.predicted_iou.argmax(1)
        rows = torch.arange(len(index), device=index.device)
        return self.logits[rows, index], self.predicted_iou[rows, index]


class SamDecoder(nn.Module):
    """SAM's prompt encoder and mask decoder over an image embedding of stride 16.

    Images are not padded to a square as SAM pads them; positions are divided by the longer side
    of the image, so that they are the same.

    Args:
        high_res: channels of the maps at strides 8 and 4 that refine the masks, as in SAM 2; None
            for SAM's own decoder, which has none.  Their projections are initialized with zeros,
            so that training starts from SAM's masks.
    """

    def __init__(self, high_res: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.prompt_encoder = PromptEncoder(EMBEDDING_DIM)
        self.mask_decoder = MaskDecoder(EMBEDDING_DIM, _HEADS, _MLP_DIM, follows_sam=True)
        self.high_res = nn.ModuleList()
        for channels, width in zip(high_res or (), (4, 8), strict=False):
            projection = nn.Conv2d(channels, EMBEDDING_DIM // width, 1)
            nn.init.zeros_(projection.weight)
            nn.init.zeros_(projection.bias)  # type: ignore[arg-type]
            self.high_res.append(projection)

    def forward(
        self,
        features: ImageFeatures,
        points_xy: Tensor,
        labels: Tensor,
        mask_logits: Tensor | None = None,
        multimask: bool = False,
    ) -> MaskPrediction:
        """Predict masks.

        Args:
            features: of one image for all objects, or of one per object; `sam_embedding` is read.
            points_xy: (O, K, 2) in [0, 1] of the image's width and height; K may be 0.
            labels: (O, K), see `PromptEncoder.encode_points`.  A batch with boxes has them in
                every row.
            mask_logits: (O, 1, h, w) mask prompts.
            multimask: return the three masks for ambiguous prompts.
        """
        single, three = self.single_and_three(features, points_xy, labels, mask_logits)
        return three if multimask else single

    def single_and_three(
        self,
        features: ImageFeatures,
        points_xy: Tensor,
        labels: Tensor,
        mask_logits: Tensor | None = None,
    ) -> tuple[MaskPrediction, MaskPrediction]:
        """Predict the single mask, and the three masks for ambiguous prompts, in one pass."""
        logits, iou = self.all_masks(features, points_xy, labels, mask_logits)
        logits, iou = logits.float(), iou.float()
        three = MaskPrediction(logits[:, 1:], iou[:, 1:])
        return MaskPrediction(logits[:, :1], iou[:, :1]), three

    def redraw(
        self, features: ImageFeatures, corners: Tensor, mask_logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict masks again, from prompts that consist of a mask and its enclosing box.

        Args:
            features: of one image for all objects, or of one per object.
            corners: (O, 2, 2) in [0, 1], of `enclosing_corners`.
            mask_logits: (O, h, w).

        Returns:
            Logits (O, 4H, 4W) of the single mask, and its predicted IoU (O,).
        """
        labels = torch.tensor([BOX_FIRST, BOX_SECOND], device=corners.device)
        given = mask_logits[:, None].clamp(-MASK_PROMPT_LIMIT, MASK_PROMPT_LIMIT)
        labels = labels.expand(len(corners), 2)
        logits, iou = self.all_masks(features, corners, labels, given, masks=1)
        return logits[:, 0].float(), iou[:, 0].float()

    def projected(self, high_res: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return what the maps at strides 8 and 4 add to masks; nothing from SAM's own decoder."""
        return tuple(p(m) for p, m in zip(self.high_res, high_res, strict=False))

    def all_masks(
        self,
        features: ImageFeatures,
        points_xy: Tensor,
        labels: Tensor,
        mask_logits: Tensor | None = None,
        masks: int = NUM_MASKS,
    ) -> tuple[Tensor, Tensor]:
        """Return all four logit maps (O, 4, 4H, 4W), the single mask first, and IoUs (O, 4).

        Of the logit maps only the first are computed where fewer ``masks`` are wanted.
        """
        embedding = features.sam_embedding
        height, width = features.size_hw
        extent = points_xy.new_tensor([width, height]) / max(width, height)
        maps = features.sam_high_res or self.projected(features.high_res)
        objects = len(labels)
        decoded = self.mask_decoder(
            embedding.expand(objects, -1, -1, -1),
            self.prompt_encoder.positions.grid(height, width, max(width, height)),
            self.prompt_encoder.encode_points(points_xy * extent, labels, pads_boxes=False),
            self.prompt_encoder.encode_mask(mask_logits, (height, width)),
            (maps[0], maps[1]) if maps else (),
            masks,
        )
        return decoded.logits, decoded.predicted_iou


class Sam(nn.Module):
    """A promptable network for single images: an encoder under SAM's decoder, without memory."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.config = config
        self.run: StageRunner = run_by_torch
        self.trunk = TinyVit(config.trunk)
        self.neck = VitNeck(config.trunk.channels[-1], EMBEDDING_DIM)
        self.sam_decoder = SamDecoder()

    def encode_image(self, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        """Encode normalized images (B, 3, Hi, Wi), sides multiples of 64; there is no memory."""
        del for_prompts
        (maps,) = self.run(NetworkStage.ENCODE_IMAGE_FOR_SAM, self._encode, [(image,)])
        return ImageFeatures(*maps)

    def _encode(self, image: Tensor) -> Tensors:
        return self.neck(self.trunk(image))


def enclosing_corners(masks: Tensor) -> Tensor:
    """Return the corners (O, 2, 2) in [0, 1] of the boxes around masks (O, h, w) bool.

    The box of an empty mask is the whole image.
    """
    ends = []
    for is_there in (masks.any(1), masks.any(2)):  # columns, then rows
        count = is_there.shape[1]
        first = is_there.int().argmax(1)
        last = count - is_there.flip(1).int().argmax(1)
        ends.append(torch.stack([first, last], 1) / count)
    corners = torch.stack(ends, 2)
    is_there = masks.flatten(1).any(1)
    return torch.where(is_there[:, None, None], corners, corners.new_tensor([[0, 0], [1, 1]]))
