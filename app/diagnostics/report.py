"""What a report of a fault needs, as text that tells nothing about the user's files."""

import os
import platform
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.core.version import program_version
from app.diagnostics.log import recent_lines

PACKAGES = ("torch", "numpy", "av", "opencv-python-headless", "PySide6-Essentials", "openvino")
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")

# From the first separator of a path to its last one: folders may have spaces, and names stay.
_FOLDERS = re.compile(
    r"(?<!\w)(?:[A-Za-z]:[\\/]|\\\\)(?:[^\\/\n\"']*[\\/])*"  # of Windows
    r"|(?<![\w.])/(?:[^/\n\"']*/)*"
)


def diagnostics(model: str, more: Mapping[str, str] | None = None) -> str:
    """Return versions, machine, model and the last lines of the log, without folders.

    Args:
        model: the loaded model, as the window shows it.
        more: further facts by name.
    """
    facts = {**system_facts(), "model": model, **(more or {})}
    lines = [f"{name}: {value}" for name, value in facts.items()]
    text = "\n".join([*lines, "", "log:", *recent_lines()])
    return f"{without_folders(text)}\n"


def without_folders(text: str) -> str:
    """Return a text with the folders of all absolute paths and URLs replaced by ``…``."""
    return _FOLDERS.sub("…/", text)


def system_facts() -> dict[str, str]:
    """Return versions of the program and its packages, the system and the processor."""
    packages = [f"{name} {found}" for name in PACKAGES if (found := _version(name))]
    return {
        "TinySAM 2 annotator": program_version(),
        "Python": sys.version.split()[0],
        "packages": ", ".join(packages),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return platform.processor() or "unknown"
    values = dict(re.findall(r"^([\w ]+?)\s*:\s*(.*)$", text, re.MULTILINE))
    flags = f"{values.get('flags', '')} {values.get('Features', '')}".split()
    features = [name for name in CPU_FEATURES if name in flags]
    name = values.get("model name") or platform.processor() or "unknown"
    return f"{name} ({', '.join(features)})" if features else name
