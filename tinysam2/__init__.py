"""TinySAM 2: promptable video segmentation with a small memory.

The public names, see ``docs/api.md``; each is imported on first use, so that importing the package
alone does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinysam2.build import ImageModel, Model, load_image_model, load_model
    from tinysam2.checkpoints.native import CheckpointError
    from tinysam2.checkpoints.registry import KnownModel, list_models
    from tinysam2.checkpoints.store import StoreError
    from tinysam2.config import FULL_MEMORY, MemoryConfig, MemoryPolicy
    from tinysam2.datasets.frames import open_frames
    from tinysam2.inference.image_predictor import ImagePredictor
    from tinysam2.inference.postprocess import MaskCleanup
    from tinysam2.inference.results import TrackStep
    from tinysam2.inference.video_tracker import VideoTracker
    from tinysam2.memory.bank import MemoryEvent
    from tinysam2.memory.scores import FrameScores
else:
    _MODULES = {
        "build": ("ImageModel", "Model", "load_image_model", "load_model"),
        "checkpoints.native": ("CheckpointError",),
        "checkpoints.registry": ("KnownModel", "list_models"),
        "checkpoints.store": ("StoreError",),
        "config": ("FULL_MEMORY", "MemoryConfig", "MemoryPolicy"),
        "datasets.frames": ("open_frames",),
        "inference.image_predictor": ("ImagePredictor",),
        "inference.postprocess": ("MaskCleanup",),
        "inference.results": ("TrackStep",),
        "inference.video_tracker": ("VideoTracker",),
        "memory.bank": ("MemoryEvent",),
        "memory.scores": ("FrameScores",),
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Import a public name on first use."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULE_OF})


__all__ = [
    "FULL_MEMORY",
    "CheckpointError",
    "FrameScores",
    "ImageModel",
    "ImagePredictor",
    "KnownModel",
    "MaskCleanup",
    "MemoryConfig",
    "MemoryEvent",
    "MemoryPolicy",
    "Model",
    "StoreError",
    "TrackStep",
    "VideoTracker",
    "list_models",
    "load_image_model",
    "load_model",
    "open_frames",
]
