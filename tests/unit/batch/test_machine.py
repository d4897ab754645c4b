"""What a container leaves for jobs."""

from pathlib import Path

import pytest

from app.batch import machine

GIB = 1 << 30


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the system describes the container, empty; 8 cores and much memory."""
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(machine, "_system_bytes", lambda: 1000 * GIB)
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(8)), raising=False)
    return tmp_path


def describe(group: Path, **texts: str) -> None:
    for name, text in texts.items():
        (group / name.replace("_", ".")).write_text(text + "\n")


def test_files_in_the_cache_of_a_container_leave_their_memory_to_programs(group: Path) -> None:
    stat = f"anon {GIB}\nfile {9 * GIB}\ninactive_file {6 * GIB}\nactive_file {2 * GIB}"
    describe(group, memory_max=str(12 * GIB), memory_current=str(10 * GIB), memory_stat=stat)
    assert machine.available_bytes() == 10 * GIB


@pytest.mark.parametrize("limit", ["max", "not a number"])
def test_a_container_without_a_limit_leaves_what_the_system_has(group: Path, limit: str) -> None:
    describe(group, memory_max=limit, memory_current=str(GIB), memory_stat="")
    assert machine.available_bytes() == 1000 * GIB


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 8), ("200000 100000", 2), ("250000 100000", 3), ("1000 100000", 1)],
)
def test_the_quota_of_a_container_limits_the_cores(group: Path, quota: str, cores: int) -> None:
    describe(group, cpu_max=quota)
    assert machine.usable_cores() == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", 8), ("400000", 4), ("1600000", 8)])
def test_the_quota_of_an_older_kernel_limits_the_cores(group: Path, quota: str, cores: int) -> None:
    (group / "cpu").mkdir()
    (group / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert machine.usable_cores() == cores


def test_without_groups_everything_is_usable(group: Path) -> None:
    assert (machine.usable_cores(), machine.available_bytes()) == (8, 1000 * GIB)
