"""Where the program keeps what nobody chose a place for."""

import hashlib
import os
from pathlib import Path

from platformdirs import user_data_path

from app.media.frames import FrameSource


def home_folder() -> Path:
    """Return the program's own folder: ``TINYSAM2_HOME``, or the system's place for user data."""
    chosen = os.environ.get("TINYSAM2_HOME")
    return Path(chosen) if chosen else user_data_path("tinysam2", appauthor=False)


def automatic_project(source: FrameSource) -> Path:
    """Return where the project of a video is kept until it is saved elsewhere.

    The same video has the same project wherever it lies; other videos of its name have others.
    """
    mark = source.fingerprint()
    key = hashlib.sha256(f"{mark.index_sha256} {mark.byte_size}".encode()).hexdigest()
    return home_folder() / "projects" / f"{source.name}-{key[:12]}.tsam"
