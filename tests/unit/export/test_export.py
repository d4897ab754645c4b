import csv
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core import edits, rules
from app.core.document import Document
from app.core.errors import ExportError, UsageError
from app.core.masks import RleMask
from app.export.format import Writing
from app.export.naming import file_stem, frame_digits
from app.export.registry import FORMATS, export, export_steps
from app.export.selection import Existing, ExportOptions, Selection, scaled_mask
from app.media.frames import FrameSource
from app.media.source import open_source
from tests.unit.export.scene import (
    SIZE_HW,
    content,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)

REPLACE = ExportOptions(existing=Existing.REPLACE)


@pytest.fixture
def source(tmp_path: Path) -> FrameSource:
    return open_frames(tmp_path)


def test_unknown_format_is_refused_with_the_choice(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"“dvais”.*davis") as refusal:
        export(two_objects(), source, "dvais", tmp_path / "out")
    assert "\n" not in str(refusal.value)


def test_nothing_to_export_is_reported(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no mask on frames 0 to 5"):
        export(Document(), source, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_object_that_does_not_exist_is_refused(source: FrameSource, tmp_path: Path) -> None:
    options = ExportOptions(object_ids=frozenset({1, 99}))
    with pytest.raises(ExportError, match="no object 99"):
        export(two_objects(), source, "coco", tmp_path / "out", options=options)
    assert not (tmp_path / "out").exists()


def test_frames_outside_the_source_are_refused(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Frames 3 to 9 are not in my clip"):
        export(two_objects(), source, "coco", tmp_path / "out", range(3, 10))


def test_folder_that_cannot_be_made_is_reported(source: FrameSource, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match="cannot be written"):
        export(two_objects(), source, "coco", tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_folder_that_may_not_be_written_is_reported(source: FrameSource, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(ExportError, match="cannot be written"):
        export(two_objects(), source, "coco", tmp_path / "out")


def test_failure_leaves_the_earlier_export(
    source: FrameSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_half_way(selection: Selection, folder: Path) -> Writing:
        (folder / "half").write_text("half")
        yield 1
        raise OSError(28, "No space left on device")

    out = tmp_path / "deep" / "out"
    monkeypatch.setitem(FORMATS, "bad", replace(FORMATS["coco"], name="bad", write=fail_half_way))
    with pytest.raises(ExportError, match="No space left"):
        export(two_objects(), source, "bad", out)
    assert not (tmp_path / "deep").exists()
    (path,) = export(two_objects(), source, "coco", out).paths
    before = path.read_bytes()
    with pytest.raises(ExportError, match="No space"):
        export(two_objects(), source, "bad", out, options=REPLACE)
    assert list(out.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_exporting_again_replaces_and_leaves_the_rest(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    first = export(two_objects(), source, name, out)
    second = export(two_objects(), source, name, out, range(1, 4), REPLACE)
    assert first.paths == second.paths
    assert all(path.exists() for path in second.paths)
    assert (out / "notes.txt").read_text() == "mine"
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    stems = {f.stem for path in second.paths if path.is_dir() for f in path.rglob("0*.*")}
    assert stems <= {"001", "002", "003"}


@pytest.mark.parametrize("name", ["davis", "davis_2016", "youtube_vos", "sam2"])
def test_frames_of_a_replaced_export_go_and_those_of_others_stay(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out, with_images = tmp_path / "out", ExportOptions(with_images=True)
    paths = export(two_objects(), source, name, out, options=with_images).paths
    export(two_objects(), source, name, out, options=replace(with_images, existing=Existing.RENAME))
    (images,) = [path for path in paths if list(path.glob("*.jpg"))]
    other = content(images.with_name("my_clip-2"))
    assert len(other) == 6
    Image.new("RGB", (8, 6)).save(images / "mine.jpg")
    export(two_objects(), source, name, out, range(2), REPLACE)
    assert list(content(images)) == ["mine.jpg"]
    assert content(images.with_name("my_clip-2")) == other
    (images / "mine.jpg").unlink()
    again = replace(with_images, existing=Existing.REPLACE)
    export(two_objects(), source, name, out, range(3), again)
    assert len(content(images)) == 3
    export(two_objects(), source, name, out, range(2), REPLACE)
    assert not images.exists()


def test_a_failed_replacement_brings_the_frames_of_the_earlier_export_back(
    source: FrameSource, tmp_path: Path
) -> None:
    out, with_images = tmp_path / "out", ExportOptions(with_images=True)
    export(two_objects(), source, "youtube_vos", out, options=with_images)
    (out / "youtube_vos" / "meta.json").write_text("no list")
    before = content(out)
    with pytest.raises(ExportError, match="is not a list of videos"):
        export(two_objects(), source, "youtube_vos", out, options=REPLACE)
    assert content(out) == before


def test_frames_that_are_exported_are_not_replaced(source: FrameSource, tmp_path: Path) -> None:
    out, with_images = tmp_path / "out", ExportOptions(with_images=True)
    export(two_objects(), source, "davis", out, options=with_images)
    frames = out / "JPEGImages" / "480p" / "my_clip"
    before = content(frames)
    with open_source(frames) as exported:
        export(two_objects(), exported, "davis", out, range(3), REPLACE)
        again = replace(with_images, existing=Existing.REPLACE)
        with pytest.raises(ExportError, match="my_clip holds the frames that are exported"):
            export(two_objects(), exported, "davis", out, range(3), again)
    assert content(frames) == before


def test_source_size_masks_of_full_frames_survive(source: FrameSource, tmp_path: Path) -> None:
    document = two_objects()
    set_mask(document, 1, 0, rectangle(0, 0, *SIZE_HW))
    for name in FORMATS:
        assert export(document, source, name, tmp_path / name).paths
    assert np.prod(SIZE_HW) == document.mask(1, 0).mask.area


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_counts_its_frames_and_can_be_closed_half_way(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "deep" / "out"
    done = [step.done for step in export_steps(two_objects(), source, name, out)]
    assert done == sorted(done)
    assert done[-1] == 6
    before = content(out)
    steps = export_steps(two_objects(), source, name, out, None, REPLACE)
    next(steps)
    steps.close()
    assert content(out) == before
    steps = export_steps(two_objects(), source, name, tmp_path / "new" / "out")
    next(steps)
    steps.close()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_an_earlier_export_is_refused_or_gets_a_neighbor(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    first = export(two_objects(), source, name, out)
    before = content(out)
    with pytest.raises(ExportError, match=r"exists? already"):
        export(two_objects(), source, name, out)
    assert content(out) == before
    renamed = ExportOptions(existing=Existing.RENAME)
    second = export(two_objects(), source, name, out, options=renamed)
    assert not set(first.paths) & set(second.paths)
    assert "my_clip-2" in str(second.paths[0])
    after = content(out)
    shared = {
        "ImageSets/2017/val.txt",
        "davis_2016/ImageSets/480p/val.txt",
        "youtube_vos/meta.json",
    }
    assert all(after[path] == data for path, data in before.items() if path not in shared)
    for path in shared & after.keys():
        assert b"my_clip-2" in after[path]
        assert before[path].split(b"\n")[0] in after[path]


@pytest.mark.parametrize("name", ["davis", "davis_2016", "youtube_vos", "coco", "sam2"])
def test_exports_into_one_folder_at_once_lose_nothing(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out, renamed = tmp_path / "out", ExportOptions(existing=Existing.RENAME)

    def run(_: int) -> Path:
        with source.clone() as frames:
            return export(two_objects(), frames, name, out, options=renamed).paths[0]

    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(run, range(12)))
    assert len(set(paths)) == 12
    assert all(path.exists() for path in paths)
    text = "".join(path.read_text() for path in [*out.rglob("val.txt"), *out.rglob("meta.json")])
    if text:
        names = [path.name for path in paths]
        assert all(re.search(rf"\b{re.escape(each)}(?![-\w])", text) for each in names)
    assert not list(out.glob(".export-*"))


def test_what_a_killed_export_left_is_deleted(source: FrameSource, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import os, sys; from pathlib import Path; from app.export.registry import *;"
        "from tests.unit.export.scene import two_objects; from app.media.source import open_source;"
        "steps = export_steps(two_objects(), open_source(Path(sys.argv[1])), 'davis',"
        " Path(sys.argv[2])); next(steps); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(source.path), str(out)], check=False)
    assert list(out.glob(".export-*"))
    export(two_objects(), source, "davis", out)
    assert not list(out.glob(".export-*"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_combination_of_options_is_written(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    document = two_objects()
    document.apply(edits.set_verified(document, 1, 2, True))
    options = ExportOptions(
        object_ids=frozenset({1}),
        verified_only=True,
        scale=0.5,
        frame_names="{name}_{frame:04d}",
        with_images=True,
        official_ids=True,
        polygons=True,
    )
    paths = export(document, source, name, tmp_path / "out", range(0, 6, 2), options).paths
    assert paths
    if name == "csv":
        (row,) = csv.DictReader(paths[0].read_text().splitlines())
        assert (row["frame"], row["frame_name"], row["object"]) == ("2", "my_clip_0002", "dog")
        assert int(row["area_px"]) == pytest.approx(300 / 4, abs=20)
    for file in (each for path in paths for each in path.rglob("*.[jp][pn]g")):
        with Image.open(file) as image:
            assert image.size == (30, 20)
            assert re.fullmatch(r"my_clip_000[024]", file.stem)


@pytest.mark.parametrize(
    "template",
    ["{", "{x}", "same", "{frame}/{name}", "{frame:99999999d}", "{frame.real}", "{frame!r}"],
)
def test_templates_that_make_no_names_are_refused(template: str) -> None:
    with pytest.raises(UsageError, match=r"template|name"):
        ExportOptions(frame_names=template)


def test_images_of_a_folder_keep_their_names(tmp_path: Path) -> None:
    with open_frames(tmp_path) as source:
        report = export(two_objects(), source, "davis", tmp_path / "out")
    assert sorted(f.stem for f in report.paths[0].iterdir()) == [f"{n:03d}" for n in range(6)]


def test_the_number_of_digits_is_found_without_a_look_at_every_frame() -> None:
    class LongRange(Sequence[int]):
        def __len__(self) -> int:
            return 10**6

        def __getitem__(self, position: int) -> int:  # type: ignore[override]
            assert position == -1
            return len(self) - 1

    assert frame_digits(LongRange(), 5) == 6


def test_scaled_masks_are_sampled_at_the_centers_of_their_pixels() -> None:
    bitmap = np.zeros((10, 15), dtype=np.bool_)
    bitmap[2::5, 2::5] = True  # the middle of each 5 x 5 pixels
    assert scaled_mask(RleMask.encode(bitmap), (2, 3)).area == 6


def test_long_and_odd_names_of_videos_are_shortened(tmp_path: Path) -> None:
    names = {file_stem("x" * 250), file_stem("x" * 251), file_stem("CON"), file_stem("a/b:c")}
    assert len(names) == 4
    assert all(len(name.encode()) <= 120 for name in names)
    assert not any(set("/:") & set(name) for name in names)
    assert file_stem("é" * 200).encode()


def test_names_that_no_file_can_hold_are_escaped(
    source: FrameSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = two_objects()
    monkeypatch.setattr(rules, "check_texts", lambda *_: None)  # as earlier versions stored them
    document.apply(edits.update_object(document, 1, name="dog \ud83d <&\x00>"))
    for name in FORMATS:
        assert export(document, source, name, tmp_path / "out").paths
