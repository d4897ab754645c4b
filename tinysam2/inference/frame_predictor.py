"""Predicts masks from prompts on single images; caches the features of the last few."""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.build import ImageModel
from tinysam2.config import check_image_size
from tinysam2.inference.click_cache import ClickCache
from tinysam2.inference.click_enforcement import enforce_clicks
from tinysam2.inference.click_marks import mark_clicks
from tinysam2.inference.feature_cache import FeatureCache
from tinysam2.inference.memory_access import make_bank, make_entries, read_memory
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.preprocess import input_hw_of, network_input, resize_logits, shrunk
from tinysam2.inference.results import FramePrediction
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.decoder.prompt_encoder import resize_mask
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import MASK_LOGIT, TinySam2
from tinysam2.model.sam import MASK_PROMPT_LIMIT, Sam, SamDecoder

POINTED_AT_LOGIT = 5.0
"""Least object logit of a clicked object: a prompt means that the object is present."""


class FramePredictor:
    """Predict masks from prompts on images; features are computed once per image key.

    Args:
        model: a loaded network.
        image_size: side of the input for a square image, pixels; the model's own if None.
    """

    def __init__(self, model: ImageModel, image_size: int | None = None) -> None:
        self.model = model
        self.clicks = ClickCache()  # may be shared with other predictors of the video
        self.image_size = image_size or model.network.config.image_size
        check_image_size(self.image_size, model.network.config.size_step)
        self._features = FeatureCache()

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

    def shrunk(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize an image (H, W, 3) uint8 RGB to the size of the network's input."""
        return shrunk(image, self.input_hw(image.shape[:2]))

    @torch.inference_mode()
    def features(
        self,
        key: int,
        image: NDArray[np.uint8],
        for_prompts: bool = True,
        small: NDArray[np.uint8] | None = None,
        encoded: ImageFeatures | None = None,
    ) -> ImageFeatures:
        """Return the features cached under ``key``, or encode an image (H, W, 3) uint8 RGB.

        Without ``for_prompts`` they may lack what only prompts need, see `TinySam2.encode_image`.
        ``small`` as in `encode`; ``encoded`` is what `encode` returned, where that is at hand.
        """
        encode = partial(self.encode, image, for_prompts, small)
        return self._features.get(key, for_prompts, lambda: encoded or encode())

    @torch.inference_mode()
    def encode(
        self,
        image: NDArray[np.uint8],
        for_prompts: bool = True,
        small: NDArray[np.uint8] | None = None,
    ) -> ImageFeatures:
        """Encode an image (H, W, 3) uint8 RGB; may be called from any thread, and caches nothing.

        Args:
            image: the image.
            for_prompts: see `TinySam2.encode_image`.
            small: what `shrunk` returns for the image, where that is at hand.

        Raises:
            ValueError: the image has another shape or type.
        """
        input_hw = self.input_hw(image.shape[:2])
        inputs = network_input(image if small is None else small, input_hw, self.model.device)
        with self.precision():
            features = self.model.network.encode_image(inputs, for_prompts).float()
        return features if for_prompts else self.attended(features)

    @torch.inference_mode()
    def attended(self, features: ImageFeatures) -> ImageFeatures:
        """Add what tracked objects share: `TinySam2.attended`; may be called from any thread."""
        with self.precision():
            return self.network.attended(features)

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
            key: under which the image's features are cached.
            image: (H, W, 3) uint8 RGB.
            prompt: prompt of the object.
            previous: (H, W) mask that the prompt corrects.
        """
        size_hw = (image.shape[0], image.shape[1])
        features = self.features(key, image)
        if prompt.mask is not None:
            return FramePrediction(self._as_logits(prompt.mask, size_hw)[0].cpu().numpy(), 1.0)
        corrected: tuple[Tensor | None, Tensor | None] = (None, None)
        if previous is not None:
            corrected = self.correction_of(features, previous, size_hw)
        low, iou = self.predict_logits(features, prompt, size_hw, *corrected)
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
        found = self.predict_masks(features, prompt, size_hw, previous, conditioned)
        return found.logits, found.predicted_iou

    def predict_candidates(
        self,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        previous: Tensor | None = None,
        conditioned: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict the decoder's three masks of an ambiguous prompt.

        Clicks before the last one are predicted as in `predict_logits`; the three masks are those
        of the last click.  Arguments as in `predict_logits`.

        Returns:
            Logits (3, 4H, 4W) and predicted IoU (3,), in the decoder's order.
        """
        network = self.model.network
        if previous is None and not network.config.follows_sam2:
            *earlier, prompt = prompt.click_sequence()
            if earlier:
                previous, _ = self.predict_logits(features, earlier[-1], size_hw)
        xy, labels = prompt.as_points(size_hw, self.model.device)
        if network.sam_decoder is not None:
            given = _as_mask_prompt(previous)
            with self.precision():
                found = network.sam_decoder(features, xy, labels, given, multimask=True)
            masks = [enforce_clicks(mask, xy[0], labels[0]) for mask in found.logits[0]]
            return torch.stack(masks), found.predicted_iou[0].clamp(0, 1)
        segmentation = self._segment(features, conditioned, xy, labels, previous, True)
        logits = segmentation.without_absent().logits
        return logits[0], segmentation.predicted_iou[0]

    def correction_of(
        self, features: ImageFeatures, mask: NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> tuple[Tensor, Tensor | None]:
        """Return ``previous`` and ``conditioned`` of `predict_logits` for a mask to correct.

        Args:
            features: of the image.
            mask: (H, W) of the image's size.
            size_hw: of the image, pixels.

        Raises:
            ValueError: the mask has another size than the image.
        """
        previous = self._as_logits(mask, size_hw)
        if self.model.network.sam_decoder is not None:
            return previous, None
        return previous, self._condition_on_mask(features, mask, size_hw)

    def _condition_on_mask(
        self, features: ImageFeatures, mask: NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> Tensor:
        """Condition features on a memory of their own image and a mask, as of a previous frame.

        Ours: the decoder then corrects the mask as it corrects a tracked one.
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
        previous: Tensor | None = None,
        conditioned: Tensor | None = None,
    ) -> ObjectMasks:
        """Predict an object's mask at low resolution; a given mask keeps full resolution.

        Without a previous mask TinySAM 2 predicts click by click, as an interactive session does.
        Each prediction refines the one before; the first one has a self-refinement pass.

        Args:
            features: of the image.
            prompt: prompt of the object.
            size_hw: of the image, pixels.
            previous: (1, h, w) logits of the mask that clicks and a box correct.
            conditioned: (1, dim, H, W) features after memory attention; None for a prediction from
                the image alone.

        Raises:
            ValueError: a mask prompt has another size than the image.
        """
        if prompt.mask is not None:
            return self._masks_of_prompt(features, prompt.mask, size_hw)
        network = self.network
        if network.sam_decoder is not None:
            logits, iou = self._decode(network.sam_decoder, features, prompt, size_hw, previous)
            return self._with_pointer(features, logits, iou)
        predict = partial(self._run_decoder, features, conditioned, size_hw)
        if previous is not None or network.config.follows_sam2:
            return predict(prompt, previous)

        def predict_step(step: ObjectPrompt, earlier: ObjectMasks | None) -> ObjectMasks:
            if earlier is None:  # the first is predicted twice: a self-refinement pass
                earlier = predict(step, None)
            return predict(step, earlier.logits)

        return self.clicks.predict(self._features.key_of(features), prompt, predict_step)

    def _decode(
        self,
        decoder: SamDecoder,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        previous: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Predict logits (1, 4H, 4W) and IoU (1,) by SAM's decoder; the rest as in `predict_masks`.

        Clicks are given one by one, each with the mask predicted before it, as in SAM's training.
        """
        predict = partial(self._decode_step, decoder, features, size_hw)
        if previous is not None:
            return predict(prompt, (previous, previous.new_ones(1)))
        return self.clicks.predict(self._features.key_of(features), prompt, predict)

    def _decode_step(
        self,
        decoder: SamDecoder,
        features: ImageFeatures,
        size_hw: tuple[int, int],
        prompt: ObjectPrompt,
        earlier: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        """Predict a mask from all clicks so far, and the mask and IoU before the last of them.

        The mask is made to obey them, see `enforce_clicks`.  A single click is ambiguous for SAM,
        which takes the best of three masks.  The single mask of a network with memory has learned
        from annotated objects what people mean, and is better.
        """
        is_sam = isinstance(self.model.network, Sam)
        is_first = earlier is None and prompt.box_xyxy is None and len(prompt.points_xy) == 1
        given = None if earlier is None else _as_mask_prompt(earlier[0])
        xy, labels = prompt.as_points(size_hw, self.model.device)
        with self.precision():
            found = decoder(features, xy, labels, given, multimask=is_sam and is_first)
        logits, iou = found.best()
        return enforce_clicks(logits[0], xy[0], labels[0])[None], iou.clamp(0, 1)

    def _with_pointer(self, features: ImageFeatures, logits: Tensor, iou: Tensor) -> ObjectMasks:
        """Add what memory needs to a mask of SAM's decoder: a pointer and the object's presence."""
        with self.precision():
            found = self.network.segment_given(features, logits[:, None])
        present = torch.full_like(iou, POINTED_AT_LOGIT)
        return ObjectMasks(logits, iou, present, found.pointer.float())

    def refine(
        self, features: ImageFeatures, masks: ObjectMasks, has_changed: Tensor | None = None
    ) -> ObjectMasks:
        """Complete masks that were predicted from memory, see `TinySam2.refined`."""
        with self.precision():
            return self.network.refined(features, masks, has_changed)

    def _run_decoder(
        self,
        features: ImageFeatures,
        conditioned: Tensor | None,
        size_hw: tuple[int, int],
        prompt: ObjectPrompt,
        previous: Tensor | None,
    ) -> ObjectMasks:
        """Predict one mask from clicks and a box; the rest as in `predict_masks`."""
        follows_sam2 = self.model.network.config.follows_sam2
        is_one_click = prompt.box_xyxy is None and len(prompt.points_xy) <= 1
        multimask = is_one_click and (previous is None or follows_sam2)  # SAM 2: also to correct
        xy, labels = prompt.as_points(size_hw, self.model.device)
        found = self._segment(features, conditioned, xy, labels, previous, multimask)
        return found.best().without_absent()

    def _segment(
        self,
        features: ImageFeatures,
        conditioned: Tensor | None,
        xy: Tensor,
        labels: Tensor,
        previous: Tensor | None,
        multimask: bool,
    ) -> Segmentation:
        """Run the tracker's mask decoder on points (1, K, 2); the rest as in `predict_masks`."""
        if conditioned is None:
            with self.precision():
                conditioned = self.network.condition(features, None)
        follows_sam2 = self.network.config.follows_sam2
        if previous is not None and not follows_sam2:
            small = resize_mask(previous[:, None], features.size_hw)[:, 0]
            previous = mark_clicks(small, xy, labels) if labels.numel() else small
        given = _as_mask_prompt(previous)
        with self.precision():
            found = self.network.segment(conditioned, features, xy, labels, given, multimask)
        if follows_sam2:
            return found
        return replace(found, object_logit=found.object_logit.clamp(min=POINTED_AT_LOGIT))

    def _masks_of_prompt(
        self, features: ImageFeatures, mask: NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> ObjectMasks:
        given = resize_logits(self._as_logits(mask, size_hw), features.input_hw)
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


def _as_mask_prompt(logits: Tensor | None) -> Tensor | None:
    """Return mask logits (1, h, w) as a mask prompt (1, 1, h, w)."""
    limit = MASK_PROMPT_LIMIT
    return None if logits is None else logits[:, None].clamp(-limit, limit)
