"""TinySAM 2: promptable video segmentation with a small memory."""

from tinysam2.build import load_model
from tinysam2.config import FULL_MEMORY, MemoryConfig, MemoryPolicy, ModelConfig
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker

__all__ = [
    "FULL_MEMORY",
    "MemoryConfig",
    "MemoryPolicy",
    "ModelConfig",
    "TrackStep",
    "VideoTracker",
    "load_model",
]
