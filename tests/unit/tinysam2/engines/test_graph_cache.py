"""Graphs on disk, which several processes export and read at the same time."""

from pathlib import Path

import pytest

from tinysam2.engines.graph_cache import GraphCache


def write(text: str, path: Path) -> None:
    path.write_text(text, "utf-8")


def test_a_graph_that_was_published_during_the_export_stays_in_place(tmp_path: Path) -> None:
    cache, opened = GraphCache(tmp_path), []

    def export(path: Path) -> None:
        other = cache.get("key", lambda draft: write("theirs", draft))
        opened.append(other.open("rb"))
        write("ours", path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.getpid", iter([1, 2]).__next__)
        found = cache.get("key", export)
    with opened[0]:
        assert found.stat().st_ino == Path(opened[0].name).stat().st_ino
    assert found.read_text("utf-8") == "theirs"
    assert [each.name for each in tmp_path.iterdir()] == [found.parent.name]


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_damaged_or_stale_graph_is_replaced(tmp_path: Path, is_stale: bool) -> None:
    cache = GraphCache(tmp_path)
    first = cache.get("key", lambda draft: write("old", draft))
    assert cache.get("key", lambda draft: write("never", draft)) == first
    if not is_stale:
        write("damaged", first)
    found = cache.get("key", lambda draft: write("new", draft), is_stale)
    assert found.read_text("utf-8") == "new"
    assert [each.name for each in tmp_path.iterdir()] == [found.parent.name]
