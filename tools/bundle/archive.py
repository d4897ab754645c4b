"""Packs the folder of the program into one file."""

import os
import stat
import zipfile
from pathlib import Path

_IS_UNIX = 3  # the system whose file modes an entry holds
_LEVEL = 6


def pack(folder: Path, archive: Path) -> None:
    """Write a folder into a ZIP archive, with its name, file modes and symbolic links.

    Args:
        folder: what is packed.
        archive: the file to write; an earlier one is replaced.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as packed:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder.parent).as_posix()
            if path.is_symlink():
                entry = zipfile.ZipInfo(name)
                entry.create_system = _IS_UNIX
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                packed.writestr(entry, os.readlink(path))
            elif path.is_file():
                packed.write(path, name)
