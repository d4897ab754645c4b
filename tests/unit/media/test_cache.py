from app.media.cache import FrameCache


def test_the_least_recently_used_frame_goes_first() -> None:
    cache: FrameCache[str] = FrameCache(limit_bytes=30)
    for frame_index in range(3):
        cache.put(frame_index, f"frame {frame_index}", 10)
    assert cache.get(0) == "frame 0"

    cache.put(3, "frame 3", 10)

    assert [i for i in range(4) if i in cache] == [0, 2, 3]
    assert cache.get(1) is None
    assert cache.held_bytes == 30


def test_replacing_a_frame_counts_its_bytes_once() -> None:
    cache: FrameCache[str] = FrameCache(limit_bytes=30)
    cache.put(0, "small", 10)
    cache.put(0, "large", 25)
    assert (cache.get(0), cache.held_bytes) == ("large", 25)
    cache.clear()
    assert (cache.get(0), cache.held_bytes) == (None, 0)


def test_a_frame_above_the_ceiling_is_not_kept() -> None:
    cache: FrameCache[str] = FrameCache(limit_bytes=5)
    cache.put(0, "huge", 10)
    assert (cache.get(0), cache.held_bytes) == (None, 0)
