"""The folder for results: a local one, or one on a storage service that fsspec can write to."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from app.batch.jobs import JOB_FILE
from app.core.atomic_write import atomic_write
from app.core.errors import ExportError
from app.core.file_lock import file_lock
from app.media.remote import is_url, remote_file_system

LOGS = "logs"
"""Name of the folder with one log per job; no job can have it."""

SCRATCH = ".unfinished"
"""Name of the folder, in a local folder for results, with what unfinished jobs have tracked."""

_LOCK = ".batch.lock"


class ResultsFolder(Protocol):
    """Where the results of finished jobs are, each in a folder of its name."""

    def finished_key(self, name: str) -> str | None:
        """Return the key of the finished job of this name; None if there is none."""
        ...

    def publish(self, folder: Path, name: str) -> None:
        """Put the results of a job in place of earlier ones.  They appear as a whole.

        Args:
            folder: a local folder with all files; it is gone afterwards.
            name: of the job.

        Raises:
            OSError: they cannot be written.
        """
        ...

    def write_text(self, name: str, text: str) -> None:
        """Write a file in place of an earlier one.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def log_file(self, name: str, scratch: Path) -> Path:
        """Return the local file that the log of a job is written to while it runs."""
        ...

    def keep_log(self, name: str, scratch: Path) -> None:
        """Put the log of a job where the results are, if it is not there already."""
        ...


def open_results(place: str) -> ResultsFolder:
    """Return the folder for results at a path or URL.

    Raises:
        UsageError: a package for this kind of URL is missing.
    """
    return _RemoteResults(place) if is_url(place) else _LocalResults(Path(place))


@contextmanager
def only_batch(place: str) -> Iterator[None]:
    """Keep other batches out of a local folder for results, which is created.

    Raises:
        ExportError: another batch is writing to it, or it cannot be written.
    """
    if is_url(place):
        yield
        return
    folder = Path(place)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            is_free = held.enter_context(file_lock(folder / _LOCK, wait=False))
        except OSError as error:
            raise ExportError(f"{folder} cannot be written: {error.strerror or error}.") from error
        if not is_free:
            raise ExportError(f"Another batch is writing to {folder}.", "Wait for its end.")
        yield


def _key_in(text: str | bytes) -> str | None:
    try:
        content: Any = json.loads(text)
    except ValueError:
        return None
    key = content.get("key") if isinstance(content, dict) else None
    return key if isinstance(key, str) else None


class _LocalResults:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def finished_key(self, name: str) -> str | None:
        try:
            return _key_in((self._folder / name / JOB_FILE).read_bytes())
        except OSError:
            return None

    def publish(self, folder: Path, name: str) -> None:
        target = self._folder / name
        new, old = self._folder / f".{name}.new", self._folder / f".{name}.old"
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        shutil.move(folder, new)  # copies if it is on another disk
        with suppress(FileNotFoundError):
            os.replace(target, old)
        os.replace(new, target)
        shutil.rmtree(old, ignore_errors=True)

    def write_text(self, name: str, text: str) -> None:
        with atomic_write(self._folder / name) as partial:
            partial.write_text(text, "utf-8")

    def log_file(self, name: str, scratch: Path) -> Path:
        return self._folder / LOGS / f"{name}.log"

    def keep_log(self, name: str, scratch: Path) -> None:
        pass


class _RemoteResults:
    """Files of a storage service, which cannot rename folders: the job's file is written last."""

    def __init__(self, url: str) -> None:
        self._files, self._folder = remote_file_system(url)

    def _path(self, *names: str) -> str:
        return "/".join([self._folder.rstrip("/"), *names])

    def finished_key(self, name: str) -> str | None:
        try:
            return _key_in(self._files.cat_file(self._path(name, JOB_FILE)))
        except OSError:
            return None

    def publish(self, folder: Path, name: str) -> None:
        target = self._path(name)
        if self._files.exists(self._path(name, JOB_FILE)):
            self._files.rm_file(self._path(name, JOB_FILE))
        if self._files.exists(target):
            self._files.rm(target, recursive=True)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path == folder / JOB_FILE):
            remote = self._path(name, path.relative_to(folder).as_posix())
            self._files.makedirs(self._files._parent(remote), exist_ok=True)
            self._files.put_file(str(path), remote)
        shutil.rmtree(folder, ignore_errors=True)

    def write_text(self, name: str, text: str) -> None:
        self._files.makedirs(self._folder, exist_ok=True)
        self._files.pipe_file(self._path(name), text.encode())

    def log_file(self, name: str, scratch: Path) -> Path:
        return scratch / LOGS / f"{name}.log"

    def keep_log(self, name: str, scratch: Path) -> None:
        self._files.makedirs(self._path(LOGS), exist_ok=True)
        self._files.put_file(str(self.log_file(name, scratch)), self._path(LOGS, f"{name}.log"))
