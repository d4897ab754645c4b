from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core.errors import SourceError
from app.media.source import open_source

RED, BLUE = (250, 0, 0), (0, 0, 250)


def save(path: Path, color: tuple[int, int, int] = RED, size_wh: tuple[int, int] = (8, 6)) -> None:
    Image.new("RGB", size_wh, color).save(path)


def test_images_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    for number in (10, 2, 1, 100):
        save(tmp_path / f"frame{number}.png", (number, 0, 0))
    (tmp_path / "notes.txt").write_text("not a frame")
    (tmp_path / "._frame1.png").write_bytes(b"left by another system")

    with open_source(tmp_path) as source:
        assert [int(frame[0, 0, 0]) for frame in source] == [1, 2, 10, 100]
        assert source.size_hw == (6, 8)
        assert source.name == tmp_path.name
        assert source.timestamp_s(3) == 3 / source.frame_rate


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "png", "bmp", "tif", "tiff", "webp"])
def test_every_kind_of_image_is_read_in_its_colors(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"0.{suffix}", RED)
    with open_source(tmp_path) as source:
        np.testing.assert_allclose(source[0][3, 4], RED, atol=6)
        np.testing.assert_allclose(source.bgra(0)[3, 4], (*RED[::-1], 255), atol=6)
        assert source.bgra(0).flags.c_contiguous


def test_a_single_image_is_one_frame(tmp_path: Path) -> None:
    save(tmp_path / "cat.png")
    with open_source(tmp_path / "cat.png") as source:
        assert (len(source), source.name) == (1, "cat")


def test_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 6), BLUE)
    image.paste(RED, (0, 0, 4, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # show turned a quarter clockwise
    for number in range(2):
        image.save(tmp_path / f"{number}.jpg", exif=exif, quality=95, subsampling=0)
    with open_source(tmp_path) as source:
        assert source.size_hw == (8, 6)
        np.testing.assert_allclose(source[1][1, 3], RED, atol=12)
        np.testing.assert_allclose(source[1][6, 3], BLUE, atol=12)


def test_deep_and_gray_images_become_8_bit_rgb(tmp_path: Path) -> None:
    Image.fromarray(np.full((6, 8), 0x8034, dtype=np.uint16)).save(tmp_path / "0.png")
    Image.new("L", (8, 6), 77).save(tmp_path / "1.png")
    Image.new("RGBA", (8, 6), (*RED, 10)).save(tmp_path / "2.png")
    with open_source(tmp_path) as source:
        assert {(frame.shape, str(frame.dtype)) for frame in source} == {((6, 8, 3), "uint8")}
        assert [tuple(int(v) for v in frame[0, 0]) for frame in source] == [
            (0x80,) * 3,
            (77,) * 3,
            (10, 0, 0),  # over black, so that hidden colors stay hidden
        ]


def test_images_of_different_sizes_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "0.png")
    save(tmp_path / "1.png", size_wh=(10, 6))
    with pytest.raises(SourceError, match=r"1\.png is 10 x 6 pixels, but the first .* 8 x 6"):
        open_source(tmp_path)


def test_a_turned_image_among_others_is_refused_when_read(tmp_path: Path) -> None:
    save(tmp_path / "0.png")
    save(tmp_path / "1.png", size_wh=(6, 8))
    with open_source(tmp_path) as source, pytest.raises(SourceError, match=r"1\.png is 6 x 8"):
        source[1]


@pytest.mark.parametrize("damaged", ["0.jpg", "1.jpg"])
def test_an_unreadable_image_is_named(tmp_path: Path, damaged: str) -> None:
    for name in ("0.jpg", "1.jpg"):
        save(tmp_path / name)
    (tmp_path / damaged).write_bytes(b"no image")
    with pytest.raises(SourceError, match=rf"{damaged} is not an image"):
        open_source(tmp_path)


def test_the_fingerprint_follows_the_files(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png")
    with open_source(tmp_path) as source:
        before = source.fingerprint()
    assert before.frame_count == 3
    assert before.byte_size == sum(file.stat().st_size for file in tmp_path.iterdir())
    (tmp_path / "2.png").rename(tmp_path / "3.png")
    with open_source(tmp_path) as source, source.clone() as clone:
        assert source.fingerprint() != before
        assert clone.fingerprint() == source.fingerprint()


def test_a_closed_folder_says_so(tmp_path: Path) -> None:
    save(tmp_path / "0.png")
    source = open_source(tmp_path)
    source.close()
    with pytest.raises(SourceError, match="is closed"):
        source[0]
