"""Track the same frames with several memory policies and show what each of them remembers.

Prints a table, and writes ``memory.csv`` (a row for each frame) and ``memory.png``.  In the image,
each column is a frame of the video, and the rows marked in it are the frames that the memory bank
held after that frame.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2 import MemoryPolicy, Model, TrackStep, VideoTracker, load_model, open_frames

SAMPLE = Path(__file__).resolve().parents[1] / "resources" / "sample" / "sample.mp4"
FOX_XY = (216, 228)
CELL_PX = 6
MARGIN_PX = 40
HELD_BGR, CURRENT_BGR = (200, 110, 30), (170, 170, 170)

Chart = NDArray[np.uint8]


def read_arguments() -> argparse.Namespace:
    """Read the command line; the defaults run on the sample clip."""
    names = [policy.value for policy in MemoryPolicy]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", default=SAMPLE, help="a video or a folder of images")
    parser.add_argument("--point", nargs=2, type=float, default=FOX_XY, metavar=("X", "Y"))
    parser.add_argument("--policies", nargs="+", choices=names, default=["quality", "fifo"])
    parser.add_argument("--frames", type=int, default=48, help="how many frames to track")
    parser.add_argument("--model", default="tinysam2", help="a name of tinysam2.list_models()")
    parser.add_argument("--out", type=Path, default=Path("out/compare_policies"))
    return parser.parse_args()


def track(model: Model, policy: str, arguments: argparse.Namespace) -> list[TrackStep]:
    """Track one object, clicked on the first frame, with a policy and else the same memory."""
    frames = open_frames(arguments.video)
    memory = replace(model.network.config.memory, policy=MemoryPolicy(policy))
    tracker = VideoTracker(model, frames, memory)
    tracker.add_points(object_id=1, frame_index=0, points_xy=[arguments.point], labels=[1])
    return list(tracker.propagate(stop=min(arguments.frames, len(frames))))


def summary(policy: str, steps: list[TrackStep]) -> str:
    """Describe in a line what a policy remembered."""
    events = [step.memory_events[1] for step in steps]
    entered = sum(event.frame in event.bank for event in events)
    quality = np.mean([event.scores.quality for event in events])
    tokens = max(event.tokens_stored for event in events)
    return (
        f"{policy:8} {entered:3} of {len(events)} frames entered, mean quality {quality:.2f}, "
        f"{tokens} tokens at most ({tokens / events[0].tokens_full_sam2:.1%} of SAM 2's bank), "
        f"at the end {events[-1].bank}"
    )


def write_csv(path: Path, results: dict[str, list[TrackStep]]) -> None:
    """Write the decision on each frame and the frames held after it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["policy", "frame", "decision", "reason", "quality", "bank", "tokens"])
        for policy, steps in results.items():
            for event in (step.memory_events[1] for step in steps):
                bank = " ".join(map(str, event.bank))
                quality = f"{event.scores.quality:.4f}"
                row = [event.frame, event.decision, event.reason, quality, bank]
                writer.writerow([policy, *row, event.tokens_stored])


def chart(policy: str, steps: list[TrackStep]) -> Chart:
    """Draw which frames (rows) the bank held after each frame (columns)."""
    side = len(steps) * CELL_PX
    image = np.full((side + 2 * MARGIN_PX, side + 2 * MARGIN_PX, 3), 255, np.uint8)
    for event in (step.memory_events[1] for step in steps):
        for frame in {event.frame, *event.bank}:
            x, y = (MARGIN_PX + CELL_PX * i for i in (event.frame, frame))
            color = HELD_BGR if frame in event.bank else CURRENT_BGR
            image[y : y + CELL_PX - 1, x : x + CELL_PX - 1] = color
    write = {"fontFace": cv2.FONT_HERSHEY_SIMPLEX, "color": (0, 0, 0), "lineType": cv2.LINE_AA}
    end = str(len(steps) - 1)
    cv2.putText(image, policy, (MARGIN_PX, 28), fontScale=0.7, **write)
    cv2.putText(image, "frame", (MARGIN_PX, side + MARGIN_PX + 20), fontScale=0.45, **write)
    cv2.putText(image, end, (side + 15, side + MARGIN_PX + 20), fontScale=0.45, **write)
    cv2.putText(image, end, (5, side + MARGIN_PX - 4), fontScale=0.45, **write)
    cv2.putText(image, "held", (2, MARGIN_PX + 12), fontScale=0.45, **write)
    return image


def main() -> None:
    """Track with each policy and write the comparison."""
    arguments = read_arguments()
    model = load_model(arguments.model)
    results = {policy: track(model, policy, arguments) for policy in arguments.policies}
    for policy, steps in results.items():
        print(summary(policy, steps))
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_csv(arguments.out / "memory.csv", results)
    charts = [chart(policy, steps) for policy, steps in results.items()]
    cv2.imwrite(str(arguments.out / "memory.png"), np.hstack(charts))
    print(f"wrote {arguments.out / 'memory.csv'} and {arguments.out / 'memory.png'}")


if __name__ == "__main__":
    main()
