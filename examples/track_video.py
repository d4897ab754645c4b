"""Track an object through a video from one click.

Writes a video with the object colored where the output ends in ``.mp4``, or else a folder with a
PNG mask for each frame.  Without arguments it tracks the fox of the sample clip.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2 import VideoTracker, load_model, open_frames

SAMPLE = Path(__file__).resolve().parents[1] / "resources" / "sample" / "sample.mp4"
FOX_XY = (216, 228)
COLOR_RGB = np.array([40, 160, 255])
FRAMES_PER_SECOND = 24

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def read_arguments() -> argparse.Namespace:
    """Read the command line; the defaults run on the sample clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", default=SAMPLE, help="a video or a folder of images")
    parser.add_argument("--point", nargs=2, type=float, default=FOX_XY, metavar=("X", "Y"))
    parser.add_argument("--frames", type=int, default=72, help="how many frames to track")
    parser.add_argument("--model", default="tinysam2", help="a name of tinysam2.list_models()")
    parser.add_argument("--out", type=Path, default=Path("out/track_video.mp4"))
    return parser.parse_args()


def track(arguments: argparse.Namespace) -> Iterator[tuple[Image, Mask]]:
    """Yield each frame (H, W, 3) with the object's mask (H, W)."""
    frames = open_frames(arguments.video)
    tracker = VideoTracker(load_model(arguments.model), frames)
    tracker.add_points(object_id=1, frame_index=0, points_xy=[arguments.point], labels=[1])
    stop = min(arguments.frames, len(frames))
    for step in tracker.propagate(stop=stop):
        quality, area = step.scores[1].quality, step.masks[0].sum()
        print(f"frame {step.frame_index}: {area} px, quality {quality:.2f}")
        yield frames[step.frame_index], step.masks[0]


def overlay(image: Image, mask: Mask) -> Image:
    """Return the image with the object half covered by a color."""
    colored = image.copy()
    colored[mask] = (0.5 * image[mask] + 0.5 * COLOR_RGB).astype(np.uint8)
    return colored


def write_video(path: Path, tracked: Iterator[tuple[Image, Mask]]) -> None:
    """Write frames with their masks as an H.264 video, which has even sides only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.pix_fmt = "yuv420p"
        for image, mask in tracked:
            even = overlay(image, mask)[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
            if not stream.codec_context.is_open:
                stream.height, stream.width = even.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_masks(folder: Path, tracked: Iterator[tuple[Image, Mask]]) -> None:
    """Write a PNG for each mask: 255 on the object, 0 elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, (_, mask) in enumerate(tracked):
        cv2.imwrite(str(folder / f"{index:05}.png"), mask.astype(np.uint8) * 255)


def main() -> None:
    """Track, and write while tracking."""
    arguments = read_arguments()
    write = write_video if arguments.out.suffix == ".mp4" else write_masks
    write(arguments.out, track(arguments))
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
