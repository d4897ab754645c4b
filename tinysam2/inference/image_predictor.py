"""Predicting masks of single images, in the terms of Segment Anything."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tinysam2.build import ImageModel
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.preprocess import resize_logits
from tinysam2.model.image_features import ImageFeatures


class ImagePredictor:
    """Predict masks of an image from points, a box or an earlier mask.

    The image is encoded once, by `set_image`; each `predict` then runs the decoder alone.  Not for
    use from several threads at once.

    Args:
        model: from `load_model` or `load_image_model`.
        image_size: side of the network's input for a square image, pixels; the model's own if
            None.

    Raises:
        ValueError: the network cannot take that input size.

    Source:
        ``SamPredictor`` of Segment Anything (``segment_anything/predictor.py``).  Differs in what
        ``multimask_output=False`` means for a single click: the best of the three masks.  Only
        TinySAM 2 with SAM's decoder gives the decoder's single mask, as ``SamPredictor`` does.

    Example:
        >>> predictor = ImagePredictor(load_model())  # doctest: +SKIP
        >>> predictor.set_image(image)  # doctest: +SKIP
        >>> masks, iou, _ = predictor.predict([[210, 230]], [1])  # doctest: +SKIP
    """

    def __init__(self, model: ImageModel, image_size: int | None = None) -> None:
        self._predictor = FramePredictor(model, image_size)
        self._features: ImageFeatures | None = None
        self._size_hw = (0, 0)

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Encode an image, in place of the one before.

        Args:
            image: (H, W, 3) uint8 RGB; not kept.

        Raises:
            ValueError: the image has another shape or type.
        """
        self._features = self._predictor.encode(image)
        self._size_hw = (image.shape[0], image.shape[1])

    @torch.inference_mode()
    def predict(
        self,
        points: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        box: ArrayLike | None = None,
        mask: NDArray[np.float32] | NDArray[np.bool_] | None = None,
        multimask_output: bool = False,
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
        """Predict masks of one object on the image.

        Args:
            points: (K, 2) clicks (x, y) in pixels of the image.
            labels: (K,) 1 for a click on the object, 0 for one beside it.
            box: (4,) x0, y0, x1, y1 in pixels of the image.
            mask: an earlier mask that points and box correct: its ``low_res_logits`` (h, w) or
                (1, h, w), float; or any mask (H, W) bool of the image's size.  Without points and
                box it is refined.
            multimask_output: return the decoder's three masks, for a prompt that may mean a whole
                object, a part or a subpart; else the one that the prompt most likely means.

        Returns:
            Masks (M, H, W) bool, their predicted IoUs (M,) float32, about in [0, 1], and their
            logits (M, h, w) float32 at the decoder's resolution, which `mask` takes.  M is 3 with
            ``multimask_output``, else 1.

        Raises:
            RuntimeError: no image was set.
            ValueError: a prompt has the wrong shape, or there is none.
        """
        if self._features is None:
            raise RuntimeError("set_image must be called before predict")
        features, predictor = self._features, self._predictor
        prompt = _object_prompt(points, labels, box, is_required=mask is None)
        corrected = self._correction(features, mask)
        predict = predictor.predict_candidates if multimask_output else predictor.predict_logits
        low, iou = predict(features, prompt, self._size_hw, *corrected)
        low = low.float()
        masks = resize_logits(low, self._size_hw) > 0
        return masks.cpu().numpy(), iou.float().cpu().numpy(), low.cpu().numpy()

    def _correction(
        self, features: ImageFeatures, mask: NDArray[np.float32] | NDArray[np.bool_] | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return ``previous`` and ``conditioned`` of `FramePredictor.predict_logits`."""
        if mask is None:
            return None, None
        if mask.dtype == np.bool_:
            drawn = mask.astype(np.bool_, copy=False)
            return self._predictor.correction_of(features, drawn, self._size_hw)
        low_hw = (4 * features.size_hw[0], 4 * features.size_hw[1])
        if mask.shape not in (low_hw, (1, *low_hw)) or not np.issubdtype(mask.dtype, np.floating):
            raise ValueError(
                f"mask must be logits {low_hw} or a bool mask {self._size_hw}, "
                f"got {mask.shape} {mask.dtype}"
            )
        logits = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))
        return logits.view(1, *low_hw).to(self._predictor.model.device), None


def _object_prompt(
    points: ArrayLike | None, labels: ArrayLike | None, box: ArrayLike | None, is_required: bool
) -> ObjectPrompt:
    """Check points, labels and box; `ImagePredictor.predict` says what they are."""
    xy = np.zeros((0, 2)) if points is None else np.asarray(points, dtype=np.float64)
    signs = np.asarray([] if labels is None else labels)
    if xy.ndim != 2 or xy.shape[1] != 2 or signs.ndim != 1:
        raise ValueError(f"points must be (K, 2) and labels (K,), got {xy.shape} and {signs.shape}")
    corners = None if box is None else np.asarray(box, dtype=np.float64)
    if corners is not None and corners.shape != (4,):
        raise ValueError(f"box must be (4,), got {corners.shape}")
    if not is_required and not len(xy) and not len(signs) and corners is None:
        return ObjectPrompt()
    return ObjectPrompt.of(xy, signs.tolist(), None if corners is None else corners.tolist())
