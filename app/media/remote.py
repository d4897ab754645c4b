"""Videos at URLs, read in blocks through fsspec while they are decoded; nothing is downloaded."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from app.core.errors import AppError, UsageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BLOCK_BYTES = 1 << 20
KEPT_BLOCKS = 64
"""Blocks that an open video keeps in memory; 64 MiB."""

_IDENTITY = ("size", "ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
"""What storage services tell of a file that changes with its content."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL such as ``s3://bucket/video.mp4``, not a path."""
    return "://" in text


def remote_file_system(url: str) -> tuple["AbstractFileSystem", str]:
    """Return the file system of a URL and the path in it.

    Raises:
        UsageError: fsspec does not know the protocol, or its package is missing.
    """
    try:
        import fsspec

        return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]
    except ImportError as error:
        name = f"s3fs for s3://, gcsfs for gs://, aiohttp for https:// ({error})"
        raise UsageError(f"{url} needs a package: {name}.", "Install it with pip.") from error
    except ValueError as error:
        raise UsageError(f"{url} is of a kind that cannot be read: {error}.") from error


if TYPE_CHECKING:
    _NativePath = Path
else:
    _NativePath = type(Path())


class RemotePath(_NativePath):
    """The URL of a video in the place of a path.

    It can be opened for reading and asked for its name and size; nothing else.

    Attributes:
        url: the URL.
    """

    url: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the path that stands for a URL."""
        path = cls(url)
        path.url = url
        return path

    def __str__(self) -> str:
        return self.url

    def __fspath__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self.url,)

    def open(self, *_args: Any, **_options: Any) -> IO[bytes]:  # type: ignore[override] # noqa: ANN401
        """Open it for reading bytes.

        Raises:
            OSError: it cannot be reached, or only as a whole.
        """
        with _reached():
            files, path = remote_file_system(self.url)
            return files.open(  # type: ignore[no-any-return]
                path,
                "rb",
                block_size=BLOCK_BYTES,
                cache_type="blockcache",
                cache_options={"maxblocks": KEPT_BLOCKS},
            )

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return its size, as that of a file that can be read.

        Raises:
            OSError: it cannot be reached.
        """
        size = int(self._information()["size"] or 0)
        return os.stat_result((stat.S_IFREG | 0o444, 0, 0, 0, 0, 0, size, 0, 0, 0))

    def identity(self) -> str:
        """Return what the storage service says of its content, which is not read.

        Raises:
            OSError: it cannot be reached.
        """
        known = self._information()
        return repr([self.url, *(str(known.get(name)) for name in _IDENTITY)])

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it can be reached."""
        try:
            self._information()
        except OSError:
            return False
        return True

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return False: folders of frames are read from disk."""
        return False

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it can be reached."""
        return self.exists()

    def absolute(self) -> Self:
        """Return the path itself."""
        return self

    def resolve(self, strict: bool = False) -> Self:
        """Return the path itself."""
        return self

    def _information(self) -> dict[str, Any]:
        with _reached():
            files, path = remote_file_system(self.url)
            return files.info(path)  # type: ignore[no-any-return]


def source_path(text: str) -> Path:
    """Return the path of a video, or the `RemotePath` of its URL."""
    return RemotePath.of(text) if is_url(text) else Path(text)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:  # fsspec raises it for servers that do not respond, too
        raise OSError("it does not exist, or its server cannot be reached") from error
    except (OSError, AppError):
        raise
    except Exception as error:  # each storage service has errors of its own
        raise OSError(f"it cannot be reached ({error})") from error
