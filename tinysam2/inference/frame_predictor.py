"""Predicts masks from prompts on single images; caches the features of the last few."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tinysam2.build import ImageModel
from tinysam2.config import check_image_size
from tinysam2.inference.click_enforcement import enforce_clicks
from tinysam2.inference.click_marks import mark_clicks
from tinysam2.inference.memory_access import make_bank, make_entries, read_memory
from tinysam2.inference.preprocess import input_hw_of, network_input, resize_logits
from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.decoder.prompt_encoder import BOX_FIRST, BOX_SECOND, resize_mask
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import MASK_LOGIT, TinySam2
from tinysam2.model.sam import MASK_PROMPT_LIMIT, Sam, SamDecoder

KEPT_FEATURES = 8
"""Images whose features are cached; each takes about 4 MB at 576 px."""
POINTED_AT_LOGIT = 5.0
"""Least object logit of a clicked object: a prompt means that the object is present."""


@dataclass(frozen=True, slots=True)
class ObjectPrompt:
    """Prompt of one object on one frame, in pixels of the video frame.

    A mask (H, W) bool wins over ``points_xy`` (K, 2), ``labels`` (K,) and ``box_xyxy``.
    """

    points_xy: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box_xyxy: tuple[float, float, float, float] | None = None
    mask: NDArray[np.bool_] | None = None

    def exact_logits(self) -> Tensor | None:
        """Return exact logits (H, W) of a mask prompt; None for other prompts."""
        if self.mask is None:
            return None
        return torch.from_numpy(np.where(self.mask, MASK_LOGIT, -MASK_LOGIT).astype(np.float32))

    def click_sequence(self) -> "list[ObjectPrompt]":
        """Return the prompts after each click, the shortest first; a box precedes all clicks."""
        least = 0 if self.box_xyxy is not None else 1
        counts = range(least, max(least, len(self.points_xy)) + 1)
        return [replace(self, points_xy=self.points_xy[:n], labels=self.labels[:n]) for n in counts]

    @staticmethod
    def of(
        points_xy: ArrayLike, labels: Sequence[int], box_xyxy: Sequence[float] | None
    ) -> "ObjectPrompt":
        """Check and freeze clicks and a box.

        Raises:
            ValueError: shapes do not fit, a label is not 0 or 1, or there is no prompt at all.
        """
        points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
        if len(points) != len(labels) or any(v not in (0, 1) for v in labels):
            raise ValueError(f"labels must be {len(points)} numbers of 0 or 1, got {list(labels)}")
        if not len(points) and box_xyxy is None:
            raise ValueError("a prompt must have at least one point or a box, got neither")
        box = None
        if box_xyxy is not None:
            if len(box_xyxy) != 4:
                raise ValueError(f"box_xyxy must be 4 numbers, got {len(box_xyxy)}")
            x0, y0, x1, y1 = (float(v) for v in box_xyxy)
            box = (x0, y0, x1, y1)
        return ObjectPrompt(
            tuple((float(x), float(y)) for x, y in points),
            tuple(int(v) for v in labels),
            box,
        )


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """A predicted mask at the size of the image.

    Attributes:
        mask_logits: (H, W) float32 on the CPU.
        confidence: predicted IoU in [0, 1].
    """

    mask_logits: NDArray[np.float32]
    confidence: float


class FramePredictor:
    """Predict masks from prompts on images; features are computed once per image key.

    Args:
        model: a loaded network.
        image_size: side of the input for a square image, pixels; the model's own if None.
    """

    def __init__(self, model: ImageModel, image_size: int | None = None) -> None:
        self.model = model
        self.image_size = image_size or model.network.config.image_size
        check_image_size(self.image_size, model.network.config.size_step)
        self._features: OrderedDict[int, ImageFeatures] = OrderedDict()

    @property
    def network(self) -> TinySam2:
        """The network, where it has a memory.

        Raises:
            ValueError: it segments single images only.
        """
        network = self.model.network
        if isinstance(network, Sam):
            raise ValueError(f"{network.config.name} segments single images and cannot track")
        return network

    def input_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Return height and width in pixels of the input for images of a size."""
        return input_hw_of(self.model.network.config, self.image_size, size_hw)

    def precision(self) -> AbstractContextManager[object]:
        """Return the context in which the network runs."""
        dtype = self.model.autocast
        return torch.autocast(
            self.model.device.type, dtype or torch.float32, enabled=dtype is not None
        )

    @torch.inference_mode()
    def features(self, key: int, image: NDArray[np.uint8]) -> ImageFeatures:
        """Encode an image (H, W, 3) uint8 RGB, or return what is kept under ``key``."""
        kept = self._features.get(key)
        if kept is None:
            size_hw = self.input_hw((image.shape[0], image.shape[1]))
            inputs = network_input(image, size_hw, self.model.device)
            with self.precision():
                kept = self.model.network.encode_image(inputs)
            kept = kept.float()
            self._features[key] = kept
            while len(self._features) > KEPT_FEATURES:
                self._features.popitem(last=False)
        self._features.move_to_end(key)
        return kept

    @torch.inference_mode()
    def predict(
        self,
        key: int,
        image: NDArray[np.uint8],
        prompt: ObjectPrompt,
        previous: NDArray[np.bool_] | None = None,
    ) -> FramePrediction:
        """Predict a mask from a prompt on one image.

        Args:
            key: what the image's features are kept under.
            image: (H, W, 3) uint8 RGB.
            prompt: prompt of the object.
            previous: (H, W) mask that the prompt corrects.
        """
        size_hw = (image.shape[0], image.shape[1])
        features = self.features(key, image)
        if prompt.mask is not None:
            return FramePrediction(self._as_logits(prompt.mask, size_hw)[0].cpu().numpy(), 1.0)
        refined = None if previous is None else self._as_logits(previous, size_hw)
        known = None
        if previous is not None and self.model.network.sam_decoder is None:
            known = self._condition_on_mask(features, previous, size_hw)
        low, iou = self.predict_logits(features, prompt, size_hw, refined, known)
        logits = resize_logits(low.float(), size_hw)[0].cpu()
        return FramePrediction(logits.numpy(), float(iou[0]))

    def predict_logits(
        self,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        previous: Tensor | None = None,
        conditioned: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict a mask from clicks and a box.

        Args:
            features: of the image.
            prompt: clicks and a box.
            size_hw: of the image, pixels.
            previous: (1, h, w) logits of the mask that the prompt refines.
            conditioned: as in `predict_masks`.

        Returns:
            Logits (1, 4H, 4W) and predicted IoU (1,).
        """
        decoder = self.model.network.sam_decoder
        if decoder is not None:
            return self._decode(decoder, features, prompt, size_hw, previous)
        found = self.predict_masks(features, prompt, size_hw, conditioned, previous)
        return found.logits, found.predicted_iou

    def _condition_on_mask(
        self, features: ImageFeatures, mask: NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> Tensor:
        """Let features read a memory of their own image with a mask, as if of a frame before.

        Ours: the decoder then corrects as it does while tracking, where it knows the object.
        """
        network, locations = self.network, features.size_hw
        bank = make_bank(network, network.config.memory, locations)
        masks = self._masks_of_prompt(features, mask, size_hw)
        is_hardened = torch.ones(1, dtype=torch.bool, device=self.model.device)
        with self.precision():
            memory = network.encode_memory(
                features, masks.logits, masks.object_logit, is_hardened
            ).float()
        bank.submit(make_entries(memory, features, masks, [bank], 0, [True])[0])
        with self.precision():
            return network.condition(features, [read_memory(network, bank, 1, locations)])

    def predict_masks(
        self,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        conditioned: Tensor | None = None,
        previous: Tensor | None = None,
    ) -> ObjectMasks:
        """Predict an object's mask at low resolution; a given mask keeps full resolution.

        Without a previous mask TinySAM 2 predicts click by click, as an interactive session does.
        Each prediction refines the one before; the first one has a self-refinement pass.

        Args:
            features: of the image.
            prompt: prompt of the object.
            size_hw: of the image, pixels.
            conditioned: (1, dim, H, W) features that read the object's memory; without them
                only the image is used.
            previous: (1, h, w) logits of the mask that clicks and a box correct.

        Raises ValueError where a mask prompt has another size than the image.
        """
        if prompt.mask is not None:
            return self._masks_of_prompt(features, prompt.mask, size_hw)
        network = self.network
        if network.sam_decoder is not None:
            logits, iou = self._decode(network.sam_decoder, features, prompt, size_hw, previous)
            return self._with_pointer(features, logits, iou)
        if conditioned is None:
            with self.precision():
                conditioned = network.condition(features, None)
        predict = partial(self._run_decoder, features, conditioned, size_hw)
        if previous is not None or network.config.follows_sam2:
            return predict(prompt, previous)
        clicks = prompt.click_sequence()
        masks = predict(clicks[0], None)
        for step in clicks:  # the first once more: a self-refinement pass
            masks = predict(step, masks.logits)
        return masks

    def _decode(
        self,
        decoder: SamDecoder,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        previous: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Predict a mask by SAM's decoder; the rest as in `predict_masks`.

        Clicks are given one after the other, each with the mask before it, which is how SAM was
        trained and how a person made them.  What it draws is made to obey them.

        Returns:
            Logits (1, 4H, 4W) and predicted IoU (1,).
        """
        steps = prompt.click_sequence() if previous is None else [prompt]
        iou = torch.ones(1)
        for step in steps:
            xy, labels = self._points(step, size_hw)
            is_ambiguous = previous is None and step.box_xyxy is None and len(step.points_xy) == 1
            given = None
            if previous is not None:
                given = previous[:, None].clamp(-MASK_PROMPT_LIMIT, MASK_PROMPT_LIMIT)
            with self.precision():
                found = decoder(features, xy, labels, given, is_ambiguous)
            best, iou = found.best()
            previous = enforce_clicks(best[0], xy[0], labels[0])[None]
        assert previous is not None
        return previous, iou.clamp(0, 1)

    def _with_pointer(self, features: ImageFeatures, logits: Tensor, iou: Tensor) -> ObjectMasks:
        """Add what memory needs to a predicted mask: the object's pointer, and that it is there."""
        with self.precision():
            found = self.network.segment_given(features, logits[:, None])
        present = torch.full_like(iou, POINTED_AT_LOGIT)
        return ObjectMasks(logits, iou, present, found.pointer.float())

    def refine(self, features: ImageFeatures, masks: ObjectMasks) -> ObjectMasks:
        """Let SAM's decoder redraw masks that were read from memory, where the network has one."""
        with self.precision():
            return self.network.refined(features, masks)

    def _run_decoder(
        self,
        features: ImageFeatures,
        conditioned: Tensor,
        size_hw: tuple[int, int],
        prompt: ObjectPrompt,
        previous: Tensor | None,
    ) -> ObjectMasks:
        """Run the decoder on clicks and a box; the rest as in `predict_masks`."""
        follows_sam2 = self.model.network.config.follows_sam2
        is_one_click = prompt.box_xyxy is None and len(prompt.points_xy) <= 1
        multimask = is_one_click and (previous is None or follows_sam2)  # SAM 2: corrects too
        xy, labels = self._points(prompt, size_hw)
        given = None
        if previous is not None:
            if not follows_sam2:
                small = resize_mask(previous[:, None], features.size_hw)[:, 0]
                previous = mark_clicks(small, xy, labels)
            given = previous[:, None].clamp(-MASK_PROMPT_LIMIT, MASK_PROMPT_LIMIT)
        with self.precision():
            found = self.network.segment(conditioned, features, xy, labels, given, multimask)
        masks = found.best()
        if not follows_sam2:
            logit = masks.object_logit.clamp(min=POINTED_AT_LOGIT)
            masks = replace(masks, object_logit=logit)
        return masks.without_absent()

    def _masks_of_prompt(
        self, features: ImageFeatures, mask: NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> ObjectMasks:
        given = self._as_logits(mask, size_hw)
        given = resize_logits(given, features.input_hw)
        with self.precision():
            found = self.network.segment_given(features, given[:, None])
        presence = given.new_full((1,), MASK_LOGIT if mask.any() else -MASK_LOGIT)
        return ObjectMasks(given, given.new_ones(1), presence, found.pointer.float())

    def _as_logits(self, mask: NDArray[np.bool_], size_hw: tuple[int, int]) -> Tensor:
        """Return a mask of the image's size as logits (1, H, W)."""
        if mask.shape != size_hw:
            raise ValueError(f"mask must have the size of the frame {size_hw}, got {mask.shape}")
        given = torch.from_numpy(np.ascontiguousarray(mask)).to(self.model.device).float()[None]
        return (given - 0.5) * (2 * MASK_LOGIT)

    def _points(self, prompt: ObjectPrompt, size_hw: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return clicks and box corners as (1, K, 2) in [0, 1] and (1, K) labels."""
        xy, labels = list(prompt.points_xy), list(prompt.labels)
        if prompt.box_xyxy is not None:
            x0, y0, x1, y1 = prompt.box_xyxy
            xy, labels = [(x0, y0), (x1, y1), *xy], [BOX_FIRST, BOX_SECOND, *labels]
        device = self.model.device
        scale = torch.tensor([size_hw[1], size_hw[0]], device=device, dtype=torch.float32)
        points = (torch.tensor(xy, device=device, dtype=torch.float32) + 0.5) / scale
        return points[None], torch.tensor(labels, device=device)[None]
