"""How many jobs fit on this computer at once."""

import os
from pathlib import Path

JOB_BYTES = 2 << 30
"""Memory that a job is expected to need: program, network, features and decoded frames."""

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    """Return what the limit of this container leaves; None without one."""
    try:
        limit = int((_CGROUP / "memory.max").read_text("ascii"))
        used = int((_CGROUP / "memory.current").read_text("ascii"))
    except (OSError, ValueError):  # also "max"
        return None
    return max(0, limit - used)
