"""The average of two networks: ``python -m tinysam2.training.averaging FIRST SECOND FRACTION OUT``.

Weights trained on from others lie in one valley with them: between the two, what was learned of new
tasks is kept while what was forgotten of old ones comes back.  Parts of the network may lie
elsewhere between the two: ``--part mask_decoder=0.1``.

Source: "Robust fine-tuning of zero-shot models" (Wortsman et al., arXiv:2109.01903).
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tinysam2.build import load_own
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.model.encoders.repvit import fuse_repvit
from tinysam2.model.network import TinySam2


def average(
    first: Path, second: Path, fraction: float, out: Path, parts: Mapping[str, float] | None = None
) -> None:
    """Write ``(1 - fraction) x first + fraction x second``, fused, to be used at the second's size.

    Args:
        first: weights in the program's own format.
        second: weights that were trained on from them.
        fraction: of the second, in [0, 1].
        out: file to write.
        parts: other fractions for some of the network's modules, by their names.

    Raises:
        ValueError: a fraction is out of range, the networks differ in shape or lack a part.
        CheckpointError: weights cannot be used.
        OSError: ``out`` cannot be written.
    """
    parts = parts or {}
    for each in (fraction, *parts.values()):
        if not 0 <= each <= 1:
            raise ValueError(f"the fraction must be in [0, 1], got {each}")
    started, ended = _fused(first), _fused(second)
    state = ended.state_dict()
    shapes = {name: value.shape for name, value in state.items()}
    if shapes != {name: value.shape for name, value in started.state_dict().items()}:
        raise ValueError(f"{first} and {second} hold networks of different shapes")
    known = dict.fromkeys(name.partition(".")[0] for name in state)
    if unknown := sorted(parts.keys() - known.keys()):
        raise ValueError(f"parts must be of {', '.join(known)}, got {unknown[0]!r}")
    for name, value in started.state_dict().items():
        if value.is_floating_point():
            state[name] = value.lerp(state[name], parts.get(name.partition(".")[0], fraction))
    card: dict[str, object] = {"average of": [first.name, second.name]}
    card |= {"fraction of the second": fraction} | ({"of parts": dict(parts)} if parts else {})
    save_checkpoint(out, ended.config, state, card)


def _fused(path: Path) -> TinySam2:
    network = load_own(path).eval()
    fuse_repvit(network.trunk)
    network.config = replace(network.config, fused=True)
    return network


def _part(text: str) -> tuple[str, float]:
    name, _, fraction = text.partition("=")
    try:
        return name, float(fraction)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be NAME=FRACTION, got {text!r}") from None


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Average two networks of one shape.")
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("fraction", type=float, help="of the second, from 0 to 1")
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--part",
        type=_part,
        action="append",
        default=[],
        metavar="NAME=FRACTION",
        help="of a part of the network, such as mask_decoder; may be given again",
    )
    asked = parser.parse_args()
    try:
        average(asked.first, asked.second, asked.fraction, asked.out, dict(asked.part))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
