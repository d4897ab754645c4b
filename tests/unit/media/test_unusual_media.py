"""Media as cameras, other tools and accidents make them."""

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from app.core.cancel import CancelToken
from app.core.errors import SourceError
from app.jobs.verify import IndexStatus, verify_index
from app.media.limits import MAX_FRAME_PIXELS
from app.media.source import open_source
from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import numbered_frame, read_number, remux, write_numbered_clip

CASES = ROOT.parent / "shared" / "cases"
RED, BLUE = (250, 0, 0), (0, 0, 250)


def case(name: str) -> Path:
    if not CASES.is_dir():
        pytest.skip("needs the folder of cases")
    return CASES / name


def with_display_matrix(path: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Write a, b, c, d of x' = a x + c y, y' = b x + d y into an MP4's track header."""
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd")
    is_long = content[header + 4] == 1
    place = header + (56 if is_long else 44)
    a, b, c, d = (round(value * 65536) for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


ORIENTATIONS = {
    "as coded": ((1, 0, 0, 1), lambda image: image),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda image: image[::-1]),
    "half turn": ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
    "quarter clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "quarter counterclockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
    "transposed": ((0, 1, 1, 0), lambda image: np.swapaxes(image, 0, 1)),
    "30 degrees": ((0.866, 0.5, -0.5, 0.866), lambda image: image),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_videos_are_turned_and_mirrored_as_they_say(tmp_path: Path, orientation: str) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    with open_source(clip) as source:
        coded = source[1].copy()
    matrix, shown = ORIENTATIONS[orientation]
    with open_source(with_display_matrix(clip, matrix)) as source:
        np.testing.assert_array_equal(source[1], shown(coded))
        np.testing.assert_array_equal(source.bgra(1)[..., 2::-1], shown(coded))
        assert source.size_hw == shown(coded).shape[:2]
        assert ("nearest quarter turn" in source.notice) == (orientation == "30 degrees")


def test_the_mirrored_case_is_mirrored() -> None:
    with open_source(case("hflip.mp4")) as source, av.open(case("hflip.mp4")) as container:
        coded = next(container.decode(video=0)).to_ndarray(format="rgb24")
        np.testing.assert_array_equal(source[0], coded[:, ::-1])


@pytest.mark.parametrize(("aspect", "size_hw"), [("2:1", (64, 192)), ("1:2", (128, 96))])
def test_oblong_pixels_are_displayed_in_their_shape(
    tmp_path: Path, aspect: str, size_hw: tuple[int, int]
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    factor = Fraction(aspect.replace(":", "/")) * Fraction(96, 64)
    oblong = remux(clip, tmp_path / "oblong.mp4", after=["-aspect", str(float(factor))])
    with open_source(oblong) as source:
        assert source.size_hw == size_hw
        assert source[1].shape == (*size_hw, 3)


@pytest.mark.parametrize("suffix", ["h264", "ts"])
def test_a_size_that_changes_is_reported(tmp_path: Path, suffix: str) -> None:
    joined = tmp_path / f"joined.{suffix}"
    with joined.open("wb") as file:
        for first, size_hw in ((0, (64, 96)), (160, (96, 128))):
            times = range(first, first + 160, 40)
            clip = write_numbered_clip(tmp_path / "part.mp4", 4, times, bframes=0, size_hw=size_hw)
            file.write(remux(clip, tmp_path / f"part.{suffix}").read_bytes())
    with open_source(joined) as source:
        result = list(verify_index(source, CancelToken()))[-1].result
        assert result is not None
        assert "4 frames" in result.sentence
        assert "scaled to 96 x 64" in result.sentence
        assert {frame.shape for frame in source} == {(64, 96, 3)}


def test_texts_that_are_not_utf_8_do_not_matter(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    titled = remux(clip, tmp_path / "titled.mp4", after=["-metadata", "title=XXXXXXXX"])
    latin_1 = b"\xe4\xf6\xfc\xff\xfe\xe4\xf6\xfc"
    titled.write_bytes(titled.read_bytes().replace(b"XXXXXXXX", latin_1))
    with open_source(titled) as source:
        assert read_number(source[2]) == 2


def test_the_case_with_a_title_in_latin_1_opens() -> None:
    with open_source(case("latin1.mp4")) as source:
        assert len(source) == 12


def test_a_name_with_a_colon_is_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_numbered_clip(tmp_path / "a.mp4", 3).rename(tmp_path / "clip:1.mp4")
    monkeypatch.chdir(tmp_path)
    with open_source(Path("clip:1.mp4")) as source:
        assert len(source) == 3


def test_a_playlist_reads_no_other_place(tmp_path: Path) -> None:
    playlist = tmp_path / "clip.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(SourceError):
        open_source(playlist)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        open_source(tmp_path / "clip.mp4")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs devices")
def test_an_image_that_is_a_pipe_or_a_broken_link_is_refused_at_once(tmp_path: Path) -> None:
    Image.fromarray(numbered_frame(0)).save(tmp_path / "00000.png")
    (tmp_path / "thumbs.png").mkdir()
    for name, make in (
        ("00001.png", os.mkfifo),
        ("00002.png", lambda path: path.symlink_to("missing.png")),
    ):
        make(tmp_path / name)
        with pytest.raises(SourceError, match=f"{name} is not a file"):
            open_source(tmp_path)
        (tmp_path / name).unlink()
    assert len(open_source(tmp_path)) == 1


def test_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        open_source(tmp_path / "clip.mp4")


def stack(path: Path, size_wh: tuple[int, int] = (96, 64)) -> Path:
    """Six numbered images in one file."""
    images = [Image.fromarray(numbered_frame(n, size_wh[::-1])) for n in range(6)]
    options = {"lossless": True} if path.suffix == ".webp" else {}
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    return path


@pytest.mark.parametrize("suffix", ["tif", "tiff", "png", "apng", "webp", "gif"])
def test_a_stack_is_a_sequence(tmp_path: Path, suffix: str) -> None:
    with open_source(stack(tmp_path / f"stack.{suffix}")) as source, source.clone() as clone:
        assert [read_number(source[i]) for i in (5, 0, 3, 1, 2, 4)] == [5, 0, 3, 1, 2, 4]
        assert read_number(clone[4]) == 4
        table = source.frame_table()
    with open_source(tmp_path / f"stack.{suffix}", table) as again:
        assert len(again) == 6


def test_the_stack_of_the_cases_is_a_sequence() -> None:
    with open_source(case("stack_of_6.tif")) as source:
        assert len(source) == 6
        assert not np.array_equal(source[0], source[5])


def test_a_stack_of_deep_pages_is_read(tmp_path: Path) -> None:
    pages = [np.full((6, 8), value << 4, dtype=np.uint16) for value in (100, 200)]
    cv2.imwritemulti(str(tmp_path / "s.tif"), pages)
    with open_source(tmp_path / "s.tif") as source:
        assert [int(frame[0, 0, 0]) for frame in source] == [100, 200]


def test_a_stack_with_a_dark_first_page_is_as_bright_as_its_other_pages_say(tmp_path: Path) -> None:
    pages = [np.full((6, 8), value << 8, dtype=np.uint16) for value in (0, *range(100, 120))]
    cv2.imwritemulti(str(tmp_path / "s.tif"), pages)
    with open_source(tmp_path / "s.tif") as source:
        assert [int(frame[0, 0, 0]) for frame in source] == [0, *range(100, 120)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_jpeg_with_a_second_image_inside_is_one_frame(tmp_path: Path, count: int) -> None:
    preview = Image.new("RGB", (4, 3), BLUE)
    for number in range(count):
        image = Image.new("RGB", (8, 6), RED)
        image.save(tmp_path / f"{number}.jpg", "MPO", save_all=True, append_images=[preview])
    path = tmp_path if count > 1 else tmp_path / "0.jpg"
    with open_source(path) as source:
        assert len(source) == count
        assert all(np.allclose(frame, RED, atol=6) for frame in source)


@pytest.mark.parametrize(("bits", "shown"), [(10, 250), (12, 250), (14, 250), (16, 250)])
def test_deep_images_are_as_bright_as_their_bits_say(tmp_path: Path, bits: int, shown: int) -> None:
    for number in range(2):
        deep = np.full((6, 8), 250 << (bits - 8), dtype=np.uint16)
        deep[0, 0] = number
        cv2.imwrite(str(tmp_path / f"{number}.png"), deep)
    with open_source(tmp_path) as source:
        assert [int(frame[3, 3, 0]) for frame in source] == [shown, shown]
        table = source.frame_table()
    cv2.imwrite(str(tmp_path / "0.png"), np.full((6, 8), 65535, dtype=np.uint16))
    with open_source(tmp_path, table) as source:  # the depth of the first opening stays
        assert int(source[1][3, 3, 0]) == shown


def test_hidden_colors_stay_hidden(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 6), (*RED, 0))
    image.paste((*BLUE, 255), (0, 0, 4, 6))
    image.save(tmp_path / "0.png")
    with open_source(tmp_path) as source:
        assert tuple(source[0][3, 1]) == BLUE
        assert tuple(source[0][3, 6]) == (0, 0, 0)
        assert tuple(source.bgra(0)[3, 6]) == (0, 0, 0, 255)


def test_hidden_colors_of_a_video_stay_hidden(tmp_path: Path) -> None:
    pixels = np.zeros((64, 96, 4), dtype=np.uint8)
    pixels[:] = (*RED, 0)
    pixels[:, :48] = (*BLUE, 255)
    with av.open(tmp_path / "alpha.mov", "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "argb"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba")))
        container.mux(stream.encode())
    with open_source(tmp_path / "alpha.mov") as source:
        assert tuple(source[0][30, 10]) == BLUE
        assert tuple(source[0][30, 90]) == (0, 0, 0)
        assert tuple(source.bgra(0)[30, 10]) == (*BLUE[::-1], 255)


def images_and_masks(folder: Path) -> Path:
    for number in range(3):
        Image.new("RGB", (8, 6), (number * 60, 0, 0)).save(folder / f"{number:05d}.jpg")
        Image.new("L", (8, 6), 255).save(folder / f"{number:05d}.png")
    return folder


def test_masks_beside_the_frames_are_no_frames(tmp_path: Path) -> None:
    with open_source(images_and_masks(tmp_path)) as source:
        assert len(source) == 3
        assert "3 PNG images" in source.notice
        assert "imported as masks" in source.notice
        result = list(verify_index(source, CancelToken()))[-1].result
        assert result is not None
        assert (result.status, result.sentence) == (IndexStatus.VERIFIED, source.notice)


def test_the_folder_of_frames_and_masks_has_three_frames() -> None:
    with open_source(case("frames_and_masks_in_one_folder")) as source:
        assert len(source) == 3


def test_images_of_two_kinds_with_names_of_their_own_are_all_frames(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "0.jpg")
    Image.new("RGB", (8, 6)).save(tmp_path / "1.png")
    with open_source(tmp_path) as source:
        assert (len(source), source.notice) == (2, "")


def huge_png(path: Path, width: int, height: int) -> Path:
    """Write the header of a PNG that claims this size; a decoder would take memory for all."""
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.parametrize("side", [12_000, 30_000, 200_000])
def test_images_beyond_the_limit_are_refused_before_they_are_decoded(
    tmp_path: Path, side: int
) -> None:
    assert side * side > MAX_FRAME_PIXELS
    with pytest.raises(SourceError, match=r"more (pixels )?than can be read"):
        open_source(huge_png(tmp_path / "a.png", side, side))


def test_the_huge_image_of_the_cases_is_refused() -> None:
    with pytest.raises(SourceError, match=r"more (pixels )?than can be read"):
        open_source(next(case("").glob("*_30000x30000.png")))


def test_a_video_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.media.cursor.MAX_FRAME_PIXELS", 64 * 96 - 1)
    clip = write_numbered_clip(tmp_path / "clip.mp4", 2)
    with pytest.raises(SourceError, match="96 x 64 pixels, more than can be read"):
        open_source(clip)


@pytest.mark.parametrize("table", [b"", b"nonsense", None])
def test_a_damaged_frame_table_is_a_sentence(tmp_path: Path, table: bytes | None) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 2)
    Image.new("RGB", (8, 6)).save(tmp_path / "0.png")
    if table is None:
        with open_source(tmp_path / "0.png") as source:
            table = source.frame_table()  # of another kind
    with pytest.raises(SourceError, match="frame table that the project stores cannot be used"):
        open_source(clip, table)
