"""The files of this project, for the tests that read its own source."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def project_files() -> list[Path]:
    """List the files that are tracked by git, or would be if they were added."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return sorted(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def python_sources() -> list[Path]:
    """List the project's Python files."""
    return [path for path in project_files() if path.suffix == ".py"]
