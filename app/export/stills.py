"""Image sequences for compositing: mattes, and frames cut out along the masks."""

from pathlib import Path

import numpy as np
from PIL import Image

from app.core.masks import Bitmap
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.selection import Selection
from app.media.frames import Pixels


def union(selection: Selection, frame: int) -> Bitmap:
    """Return the (H, W) pixels of any exported object on a frame."""
    joined = np.zeros(selection.size_hw, dtype=np.bool_)
    for _, row in selection.masks_on(frame):
        joined |= row.mask.decode()
    return joined


def cut_out(selection: Selection, frame: int) -> Pixels:
    """Return a frame, (H, W, 4) RGB and alpha, 255 on the objects; black where it is 0."""
    alpha = union(selection, frame)
    pixels = np.dstack([selection.image(frame), np.full(selection.size_hw, 255, dtype=np.uint8)])
    pixels[~alpha] = 0
    return pixels


def write_mattes(selection: Selection, folder: Path) -> Writing:
    """Write ``matte/<name>/00000.png``: 255 where any object is, 0 elsewhere."""
    place = folder / "matte" / selection.name
    place.mkdir(parents=True)
    for done, frame in enumerate(selection.frames, 1):
        pixels = union(selection, frame).astype(np.uint8) * 255
        Image.fromarray(pixels).save(place / f"{selection.frame_name(frame)}.png")
        yield done
    return ()


def write_cut_outs(selection: Selection, folder: Path) -> Writing:
    """Write ``cutout/<name>/00000.png``: the frames, transparent outside the objects."""
    place = folder / "cutout" / selection.name
    place.mkdir(parents=True)
    for done, frame in enumerate(selection.frames, 1):
        image = Image.fromarray(cut_out(selection, frame))
        image.save(place / f"{selection.frame_name(frame)}.png", compress_level=3)
        yield done
    return ()


MATTE = ExportFormat(
    "matte",
    "Mattes (PNG sequence)",
    "Black and white PNG of every frame, all objects as one, for compositing.",
    Group.VIDEOS,
    write_mattes,
    ("matte/{name}",),
    loses=(Loss.IDENTITIES,),
)
CUT_OUT = ExportFormat(
    "cutout",
    "Cut-outs (PNG sequence)",
    "The frames with a transparent background, for compositing.",
    Group.VIDEOS,
    write_cut_outs,
    ("cutout/{name}",),
    loses=(Loss.IDENTITIES,),
)
