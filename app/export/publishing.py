"""Put finished exports into a folder, so that a failure, a kill or another export loses nothing.

Writers work in a hidden folder of their own inside the target folder. Finished files are renamed
into place under a lock of the folder, which also covers the files that several exports share.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.core.errors import ExportError
from app.core.file_lock import file_lock
from app.export.format import ExportFormat
from app.export.labels import saved_frames
from app.export.naming import listed
from app.export.selection import Existing

STAGE_PREFIX = ".export-"
_ALIVE = ".lock"  # held by the process that writes into the stage
_RESERVED = ".targets"  # what the stage will put into place
_MOST_NAMES = 10_000


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep other exports from changing a folder; waits for them.

    Folders share 256 lock files, which stay in the temporary folder of the system.
    """
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    user = os.getuid() if hasattr(os, "getuid") else 0
    with file_lock(Path(tempfile.gettempdir()) / f"tinysam2-export-{user}-{digest[:2]}.lock"):
        yield


@contextmanager
def staging(
    form: ExportFormat, out_dir: Path, name: str, existing: Existing
) -> Iterator["StagedExport"]:
    """Lend a hidden folder in ``out_dir`` to write to; a failure leaves no trace.

    Args:
        form: the format to be written.
        out_dir: folder that the export goes to; created if missing.
        name: wanted name of the sequence.
        existing: what to do when the name is taken.

    Raises:
        ExportError: the name is taken, and ``existing`` says to refuse.
        OSError: the folder cannot be written.
    """
    made = [folder for folder in (out_dir, *out_dir.parents) if not folder.exists()]
    with ExitStack() as held:
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
            with folder_lock(out_dir):
                _sweep(out_dir)
                free = _free_name(form, out_dir, name, existing)
                folder = Path(tempfile.mkdtemp(prefix=STAGE_PREFIX, dir=out_dir))
                held.callback(shutil.rmtree, folder, ignore_errors=True)
                held.enter_context(file_lock(folder / _ALIVE))
                reserved = "\n".join(form.target_names(free))
                (folder / _RESERVED).write_text(reserved, "utf-8")
                (folder / "files").mkdir()
            yield StagedExport(form, out_dir, folder, free, existing)
        except BaseException:
            held.close()
            with suppress(OSError):  # someone else may have put something there
                for each in made:
                    each.rmdir()
            raise


class StagedExport:
    """The hidden folder of one export.

    Attributes:
        files: where the format writes.
        name: of the sequence; differs from the wanted one if that was taken.
    """

    def __init__(
        self, form: ExportFormat, out_dir: Path, folder: Path, name: str, existing: Existing
    ) -> None:
        self.files = folder / "files"
        self.name = name
        self._form = form
        self._out_dir = out_dir
        self._old = folder / "old"
        self._existing = existing

    def publish(self, source: Path) -> tuple[Path, ...]:
        """Rename all files into place, or none; returns the paths of this export alone.

        Args:
            source: the frames that were exported, which stay where they are.

        Raises:
            ExportError: the name was taken meanwhile, or ``source`` is in the place of a file.
            OSError: the folder cannot be written.
        """
        all_names = self._form.target_names(self.name)
        names = [name for name in all_names if (self.files / name).exists()]
        left_out = [self._out_dir / name for name in all_names if name not in names]
        self._old.mkdir()
        with folder_lock(self._out_dir):
            if self._existing is not Existing.REPLACE:
                refuse_existing([self._out_dir / name for name in names])
            _refuse_own_frames([self._out_dir / name for name in names], source)
            done: list[tuple[Path, Path | None]] = []
            try:
                if self._existing is Existing.REPLACE:
                    self._set_aside([f for f in left_out if not _holds(f, source)], done)
                for name in names:
                    self._place(self.files / name, self._out_dir / name, done)
                for name, merge in self._form.merged.items():
                    target = self._out_dir / name
                    if target.is_file():
                        new = (self.files / name).read_text("utf-8")
                        joined = merge(target.read_text("utf-8"), new)
                        (self.files / name).write_text(joined, "utf-8")
                    self._place(self.files / name, target, done)
            except BaseException:
                _undo(done)
                raise
            for emptied in {file.parent for file, _ in done if file.parent in left_out}:
                with suppress(OSError):  # someone else may have put something there
                    emptied.rmdir()
        return tuple(self._out_dir / name for name in names)

    def _set_aside(self, folders: Sequence[Path], done: list[tuple[Path, Path | None]]) -> None:
        """Take away the frames that an earlier export wrote and this one did not."""
        for file in [file for folder in folders for file in saved_frames(folder)]:
            old = self._old / str(len(done))
            os.replace(file, old)
            done.append((file, old))

    def _place(self, path: Path, target: Path, done: list[tuple[Path, Path | None]]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        old = None
        if target.exists():
            old = self._old / str(len(done))
            os.replace(target, old)
        done.append((target, old))
        os.replace(path, target)


def _holds(target: Path, source: Path) -> bool:
    return target.exists() and source.resolve().is_relative_to(target.resolve())


def _refuse_own_frames(targets: Sequence[Path], source: Path) -> None:
    if taken := [target for target in targets if _holds(target, source)]:
        raise ExportError(
            f"{taken[0]} holds the frames that are exported.", "Choose another folder."
        )


def _undo(done: Sequence[tuple[Path, Path | None]]) -> None:
    for target, old in reversed(done):
        with suppress(OSError):
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            if old is not None:
                os.replace(old, target)


def refuse_existing(targets: Sequence[Path]) -> None:
    """Refuse to replace an earlier export.

    Raises:
        ExportError: one of the targets exists.
    """
    found = [path for path in targets if path.exists() or path.is_symlink()]
    if found:
        raise ExportError(
            f"{listed(str(path) for path in found)} {'exists' if len(found) == 1 else 'exist'} "
            "already.",
            "Replace it, export under a new name, or choose another folder.",
        )


def _free_name(form: ExportFormat, out_dir: Path, name: str, existing: Existing) -> str:
    if existing is Existing.REPLACE:
        return name
    if existing is Existing.REFUSE:
        refuse_existing([out_dir / target for target in form.target_names(name)])
        return name
    reserved = _reserved(out_dir)
    for number in range(1, _MOST_NAMES):
        candidate = name if number == 1 else f"{name}-{number}"
        targets = form.target_names(candidate)
        if not any((out_dir / t).exists() or t in reserved for t in targets):
            return candidate
    raise ExportError(f"{out_dir} holds too many exports named {name}.", "Choose another folder.")


def _reserved(out_dir: Path) -> set[str]:
    names: set[str] = set()
    for stage in out_dir.glob(f"{STAGE_PREFIX}*/{_RESERVED}"):
        with suppress(OSError):
            names.update(stage.read_text("utf-8").split("\n"))
    return names


def _sweep(out_dir: Path) -> None:
    """Delete what exports left that were killed."""
    for folder in out_dir.glob(f"{STAGE_PREFIX}*"):
        with suppress(OSError):
            with file_lock(folder / _ALIVE, wait=False) as is_dead:
                pass
            if is_dead:
                shutil.rmtree(folder, ignore_errors=True)
