from pathlib import Path

import numpy as np
import pytest

from app.core import edits
from app.core.errors import ExportError
from app.export.overlay import overlaid, write_overlay
from app.media.source import open_source
from tests.unit.export.scene import FRAME_COUNT, SIZE_HW, open_frames, two_objects


def test_masks_are_mixed_with_the_frame_in_their_colors(tmp_path: Path) -> None:
    document = two_objects()
    with open_frames(tmp_path) as source:
        images = list(overlaid(document, source, range(FRAME_COUNT)))
        untouched = source[5].copy()
    dog = np.array(document.object(1).color)
    assert len(images) == FRAME_COUNT
    assert images[5].shape == (*SIZE_HW, 3)
    assert np.abs(images[5][22, 10] - (dog + 100) / 2).max() <= 1  # inside, below the name
    assert images[5][24, 10].tolist() == dog.tolist()  # on the contour
    assert images[5][0, 50].tolist() == [100, 100, 100]
    assert images[3][22, 10].tolist() == [60, 60, 60]  # lost there
    assert (untouched == 100).all()


def test_names_are_written(tmp_path: Path) -> None:
    document = two_objects()
    with open_frames(tmp_path) as source:
        (with_name,) = overlaid(document, source, range(1))
        document.apply(edits.update_object(document, 1, name="."))
        (without,) = overlaid(document, source, range(1))
    assert (with_name != without).any()


def test_hidden_objects_stay_hidden(tmp_path: Path) -> None:
    document = two_objects()
    for object_id in (1, 2):
        document.apply(edits.update_object(document, object_id, is_visible=False))
    with open_frames(tmp_path) as source:
        (image,) = overlaid(document, source, range(2, 3))
    assert (image == 40).all()


def test_video_has_the_frames_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "overlay.mp4"
    with open_frames(tmp_path) as source:
        assert write_overlay(two_objects(), source, path, range(1, 5)) == 4
    with open_source(path) as video:
        assert len(video) == 4
        assert abs(int(video[0][2, 50].mean()) - 20) < 6


def test_video_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with open_frames(tmp_path) as source, pytest.raises(ExportError, match="cannot be written"):
        write_overlay(two_objects(), source, tmp_path / "missing" / "a.mp4", range(2))
