from pathlib import Path

import numpy as np

from app.core import edits
from app.export.overlay import overlaid
from app.export.registry import export
from app.export.selection import Selection
from app.media.source import open_source
from tests.unit.export.scene import FRAME_COUNT, SIZE_HW, open_frames, two_objects


def test_masks_are_mixed_with_the_frame_in_their_colors(tmp_path: Path) -> None:
    document = two_objects()
    with open_frames(tmp_path) as source:
        selection = Selection(document, source, range(FRAME_COUNT))
        images = [overlaid(selection, frame) for frame in selection.frames]
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
        with_name = overlaid(Selection(document, source, range(1)), 0)
        document.apply(edits.update_object(document, 1, name="."))
        without = overlaid(Selection(document, source, range(1)), 0)
    assert (with_name != without).any()


def test_hidden_objects_stay_hidden(tmp_path: Path) -> None:
    document = two_objects()
    for object_id in (1, 2):
        document.apply(edits.update_object(document, object_id, is_visible=False))
    with open_frames(tmp_path) as source:
        image = overlaid(Selection(document, source, range(2, 3)), 2)
    assert (image == 40).all()


def test_video_has_the_frames_asked_for(tmp_path: Path) -> None:
    with open_frames(tmp_path) as source:
        (path,) = export(two_objects(), source, "overlay", tmp_path / "out", range(1, 6, 2)).paths
        rate = source.frame_rate
    with open_source(path) as video:
        assert len(video) == 3
        assert video.frame_rate == rate / 2  # a step leaves the speed as it was
        assert abs(int(video[1][2, 50].mean()) - 60) < 6
