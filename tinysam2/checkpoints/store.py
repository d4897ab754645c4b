"""The model store: weights that were downloaded or imported.  No other file goes online."""

import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tinysam2.atomic_write import atomic_write
from tinysam2.checkpoints.external import SAFETENSORS
from tinysam2.checkpoints.identify import identify, not_for, only_one
from tinysam2.checkpoints.native import MAX_FILE_BYTES, CheckpointError
from tinysam2.checkpoints.registry import MODELS, KnownModel

TIMEOUT_S = 30
CHUNK_BYTES = 1 << 20
EXTERNAL_SUFFIX = ".pt"
THIS_COMPUTER = ("127.0.0.1", "::1", "localhost")

ProgressCallback = Callable[[int, int], None]


class StoreError(ValueError):
    """A model cannot be fetched or stored; the message is a sentence that says why."""


class NetworkError(StoreError):
    """An address cannot be reached, or the connection broke."""


def store_folder() -> Path:
    """Return where models are stored: in ``TINYSAM2_HOME``, or the system's place for user data.

    The application finds its own folder by the same rule, in `app.storage.home`, which must not
    import this package: change both or neither.
    """
    if chosen := os.environ.get("TINYSAM2_HOME"):
        return Path(chosen) / "models"
    from platformdirs import user_data_path  # here: training does without it

    return user_data_path("tinysam2", appauthor=False) / "models"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store, as it was when it was stored.

    Attributes:
        model: name of the known model whose weights it holds.
        file_name: its name in the store's folder.
        byte_size: its size.
        sha256: its hash.
        origin: the address or path it came from.
    """

    model: str
    file_name: str
    byte_size: int
    sha256: str
    origin: str

    @classmethod
    def read(cls, path: Path) -> "StoredFile | None":
        """Return the record in a file, or None when there is no readable one."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the record to a file."""
        with atomic_write(path) as draft:
            draft.write_text(json.dumps(asdict(self), indent=2), "utf-8")


class Readable(Protocol):
    """A file or a response."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


class Digest:
    """The hashes of a file, made while it passes by.

    Args:
        size: bytes that will pass.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._sha256 = hashlib.sha256()
        self._git_blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def passing(self, source: Readable) -> Iterator[bytes]:
        """Hash what is left of a source; yields it in pieces."""
        while chunk := source.read(CHUNK_BYTES):
            self._sha256.update(chunk)
            self._git_blob.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """Hash of what has passed."""
        return self._sha256.hexdigest()

    @property
    def git_blob(self) -> str:
        """Git's object name of what has passed."""
        return self._git_blob.hexdigest()


class ModelStore:
    """Weights files in one folder, each beside a record of its origin, size and hash.

    A file has its name only when it is whole; what is on its way has the suffix ``.part``.

    Args:
        folder: where they lie; `store_folder` if None.
        models: known models by name.
    """

    def __init__(
        self, folder: Path | None = None, models: Mapping[str, KnownModel] = MODELS
    ) -> None:
        self.folder = store_folder() if folder is None else folder
        self._models = models

    def stored(self) -> list[StoredFile]:
        """Return what is stored, by name; a file without a readable record does not count."""
        records = map(StoredFile.read, self._record_paths())
        return [record for record in records if record and self._file(record).is_file()]

    def path(self, name: str) -> Path | None:
        """Return the stored weights of a model, or None."""
        record = StoredFile.read(self._record_path(name))
        return self._file(record) if record and self._file(record).is_file() else None

    def intact(self, name: str) -> Path | None:
        """Return the stored weights of a model, or None.

        Raises:
            CheckpointError: they are not as they were stored.
        """
        path = self.path(name)
        if path and (fault := self._fault(self._record_path(name))):
            raise CheckpointError(
                f"The stored weights of {name} cannot be used: {fault}. Fetch or import them again."
            )
        return path

    def get(self, name: str, progress: ProgressCallback | None = None) -> Path:
        """Fetch a model's weights unless they are stored undamaged; resumes after interruptions.

        Args:
            name: a known model.
            progress: called with how many bytes are here, and how many there will be.

        Raises:
            StoreError: the name is unknown, the network or the disk fails, or the file is not
                the official one.
            CheckpointError: its official hash is not known, and it cannot be read.
        """
        for done, total in self.fetch(name):
            if progress:
                progress(done, total)
        path = self.path(name)
        if path is None:
            raise StoreError(f"The weights of {name} were removed while they were stored.")
        return path

    def fetch(self, name: str) -> Generator[tuple[int, int], None, None]:
        """Do the work of `get` piece by piece; what is here when it is closed early is kept.

        Yields:
            How many bytes are here, and how many there will be.

        Raises:
            StoreError, CheckpointError: as `get` does.
        """
        model = self._model(name)
        if self.path(name) and not self._fault(self._record_path(name)):
            return
        if model.address is None:
            raise StoreError(f"{model.title} comes with the program: there is nothing to fetch.")
        part = self.folder / f"{name}{EXTERNAL_SUFFIX}.part"
        with self._disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            digest = yield from _download(model.address, part)
            try:
                self._check(model, digest, part)
            except ValueError:
                part.unlink()
                raise
            self._keep(part, model, EXTERNAL_SUFFIX, digest, model.address)

    def import_file(self, path: Path, name: str | None = None) -> StoredFile:
        """Copy a weights file into the store, in place of what it has of that model.

        Args:
            path: a ``.safetensors`` or PyTorch file.
            name: the model it is for; identified by hash, keys and file name if None.

        Raises:
            CheckpointError: the file cannot be used, or is of no known model.
            AmbiguousError: it may be of several.
            StoreError: the name is unknown, or the disk fails.
        """
        wanted = None if name is None else self._model(name)
        candidates = identify(path, self._models.values())
        if wanted is not None and candidates:
            if wanted not in candidates:
                raise not_for(wanted.name, path, candidates)
            candidates = [wanted]
        part = self.folder / f"import-{os.getpid()}.part"
        with self._disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("rb") as source, part.open("wb") as target:
                    digest = Digest(path.stat().st_size)
                    target.writelines(digest.passing(source))
                model = only_one(candidates, path, digest.sha256)
                suffix = SAFETENSORS if path.suffix == SAFETENSORS else EXTERNAL_SUFFIX
                return self._keep(part, model, suffix, digest, str(path.absolute()))
            finally:
                part.unlink(missing_ok=True)

    def verify(self) -> dict[str, str]:
        """Hash every stored file again.

        Returns:
            By model: what is wrong with its file; empty when it is as it was stored.
        """
        return {path.stem: self._fault(path) for path in self._record_paths()}

    def _model(self, name: str) -> KnownModel:
        if name not in self._models:
            raise StoreError(f"There is no model {name!r}; known are {', '.join(self._models)}.")
        return self._models[name]

    def _file(self, record: StoredFile) -> Path:
        return self.folder / record.file_name

    def _record_path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _record_paths(self) -> Iterable[Path]:
        return sorted(self.folder.glob("*.json"))

    def _keep(
        self, part: Path, model: KnownModel, suffix: str, digest: Digest, origin: str
    ) -> StoredFile:
        """Give a whole file its name and its record; what was stored before goes."""
        before = self.path(model.name)
        record = StoredFile(model.name, model.name + suffix, digest.size, digest.sha256, origin)
        os.replace(part, self._file(record))
        record.write(self._record_path(model.name))
        if before and before != self._file(record):
            before.unlink()
        return record

    def _check(self, model: KnownModel, digest: Digest, part: Path) -> None:
        pairs = ((model.sha256, digest.sha256), (model.git_blob, digest.git_blob))
        matches = [known == found for known, found in pairs if known is not None]
        if not (all(matches) if matches else identify(part, [model])):
            raise StoreError(
                f"The file at {model.address} is not the one that was published: "
                f"its hash is {digest.sha256}. It was not stored."
            )

    def _fault(self, record_path: Path) -> str:
        record = StoredFile.read(record_path)
        if record is None:
            return f"the record {record_path} is damaged"
        path = self._file(record)
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return f"the file {path} is missing"
        except OSError as error:
            return f"the file {path} cannot be read ({error.strerror})"
        return "" if sha256 == record.sha256 else f"the file {path} is damaged: its hash changed"

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"The model store {self.folder} cannot be used: {error}.") from error


def _download(address: str, part: Path) -> Generator[tuple[int, int], None, Digest]:
    """Fetch what is missing of a file, and hash all of it."""
    present = part.stat().st_size if part.exists() else 0
    with _network_errors(address):
        response = _request(address, present)
    with response, part.open("r+b" if present else "w+b") as file:
        if response.status != HTTPStatus.PARTIAL_CONTENT:  # the whole file comes again
            present = 0
            file.truncate()
        length = response.headers["Content-Length"]
        if length is None:
            raise NetworkError(f"{address} does not say how long its file is.")
        if not 0 <= int(length) <= MAX_FILE_BYTES:
            raise NetworkError(f"{address} announces {length} bytes, too many for weights.")
        digest = Digest(present + int(length))
        done = sum(map(len, digest.passing(file)))
        for chunk in _received(digest.passing(response), address):
            file.write(chunk)
            done += len(chunk)
            yield done, digest.size
    if done < digest.size:
        raise _broken(address)
    return digest


def _request(address: str, present: int) -> HTTPResponse:
    """Ask for a file, without its first ``present`` bytes if the server can."""
    _check_address(address)
    opener = build_opener(_SecureRedirects)  # it takes the proxies of the environment as it is now
    headers = {"User-Agent": "tinysam2"} | ({"Range": f"bytes={present}-"} if present else {})
    try:
        response: HTTPResponse = opener.open(Request(address, headers=headers), timeout=TIMEOUT_S)
    except HTTPError as error:
        if present and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            error.close()
            return _request(address, 0)
        raise
    return response


def _check_address(address: str) -> None:
    """Refuse what others on the way could read and change."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in THIS_COMPUTER:
        raise NetworkError(f"{address} is not fetched: weights are fetched by https only.")


class _SecureRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Follow a redirection, to https only."""
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _received(chunks: Iterator[bytes], address: str) -> Iterator[bytes]:
    try:
        yield from chunks
    except (OSError, HTTPException) as error:
        raise _broken(address) from error


def _broken(address: str) -> NetworkError:
    return NetworkError(
        f"The connection to {urlsplit(address).hostname} broke; fetching again resumes from there."
    )


@contextmanager
def _network_errors(address: str) -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        error.close()
        raise NetworkError(f"{address} is not to be had ({error.code} {error.reason}).") from error
    except URLError as error:
        raise NetworkError(f"{address} cannot be reached ({error.reason}).") from error
    except (OSError, HTTPException) as error:
        raise NetworkError(f"{address} cannot be reached ({error}).") from error
