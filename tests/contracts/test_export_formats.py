"""What readers outside this project rely on: an export of a fixed scene must not change.

After a wanted change, delete the golden files, run this test once to write them anew (it then
fails on purpose) and read the difference.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.export.registry import export
from app.export.selection import ExportOptions
from tests.unit.export.scene import open_frames, two_objects

GOLDEN = Path(__file__).parent / "golden"


def compare(found: str, name: str) -> None:
    golden = GOLDEN / name
    if not golden.exists():
        golden.write_text(found, encoding="utf-8")
        pytest.fail(f"{name} was missing and has been written")
    assert json.loads(found) == json.loads(golden.read_text("utf-8"))


@pytest.mark.parametrize(
    ("format_name", "file"),
    [
        ("coco", "my_clip.coco.json"),
        ("youtube_vis", "my_clip.youtube_vis.json"),
        ("davis", "my_clip.objects.json"),
        ("sav", "my_clip_manual.json"),
        ("youtube_vos", "youtube_vos/meta.json"),
        ("labelme", "labelme/my_clip/000.json"),
    ],
)
def test_json_equals_the_golden_file(tmp_path: Path, format_name: str, file: str) -> None:
    with open_frames(tmp_path) as source:
        export(two_objects(), source, format_name, tmp_path / "out")
    compare((tmp_path / "out" / file).read_text("utf-8"), file.replace("/", "_"))


def test_davis_tree_equals_the_golden_listing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_frames(tmp_path) as source:
        export(two_objects(), source, "davis", out, options=ExportOptions(with_images=True))
    files = sorted(str(p.relative_to(out).as_posix()) for p in out.rglob("*") if p.is_file())
    listing = {"files": files, "rows": {}}
    for frame in (0, 3):
        with Image.open(out / f"Annotations/480p/my_clip/{frame:03d}.png") as image:
            pixels = np.asarray(image)
            listing["palette"] = image.getpalette()
        listing["rows"][str(frame)] = ["".join(map(str, row)) for row in pixels.tolist()]
    compare(json.dumps(listing, indent=1), "davis_tree.json")


@pytest.mark.parametrize(
    ("format_name", "file"),
    [
        ("cvat", "my_clip.cvat.xml"),
        ("mots_txt", "mots_txt/my_clip.txt"),
        ("mot", "mot/my_clip.txt"),
        ("yolo", "yolo/my_clip/labels/000.txt"),
        ("csv", "my_clip.csv"),
    ],
)
def test_text_equals_the_golden_file(tmp_path: Path, format_name: str, file: str) -> None:
    with open_frames(tmp_path) as source:
        export(two_objects(), source, format_name, tmp_path / "out")
    golden, found = GOLDEN / file.replace("/", "_"), (tmp_path / "out" / file).read_bytes()
    if not golden.exists():
        golden.write_bytes(found)
        pytest.fail(f"{golden.name} was missing and has been written")
    assert found.splitlines() == golden.read_bytes().splitlines()
