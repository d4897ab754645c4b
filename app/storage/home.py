"""The folder of the program and the default place of project files."""

import hashlib
import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from app.media.frames import FrameSource

HOME_VARIABLE = "TINYSAM2_HOME"
"""Environment variable with the folder of the program."""

MAX_NAME_BYTES = 120
"""File systems take 255 bytes for a name; key, suffixes and hidden files need their part."""


def home_folder() -> Path:
    """Return the folder of `HOME_VARIABLE`, or the program's one in the user's data folder."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else user_data_path("tinysam2", appauthor=False)


def cache_folder() -> Path:
    """Return the folder of what can be made again: the user's cache, or one in `home_folder`."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) / "cache" if chosen else user_cache_path("tinysam2", appauthor=False)


def automatic_project(name: str, content_sha256: str, folder: Path | None = None) -> Path:
    """Return the default path of the project of a video.

    It depends on the name and content of the video, not on its folder.

    Args:
        name: of the video.
        content_sha256: hex digest of its content.
        folder: where projects are created; the folder of the program if None.  A project that
            exists in the folder of the program is found in any case.
    """
    return _in_folder(name, content_sha256, folder)


def automatic_project_of_version_1(source: FrameSource, folder: Path | None = None) -> Path:
    """Return where version 0.1, which went by the frame times, keeps the project of a video."""
    fingerprint = source.fingerprint()
    key = hashlib.sha256(f"{fingerprint.index_sha256} {fingerprint.byte_size}".encode()).hexdigest()
    return _in_folder(source.name, key, folder)


def _in_folder(name: str, key: str, folder: Path | None) -> Path:
    stem = name.encode("utf-8", "surrogateescape")[:MAX_NAME_BYTES]
    file = f"{stem.decode('utf-8', 'ignore')}-{key[:12]}.tsam"
    at_home = home_folder() / "projects" / file
    if folder is None or (at_home.exists() and not (folder / file).exists()):
        return at_home
    return folder / file
