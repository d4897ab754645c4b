"""Remove specks from an object's masks, or fill their holes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.core.cancel import CancelToken, Job
from app.core.masks import RleMask
from app.tracking.backend import MaskFault


@dataclass(frozen=True, slots=True)
class CleanupStep:
    """One mask.

    Attributes:
        before: the mask on the frame when the job was made.
        after: the mask without ``fault``.
        merge_key: the step of undo that the job is.
        done: number of masks looked at so far, of ``total``.
    """

    object_id: int
    frame: int
    before: RleMask
    after: RleMask
    fault: MaskFault
    merge_key: int
    done: int
    total: int


def cleanup_job(
    object_id: int, masks: Mapping[int, RleMask], fault: MaskFault, merge_key: int
) -> Job:
    """Clean masks of an object, by frame; yields a `CleanupStep` for each."""

    def run(token: CancelToken) -> Iterator[CleanupStep]:
        from app.tracking.mask_cleaning import clean_mask  # not when the program starts

        for done, (frame, mask) in enumerate(sorted(masks.items()), 1):
            token.raise_if_cancelled()
            after = clean_mask(mask, fault)
            total = len(masks)
            yield CleanupStep(object_id, frame, mask, after, fault, merge_key, done, total)

    return run
