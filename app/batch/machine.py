"""How many jobs fit on this computer at once."""

import os
from pathlib import Path

JOB_BYTES = 2 << 30
"""Memory that a job is expected to need: program, network, features and decoded frames."""

_CGROUP = Path("/sys/fs/cgroup")
_CACHED = ("active_file ", "inactive_file ")
"""Entries of a container's memory that the system frees when programs need it."""


def usable_cores() -> int:
    """Return the number of cores that this process may use, at most those of its container."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, _container_cores() or cores)


def available_bytes() -> int | None:
    """Return the memory that is free for programs, in bytes; None if it cannot be found out."""
    found = [each for each in (_system_bytes(), _container_bytes()) if each is not None]
    return min(found, default=None)


def fitting_workers(cores: int, memory_bytes: int | None, jobs: int) -> int:
    """Return how many jobs run best at once, at least one.

    One job on one core finishes more frames per second in total than one job on all of them.

    Args:
        cores: that may be used.
        memory_bytes: that is free; None if unknown.
        jobs: that are to be run.
    """
    fit = cores if memory_bytes is None else min(cores, memory_bytes // JOB_BYTES)
    return max(1, min(fit, jobs))


def _system_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
        return None
    except (OSError, ValueError):
        return _physical_bytes()


def _physical_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2  # half is in use
    except (AttributeError, OSError, ValueError):
        return None


def _container_bytes() -> int | None:
    """Return what the limit of this container leaves, with what files have of it; None without."""
    try:
        limit = int((_CGROUP / "memory.max").read_text("ascii"))
        used = int((_CGROUP / "memory.current").read_text("ascii"))
        lines = (_CGROUP / "memory.stat").read_text("ascii").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.startswith(_CACHED))
    except (OSError, ValueError):  # also "max"
        return None
    return max(0, limit - max(0, used - cached))


def _container_cores() -> int | None:
    """Return how many cores the quota of this container is worth, rounded up; None without one."""
    try:
        quota, period = _cpu_quota()
    except (OSError, ValueError):  # also "max"
        return None
    return -(-quota // period) if min(quota, period) > 0 else None  # version 1 has -1 for none


def _cpu_quota() -> list[int]:
    """Return microseconds of computing, and in which time, of version 2 or 1 of the groups."""
    if (_CGROUP / "cpu.max").exists():
        return [int(word) for word in (_CGROUP / "cpu.max").read_text("ascii").split()]
    names = "cpu.cfs_quota_us", "cpu.cfs_period_us"
    return [int((_CGROUP / "cpu" / name).read_text("ascii")) for name in names]
