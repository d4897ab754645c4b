"""Weights files split into shards of limited size, for transports that limit the size of a file.

Shards are safetensors files named ``NAME-00001-of-00002.safetensors``, as Hugging Face names them.
Each carries the metadata of the whole.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tinysam2.atomic_write import atomic_write

_NAME = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")
_HEADER_BYTES = 200  # of a tensor in a file's header, beside its name; an upper bound
MIB = 2**20


def split_file(file: Path, folder: Path, name: str, limit_bytes: int) -> list[Path]:
    """Write the tensors of a safetensors file as shards, each complete before it has its name.

    Args:
        file: what to split.
        folder: of the shards; made if it is not there.
        name: common to the shards.
        limit_bytes: of each shard, its header included.

    Raises:
        ValueError: a tensor does not fit into a shard.
    """
    tensors, metadata = _read([file])
    groups = _grouped(tensors, metadata, limit_bytes)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, keys in enumerate(groups, 1):
        path = folder / f"{name}-{number:05d}-of-{len(groups):05d}.safetensors"
        _write({key: tensors[key] for key in keys}, metadata, path)
        paths.append(path)
    return paths


def join_shards(shards: Sequence[Path], file: Path) -> None:
    """Write the tensors of all shards, and their metadata, as one file; it appears as a whole.

    Raises:
        ValueError: a shard is damaged.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(*_read(shards), file)


def complete_sets(folder: Path) -> dict[str, list[Path]]:
    """Find the shards in a folder: the files of each name of which none is missing, in order."""
    found: dict[tuple[str, int], list[Path]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        if match := _NAME.fullmatch(path.name):
            found.setdefault((match["name"], int(match["count"])), []).append(path)
    return {name: paths for (name, count), paths in found.items() if len(paths) == count}


def replace_set(file: Path, folder: Path, name: str, limit_bytes: int) -> None:
    """Split a file, then delete the shards of other names: one set is complete at any time."""
    kept = set(split_file(file, folder, name, limit_bytes))
    for path in folder.glob("*.safetensors"):
        if path not in kept and _NAME.fullmatch(path.name):
            path.unlink()


def _grouped(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str], limit_bytes: int
) -> list[list[str]]:
    """Fill one shard after the other."""
    own = sum(2 * len(text.encode()) for pair in metadata.items() for text in pair) + 4096
    groups: list[list[str]] = [[]]
    used = own
    for key, tensor in tensors.items():
        size = tensor.nbytes + len(key.encode()) + _HEADER_BYTES
        if own + size > limit_bytes:
            raise ValueError(
                f"a shard must have {own + size} bytes to hold {key} and its header, "
                f"got {limit_bytes}"
            )
        if used + size > limit_bytes:
            groups.append([])
            used = own
        groups[-1].append(key)
        used += size
    return groups


def _read(paths: Iterable[Path]) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, str] = {}
    for path in paths:
        try:
            with safe_open(path, "pt") as shard:
                metadata = shard.metadata() or {}
                tensors |= {key: shard.get_tensor(key) for key in shard.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{path} is damaged or not in safetensors format: {error}") from error
    return tensors, metadata


def _write(tensors: dict[str, Tensor], metadata: dict[str, str], path: Path) -> None:
    with atomic_write(path) as partial:
        save_file(tensors, partial, metadata)


def main(argv: Sequence[str] | None = None) -> None:
    """Split a weights file, or join one; the arguments are those of the process if None."""
    parser = argparse.ArgumentParser("tinysam2.checkpoints.sharding", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    split = actions.add_parser("split", help="write a file as shards named like it")
    split.add_argument("file", type=Path)
    split.add_argument("folder", type=Path)
    split.add_argument("--limit-mib", type=float, default=15.0, help="of a shard (default: 15)")
    join = actions.add_parser("join", help="write the last complete set of shards as one file")
    join.add_argument("folder", type=Path)
    join.add_argument("file", type=Path)
    join.add_argument("--name", help="of the set, where the folder holds several")
    arguments = parser.parse_args(argv)
    try:
        if arguments.action == "split":
            limit = int(arguments.limit_mib * MIB)
            split_file(arguments.file, arguments.folder, arguments.file.stem, limit)
            return
        sets = complete_sets(arguments.folder)
        name = arguments.name or max(sets, default="")
        if name not in sets:
            parser.error(f"{arguments.folder} holds no complete set of shards {name}".rstrip())
        join_shards(sets[name], arguments.file)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
