"""Tracks with the authors' implementation of SAM 2 or a network derived from it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.reference_bench.frames import Frame, FrameTime, click_of, timed


class Reference:
    """A video predictor with random weights, built by the authors' code.

    Args:
        repository: a clone that holds the package ``sam2``.
        config: name of a configuration in it.
        image_size: of the input, pixels.
    """

    def __init__(self, repository: Path, config: str, image_size: int) -> None:
        sys.path.insert(0, str(repository))
        _without_downloads()
        from sam2.build_sam import build_sam2_video_predictor  # type: ignore[import-not-found]

        torch.manual_seed(0)
        self._predictor: Any = build_sam2_video_predictor(
            config,
            device="cpu",
            apply_postprocessing=False,
            hydra_overrides_extra=[f"++model.image_size={image_size}"],
        )

    def track(self, frames: list[Frame]) -> Iterator[FrameTime]:
        """Track a click; yields what each frame took, without reading the video."""
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            for number, frame in enumerate(frames):
                Image.fromarray(frame).save(Path(folder) / f"{number:05}.jpg")
            state = self._predictor.init_state(video_path=folder)
            self._predictor.add_new_points_or_box(
                state,
                frame_idx=0,
                obj_id=1,
                points=np.array([click_of(frames[0])], np.float32),
                labels=np.array([1], np.int32),
            )
            yield from timed(self._predictor.propagate_in_video(state))


def _without_downloads() -> None:
    """Let timm make networks without fetching their weights, which EdgeTAM asks for."""
    try:
        from timm import models  # type: ignore[import-not-found]
    except ImportError:  # SAM 2 does not need it
        return
    create = models.create_model

    def create_random(name: str, **options: object) -> object:
        return create(name, **(options | {"pretrained": False}))

    models.create_model = create_random
