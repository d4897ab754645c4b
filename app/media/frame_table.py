"""The frame table of a source as bytes, as a project stores it from its first opening on."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from app.core.errors import SourceError

MAX_TABLE_BYTES = 256 << 20
"""Limit of an unpacked table: about 25 million frames, ten days of video."""


def pack_table(values: Mapping[str, Any]) -> bytes:
    """Pack the JSON values of a frame table."""
    return zlib.compress(json.dumps(values).encode(), level=6)


def unpack_table(packed: bytes, kind: str) -> dict[str, Any]:
    """Unpack the result of `pack_table`.

    Args:
        packed: untrusted bytes.
        kind: the value that ``kind`` must have.

    Raises:
        SourceError: it is damaged, too large or of another kind of source.
    """
    try:
        decompressor = zlib.decompressobj()
        text = decompressor.decompress(packed, MAX_TABLE_BYTES)
        if not decompressor.eof:
            raise ValueError("too long or cut off")
        values = json.loads(text)
        if not isinstance(values, dict) or values.get("kind") != kind:
            raise ValueError(f"not a table of {kind}")
    except (zlib.error, ValueError, RecursionError, TypeError) as error:
        raise damaged_table(error) from error
    return values


def damaged_table(error: Exception) -> SourceError:
    """Return the error for a stored frame table that cannot be used."""
    return SourceError(
        f"The frame table that the project stores cannot be used: {error}.",
        "Open a snapshot of the project, or an earlier copy of it.",
    )
