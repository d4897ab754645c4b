from pathlib import Path

import pytest
from PIL import Image

from app.core.cancel import Cancelled, CancelToken
from app.jobs.verify import IndexStatus, VerifyResult, verify_index
from app.media.frames import FrameSource
from app.media.source import open_source
from app.media.video import VideoSource
from tests.helpers.synthetic_video import read_number, remux


def verify(source: FrameSource) -> VerifyResult:
    steps = list(verify_index(source, CancelToken()))
    assert [step.result for step in steps[:-1]] == [None] * (len(steps) - 1)
    result = steps[-1].result
    assert result is not None
    return result


def test_a_sound_video_is_verified_with_progress(plain_video: Path) -> None:
    with open_source(plain_video) as source:
        steps = list(verify_index(source, CancelToken()))
    assert [step.frames_done for step in steps] == [25, 50, 75, 100, 100]
    assert {step.frames_total for step in steps} == {100}
    assert steps[-1].result == VerifyResult(IndexStatus.VERIFIED, 100)


def test_a_truncated_video_is_numbered_by_what_can_be_decoded(
    plain_video: Path, tmp_path: Path
) -> None:
    whole = remux(plain_video, tmp_path / "whole.mp4", after=["-movflags", "+faststart"])
    content = whole.read_bytes()
    truncated = tmp_path / "truncated.mp4"
    truncated.write_bytes(content[: len(content) * 7 // 10])

    with VideoSource(truncated) as source:
        announced = len(source)
        result = verify(source)
        assert result.status is IndexStatus.ADOPTED
        assert result.index is not None
        assert 30 < result.frame_count < announced
        assert f"announces {announced} frames" in result.sentence
        before = source.fingerprint()

        source.adopt(result.index)

        assert len(source) == result.frame_count
        numbers = [read_number(frame) for frame in source]
        assert numbers[:30] == list(range(30))
        assert numbers == sorted(set(numbers))
        assert source.fingerprint() != before
        assert verify(source).status is IndexStatus.VERIFIED
        with source.clone() as clone:
            assert read_number(clone[len(clone) - 1]) == numbers[-1]


def test_a_video_that_vanishes_is_unsafe(plain_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "brief.mp4"
    path.write_bytes(plain_video.read_bytes())
    with open_source(path) as source:
        path.unlink()
        result = verify(source)
    assert result.status is IndexStatus.UNSAFE
    assert "brief.mp4" in result.sentence


def test_a_damaged_image_is_unsafe_and_named(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("RGB", (8, 6)).save(tmp_path / f"{number}.png")
    content = (tmp_path / "2.png").read_bytes()
    with open_source(tmp_path) as source:
        assert verify(source) == VerifyResult(IndexStatus.VERIFIED, 3)
        (tmp_path / "2.png").write_bytes(content[:20])
        result = verify(source)
    assert result.status is IndexStatus.UNSAFE
    assert "2.png" in result.sentence


def test_a_check_stops_when_cancelled(plain_video: Path) -> None:
    token = CancelToken()
    with open_source(plain_video) as source:
        steps = verify_index(source, token)
        assert next(steps).frames_done == 25
        token.cancel()
        with pytest.raises(Cancelled):
            next(steps)
