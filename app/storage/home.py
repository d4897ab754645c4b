"""The folder of the program and the default place of project files."""

import hashlib
import os
from pathlib import Path

from platformdirs import user_data_path

from app.media.frames import FrameSource


def home_folder() -> Path:
    """Return the folder of the program: ``TINYSAM2_HOME``, or one in the user's data folder."""
    chosen = os.environ.get("TINYSAM2_HOME")
    return Path(chosen) if chosen else user_data_path("tinysam2", appauthor=False)


def automatic_project(source: FrameSource, folder: Path | None = None) -> Path:
    """Return the default path of the project of a video.

    It depends on the name and content of the video, not on its folder.

    Args:
        source: the video.
        folder: where projects are created; the folder of the program if None.  A project that
            exists in the folder of the program is found in any case.
    """
    fingerprint = source.fingerprint()
    key = hashlib.sha256(f"{fingerprint.index_sha256} {fingerprint.byte_size}".encode()).hexdigest()
    name = f"{source.name}-{key[:12]}.tsam"
    at_home = home_folder() / "projects" / name
    if folder is None or (at_home.exists() and not (folder / name).exists()):
        return at_home
    return folder / name
