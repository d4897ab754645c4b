"""The feature maps of encoded images."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import itemgetter

from torch import Tensor


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Features of a batch of images.

    Attributes:
        s16: (B, dim, H, W) at stride 16, which memory encoder, memory attention and decoder read.
        s8: (B, dim / 4, 2H, 2W) at stride 8; None from encoders of one resolution.
        s4: (B, dim / 8, 4H, 4W) at stride 4; None from encoders of one resolution.
        embedding: (B, 256, H, W) what SAM's decoder reads, where that is not ``s16``.
        sam_s8: (B, 64, 2H, 2W) what SAM's decoder adds to its masks of ``s8``, see
            `SamDecoder.projected`; None where objects do not share it.
        sam_s4: (B, 32, 4H, 4W) the same of ``s4``.
        attended: (B, dim, H, W) ``s16`` after the part of memory attention that objects share;
            None until it is computed.
        for_memory: (B, dim, H, W) ``s16`` as the memory encoder adds masks to it, see
            `MemoryEncoder.projected`; None until it is computed.
    """

    s16: Tensor
    s8: Tensor | None = None
    s4: Tensor | None = None
    embedding: Tensor | None = None
    sam_s8: Tensor | None = None
    sam_s4: Tensor | None = None
    attended: Tensor | None = None
    for_memory: Tensor | None = None

    @property
    def sam_embedding(self) -> Tensor:
        """What SAM's decoder reads, (B, 256, H, W)."""
        return self.s16 if self.embedding is None else self.embedding

    @property
    def high_res(self) -> tuple[Tensor, Tensor] | tuple[()]:
        """The two finer maps, where there are any."""
        return () if self.s8 is None or self.s4 is None else (self.s8, self.s4)

    @property
    def sam_high_res(self) -> tuple[Tensor, Tensor] | tuple[()]:
        """What SAM's decoder adds of the two finer maps, where objects share it."""
        return () if self.sam_s8 is None or self.sam_s4 is None else (self.sam_s8, self.sam_s4)

    @property
    def maps(self) -> tuple[Tensor, ...]:
        """The maps of the tracker, the coarse one first."""
        return (self.s16, *self.high_res)

    def float(self) -> "ImageFeatures":
        """Return the same in float32."""
        return self._each(Tensor.float)

    def repeated(self, times: int) -> "ImageFeatures":
        """Repeat each image's features ``times`` times in a row, once for each object on it."""
        return self._each(lambda maps: maps.repeat_interleave(times, 0))

    def of_frames(self, length: int) -> "list[ImageFeatures]":
        """Split the features of whole clips, one after the other, by frame: ``length`` of them."""
        return [self._each(itemgetter(slice(t, None, length))) for t in range(length)]

    def _each(self, change: Callable[[Tensor], Tensor]) -> "ImageFeatures":
        maps = (getattr(self, each.name) for each in fields(self))
        first, *rest = (None if m is None else change(m) for m in maps)
        assert first is not None
        return ImageFeatures(first, *rest)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the stride-16 map."""
        height, width = self.s16.shape[-2:]
        return height, width

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width in pixels of the input that was encoded."""
        height, width = self.size_hw
        return 16 * height, 16 * width
