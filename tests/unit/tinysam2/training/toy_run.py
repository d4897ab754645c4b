"""A run of tracking small enough for tests."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.config import ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.training.tracking.config import Phase, TrackingConfig


def make_run(folder: Path, model: ModelConfig) -> TrackingConfig:
    """Make data and an encoder in a folder; returns a recipe of three steps that writes there."""
    torch.manual_seed(1)
    encoder = folder / "encoder.safetensors"
    state = TinySam2(model).state_dict()
    save_file({k: v for k, v in state.items() if k.startswith(("trunk.", "neck."))}, encoder)
    return TrackingConfig(
        data=make_data_folder(folder / "data"),
        encoder=encoder,
        out=folder / "whole",
        model=model,
        steps=3,
        phases=(Phase(0.5, 64, encoder=False), Phase(1.0, 64, length=3)),
        length=2,
        synthetic=1,
        real=1,
        stills=1,
        workers=0,
    )
