"""Ablation of the memory: scores one model under a table of memory settings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tinysam2.config import FULL_MEMORY, MemoryConfig, MemoryPolicy
from tinysam2.evaluation.report import summarize
from tinysam2.evaluation.runner import SequenceResult

Evaluation = Callable[[MemoryConfig], Iterable[SequenceResult]]
Row = dict[str, Any]

POOLS = (1, 2, 4)
KEEP_RATIOS = (0.03, 0.07, 0.15, None)


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table: changes to the `MemoryConfig` of the model."""

    name: str
    changes: Mapping[str, Any]


SETTINGS = (
    Setting("full memory", asdict(FULL_MEMORY)),  # first, since `of_full` is relative to it
    *(Setting(f"policy {policy}", {"policy": policy}) for policy in MemoryPolicy),
    *(Setting(f"pool {side} x {side}", {"pool": side}) for side in POOLS),
    Setting("pool the object too", {"keeps_details": False}),
    *(
        Setting("keep all" if ratio is None else f"keep {ratio:.0%}", {"keep_ratio": ratio})
        for ratio in KEEP_RATIOS
    ),
)


def configs(base: MemoryConfig) -> dict[str, MemoryConfig]:
    """Return the memory configuration of each setting by name, in the order of the table."""
    return {setting.name: replace(base, **setting.changes) for setting in SETTINGS}


def ablate(evaluate: Evaluation, base: MemoryConfig, token_bytes: int) -> Iterator[Row]:
    """Score every setting, one per row that is asked for; equal configurations are scored once.

    Args:
        evaluate: scores a dataset with a memory configuration.
        base: configuration that the settings change.
        token_bytes: size of a memory token.

    Yields:
        ``setting``, ``policy``, ``pool``, ``keep_ratio``; ``J&F``, ``J``, ``F`` in [0, 1] and
        ``of_full``, the J&F divided by that of the full memory; ``tokens_stored`` and
        ``tokens_attended`` of an object on a frame, pointers included, and ``bytes`` stored, each
        as ``_mean`` and ``_max``; ``ms_per_frame`` of all objects, reading it included.

    Raises:
        ValueError: the dataset holds nothing to score.
    """
    measured: dict[MemoryConfig, Row] = {}
    full = 0.0
    for name, memory in configs(base).items():
        if memory not in measured:
            measured[memory] = _measure(list(evaluate(memory)), token_bytes)
        scores = measured[memory]
        full = full or scores["J&F"]
        yield {
            "setting": name,
            "policy": memory.policy.value,
            "pool": memory.pool,
            "keep_ratio": memory.keep_ratio,
            "of_full": scores["J&F"] / full if full else None,
            **scores,
        }


def _measure(results: Sequence[SequenceResult], token_bytes: int) -> Row:
    overall = summarize(results)["overall"]
    stored = np.concatenate([result.tokens_stored for result in results])
    attended = np.concatenate([result.tokens_attended for result in results])
    return {
        "J&F": overall["J&F"],
        "J": overall["J_mean"],
        "F": overall["F_mean"],
        "tokens_stored_mean": float(stored.mean()),
        "tokens_stored_max": int(stored.max()),
        "tokens_attended_mean": float(attended.mean()),
        "tokens_attended_max": int(attended.max()),
        "bytes_mean": float(stored.mean()) * token_bytes,
        "bytes_max": int(stored.max()) * token_bytes,
        "ms_per_frame": 1000 / overall["frames_per_second"],
    }


def as_text(rows: Sequence[Row]) -> str:
    """Format the table as text: percent, mean / max tokens, KiB."""
    heads = ("setting", "J&F", "J", "F", "of full", "stored", "attended", "KiB", "ms/frame")
    lines = [heads, *map(_texts, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([texts[0].ljust(widths[0]), *map(str.rjust, texts[1:], widths[1:])])
        for texts in lines
    )


def _texts(row: Row) -> tuple[str, ...]:
    fraction = row["of_full"]
    return (
        row["setting"],
        *(f"{100 * row[name]:.1f}" for name in ("J&F", "J", "F")),
        "-" if fraction is None else f"{fraction:.1%}",
        *(
            f"{row[f'tokens_{kind}_mean']:.0f} / {row[f'tokens_{kind}_max']}"
            for kind in ("stored", "attended")
        ),
        f"{row['bytes_mean'] / 1024:.0f} / {row['bytes_max'] / 1024:.0f}",
        f"{row['ms_per_frame']:.0f}",
    )
