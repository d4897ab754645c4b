"""Tracks with the network of this project."""

from collections.abc import Iterator
from dataclasses import replace

from tinysam2.build import Model, load_model, random_model, run_by
from tinysam2.devices import precision_named
from tinysam2.engines.runner import choose_engine
from tinysam2.inference.video_tracker import VideoTracker
from tools.reference_bench.frames import Frame, FrameTime, Track, click_of, timed

OWN = "tinysam2"


def load_ours(name: str, engine: str, precision: str) -> Model:
    """Load a network for the CPU: the bundled one with its weights, others with random ones.

    What the bundled one remembers, and so its speed, depends on how good its masks are.

    Args:
        name: a known model that tracks.
        engine: "torch", "openvino" or "auto".
        precision: "float32", "bfloat16", or "auto" for what the program would use.
    """
    if name == OWN:
        model = load_model(name, device="cpu", download=False, engine=engine)
    else:
        model = random_model(name, "cpu")
        model = run_by(choose_engine(engine, model.device), model)
    return model if precision == "auto" else replace(model, autocast=precision_named(precision))


def track_ours(model: Model, image_size: int, frames: list[Frame]) -> Track:
    """Return a function that tracks a click on the first frame.

    Args:
        model: that tracks.
        image_size: of the input, pixels.
        frames: the video.
    """

    def track() -> Iterator[FrameTime]:
        tracker = VideoTracker(model, frames, image_size=image_size)
        tracker.add_points(1, 0, [click_of(frames[0])], [1])
        yield from timed(tracker.propagate())

    return track
