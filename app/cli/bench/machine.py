"""The machine that figures belong to, and the memory that the process uses on it."""

import os
import platform
import sys
from pathlib import Path

CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
"""Names in ``/proc/cpuinfo`` of what makes networks faster."""
MEGABYTE = 1 << 20


def describe_machine() -> dict[str, object]:
    """Describe the processor, and how busy it is; a load above ``cores`` makes figures useless."""
    has_load = hasattr(os, "getloadavg")  # not on Windows
    return {
        "cpu": _cpu_entry("model name") or platform.processor() or platform.machine(),
        "features": _cpu_features(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if has_load else None,
        "system": platform.platform(),
    }


def machine_line(machine: dict[str, object]) -> str:
    """Return the description as one line for people."""
    load = "" if machine["load"] is None else f", load {machine['load']}"
    return f"{machine['cpu']}, {machine['cores']} cores{load}"


def rss_mb() -> float | None:
    """Return the resident memory of the process in MiB; None where the system does not tell."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return None
    return int(pages.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def peak_rss_mb() -> float | None:
    """Return the most resident memory so far in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak / 1024


def _cpu_entry(name: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    values = [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
    return values[0] if values else ""


def _cpu_features() -> list[str]:
    known = set(f"{_cpu_entry('flags')} {_cpu_entry('Features')}".split())
    return [name for name in CPU_FEATURES if name in known]
