"""Keeps the features of the last few images."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tinysam2.model.image_features import ImageFeatures

KEPT_FEATURES = 8
"""Images whose features are cached; each takes about 11 MB at 576 px."""


@dataclass(frozen=True, slots=True)
class _Kept:
    features: ImageFeatures
    for_prompts: bool


class FeatureCache:
    """Features of images by key, those that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(
        self, key: int, for_prompts: bool, encode: Callable[[], ImageFeatures]
    ) -> ImageFeatures:
        """Return the features cached under ``key``, or encode the image and cache them.

        Features that were encoded without ``for_prompts`` do not serve prompts.
        """
        kept = self._kept.get(key)
        if kept is None or (for_prompts and not kept.for_prompts):
            kept = self._kept[key] = _Kept(encode(), for_prompts)
            while len(self._kept) > KEPT_FEATURES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return kept.features

    def key_of(self, features: ImageFeatures) -> int | None:
        """Return the key that features are cached under; None if they are not."""
        return next((key for key, kept in self._kept.items() if kept.features is features), None)
