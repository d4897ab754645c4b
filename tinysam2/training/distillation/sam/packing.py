"""Packing the data of a recipe into parts, the most useful images first."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2.datasets.registry import Data
from tinysam2.datasets.samples import ImageFile, ImageSample, Still
from tinysam2.training.distillation.sam.parts import PartImage, PartWriter, Sampling
from tinysam2.training.distillation.sam.samples import Pools

SHORT_SIDE = 384  # pixels; larger images are reduced to it
WEBP_QUALITY = 80

T = TypeVar("T")


def pack(data: Data, writer: PartWriter, seed: int = 0) -> Iterator[int]:
    """Write annotated images, then the others, until all are written or the limit is reached.

    Annotated images come in the proportions of their groups' weights, the others in those of
    their places' weights and sizes, so that the first parts hold of everything.

    Args:
        data: of a recipe.
        writer: where to.
        seed: of the order.

    Yields:
        The number of images so far.

    Raises:
        ValueError: the data holds no images, or one that cannot be read.
    """
    written = set[object]()
    for image, sampling, still in _ordered(data, np.random.default_rng(seed)):
        if _identity(image) in written:
            continue
        written.add(_identity(image))
        if not writer.add(_encoded(image, sampling, still)):
            break
        yield len(written)
    writer.close()


def _ordered(
    data: Data, rng: np.random.Generator
) -> Iterator[tuple[ImageSample, Sampling, Still | None]]:
    pools = Pools.of(data)
    images, labeled = pools.images, pools.labeled
    weights = {
        _identity(image): weight / len(group)
        for weight, group in zip(images.weights, images.groups, strict=True)
        for image in group
    }
    for number, still in _interleaved(labeled.groups, labeled.weights, rng):
        weight = weights.get(_identity(still), 0.0)  # not an image of its own
        yield still, Sampling(weight, number, labeled.weights[number]), still
    for _, image in _interleaved(images.groups, images.weights, rng):
        yield image, Sampling(weights[_identity(image)]), None


def _identity(image: ImageSample) -> object:
    """Return what two readers of the same image have in common."""
    return image.path if isinstance(image, ImageFile) else id(image)


def _interleaved(
    groups: Sequence[Sequence[T]], weights: Sequence[float], rng: np.random.Generator
) -> Iterator[tuple[int, T]]:
    """Draw everything once: a group by its weight, then one of its things that are left."""
    left = [[group[i] for i in rng.permutation(len(group))] for group in groups]
    while any(left):
        odds = np.array([w if rest else 0.0 for w, rest in zip(weights, left, strict=True)])
        chosen = int(rng.choice(len(odds), p=odds / odds.sum()))
        yield chosen, left[chosen].pop()


def _encoded(image: ImageSample, sampling: Sampling, still: Still | None) -> PartImage:
    pixels = image.pixels()
    scale = min(1.0, SHORT_SIDE / min(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    bgr = np.ascontiguousarray(small[:, :, ::-1]).astype(np.uint8, copy=False)
    quality = [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]
    webp = _encode(".webp", bgr, quality)
    if still is None:
        return PartImage(webp, None, sampling)
    labels = cv2.resize(still.labels(), size, interpolation=cv2.INTER_NEAREST_EXACT)
    png = _encode(".png", labels.astype(np.uint8, copy=False), [])
    return PartImage(webp, png, sampling)


def _encode(suffix: str, pixels: NDArray[np.uint8], options: Sequence[int]) -> bytes:
    is_encoded, content = cv2.imencode(suffix, pixels, options)
    if not is_encoded:
        raise ValueError(f"an image of {pixels.shape} cannot be encoded as {suffix}")
    return content.tobytes()
