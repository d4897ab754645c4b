"""Read masks from files into an open project."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.cancel import CancelToken, Job
from app.core.errors import ExportError
from app.core.masks import RleMask
from app.export.reading import read_masks
from app.media.frames import FrameSource


@dataclass(frozen=True, slots=True)
class ImportStep:
    """The masks of one frame, by the object ids of the file.

    Attributes:
        frame: index of the frame.
        masks: masks at the resolution of the video.
        names: name and category by object id of the file, as far as the file has them.
        object_ids: object id of the file -> object id of the document.  Shared by all steps of a
            job and filled in as objects are added, on the document's thread only.
        merge_key: the step of undo that the import is.
    """

    frame: int
    masks: dict[int, RleMask]
    names: dict[int, tuple[str, str]]
    object_ids: dict[int, int]
    merge_key: int


def import_job(path: Path, source: FrameSource, merge_key: int) -> Job:
    """Read a COCO or YouTube-VIS file, or a folder of label images; yields an `ImportStep` a frame.

    Args:
        path: the file or folder.
        source: the video; masks must have its size and lie on its frames.
        merge_key: the step of undo that the import is.
    """
    num_frames, size_hw = len(source), source.size_hw

    def run(token: CancelToken) -> Iterator[ImportStep]:
        found = read_masks(path)
        object_ids: dict[int, int] = {}
        for frame, masks in found.frames:
            token.raise_if_cancelled()
            if frame >= num_frames:
                raise ExportError(
                    f"{path} has masks on frame {frame}, but the video ends at {num_frames - 1}.",
                    "Open the video that they were made for.",
                )
            for mask in masks.values():
                _check_size(path, mask, size_hw)
            yield ImportStep(frame, masks, found.names, object_ids, merge_key)

    return run


def _check_size(path: Path, mask: RleMask, size_hw: tuple[int, int]) -> None:
    if mask.size_hw != size_hw:
        raise ExportError(
            f"The masks of {path} are {mask.size_hw[1]} x {mask.size_hw[0]} pixels, but the "
            f"video is {size_hw[1]} x {size_hw[0]}.",
            "Masks must have the size of the video's frames.",
        )
