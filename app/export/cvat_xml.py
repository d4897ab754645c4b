"""CVAT for video 1.1: one XML file with a track of masks per object."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from app.core.document import TrackedObject
from app.core.masks import RleMask
from app.export.format import ExportFormat, Group, Writing
from app.export.selection import Selection

NAME_ATTRIBUTE = "name"
"""The attribute of a track's shapes that holds the object's name."""

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat_xml(selection: Selection, folder: Path) -> Writing:
    """Write one XML file; frames are source frame numbers, as in a CVAT task of the same video.

    A track ends with a shape of ``outside`` 1 on the first frame on which the object is absent.

    Source:
        cvat-ai/cvat, ``dataset_manager/formats/cvat.py``: a mask is run-length encoded in row
        order inside its box, background first.
    """
    path = folder / f"{selection.name}.cvat.xml"
    objects = selection.objects
    with path.open("w", encoding="utf-8", errors="xmlcharrefreplace", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        file.write("  <version>1.1</version>\n")
        file.writelines(_meta(selection))
        for number, tracked in enumerate(objects):
            for done in _write_track(file, selection, tracked, number):
                yield (number * len(selection.frames) + done) // len(objects)
        file.write("</annotations>\n")
    return ()


def _meta(selection: Selection) -> Iterator[str]:
    height, width = selection.size_hw
    frames = selection.frames
    yield f"  <meta>\n    <task>\n      <name>{_text(selection.source.name)}</name>\n"
    yield f"      <size>{len(frames)}</size>\n      <mode>interpolation</mode>\n"
    yield f"      <start_frame>{frames[0]}</start_frame>\n"
    yield f"      <stop_frame>{frames[-1]}</stop_frame>\n"
    yield f"      <frame_filter>step={frames.step}</frame_filter>\n"
    yield "      <labels>\n"
    for category in dict.fromkeys(tracked.category for tracked in selection.objects):
        yield f"        <label>\n          <name>{_text(category)}</name>\n"
        yield "          <type>mask</type>\n          <attributes>\n            <attribute>\n"
        yield f"              <name>{NAME_ATTRIBUTE}</name>\n"
        yield "              <mutable>False</mutable>\n"
        yield "              <input_type>text</input_type>\n"
        yield "              <default_value></default_value>\n              <values></values>\n"
        yield "            </attribute>\n          </attributes>\n        </label>\n"
    yield "      </labels>\n      <original_size>\n"
    yield f"        <width>{width}</width>\n        <height>{height}</height>\n"
    yield "      </original_size>\n"
    yield f"      <source>{_text(selection.source.path.name)}</source>\n"
    yield "    </task>\n  </meta>\n"


def _write_track(
    file: IO[str], selection: Selection, tracked: TrackedObject, z_order: int
) -> Iterator[int]:
    """Write the track of an object; yields the frames that were looked at."""
    label = _attribute(tracked.category)
    file.write(f'  <track id="{tracked.object_id}" label={label} source="file">\n')
    last: RleMask | None = None  # of a track that has not ended
    for done, frame in enumerate(selection.frames, 1):
        row = selection.mask(tracked.object_id, frame)
        if row is not None:
            _write_shape(file, frame, row.mask, tracked, z_order)
        elif last is not None:
            _write_shape(file, frame, last, tracked, z_order, is_outside=True)
        last = None if row is None else row.mask
        yield done
    file.write("  </track>\n")


def _write_shape(
    file: IO[str],
    frame: int,
    mask: RleMask,
    tracked: TrackedObject,
    z_order: int,
    is_outside: bool = False,
) -> None:
    assert mask.box_xyxy is not None  # empty masks are not exported
    x0, y0, x1, y1 = mask.box_xyxy
    runs = RleMask.encode(np.ascontiguousarray(mask.decode()[y0:y1, x0:x1])).runs
    file.write(
        f'    <mask frame="{frame}" keyframe="1" outside="{int(is_outside)}" occluded="0" '
        f'rle="{", ".join(map(str, runs.tolist()))}" left="{x0}" top="{y0}" '
        f'width="{x1 - x0}" height="{y1 - y0}" z_order="{z_order}">\n'
        f'      <attribute name="{NAME_ATTRIBUTE}">{_text(tracked.name)}</attribute>\n'
        "    </mask>\n"
    )


def _clean(text: str) -> str:
    """Replace the characters that XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)


def _text(text: str) -> str:
    return escape(_clean(text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    return quoteattr(_clean(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


CVAT_XML = ExportFormat(
    "cvat",
    "CVAT for video 1.1",
    "One XML file with a track of masks per object, to be uploaded to a CVAT task of the same "
    "video. Confidences are lost.",
    Group.ANNOTATIONS,
    write_cvat_xml,
    ("{name}.cvat.xml",),
)
