"""The heartbeat finds what blocks the event loop."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.ui.jobs.heartbeat import STALL_MS, Heartbeat

BLOCK_S = 0.15


def compute() -> None:
    end = time.thread_time() + BLOCK_S
    while time.thread_time() < end:
        pass


def wait() -> None:
    time.sleep(BLOCK_S)


@pytest.mark.parametrize(("block", "is_busy"), [(compute, True), (wait, False)])
def test_a_slot_that_blocks_is_a_stall_and_tells_whether_the_thread_was_busy(
    qtbot: QtBot, tmp_path: Path, block: Callable[[], None], is_busy: bool
) -> None:
    heartbeat = Heartbeat()
    done: list[bool] = []
    heartbeat.start()
    QTimer.singleShot(20, lambda: done.append(block() is None))
    qtbot.waitUntil(lambda: bool(done) and heartbeat.longest_ms > BLOCK_S * 900, timeout=5000)
    heartbeat.stop()
    assert (heartbeat.longest_busy_ms > BLOCK_S * 900) is is_busy
    assert max(late for _, late, _ in heartbeat.stalls) == heartbeat.longest_ms
    assert min(late for _, late, _ in heartbeat.stalls) > STALL_MS
    heartbeat.write(tmp_path / "beats.json")
    written = json.loads((tmp_path / "beats.json").read_text("utf-8"))
    assert written["longest_ms"] == heartbeat.longest_ms
    assert len(written["stalls"]) == len(heartbeat.stalls)
    heartbeat.start()
    assert (heartbeat.longest_ms, heartbeat.stalls) == (0.0, [])
