"""The bundled network's keys and numbers stay what its checkpoints were made for."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.parity.reference import draw_weight
from tests.unit.tinysam2.toys import block_mask, noise_frames, set_presence
from tinysam2.build import prepare
from tinysam2.config import MemoryConfig, MemoryPolicy, ModelConfig
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model.network import TinySam2

MEMORY = MemoryConfig(policy=MemoryPolicy.FIFO, keep_ratio=None)
KEYS = 1623467836
EXPECTED = np.array(
    [
        [-0.01606, -0.01540, -0.02157, -0.15817, -0.15711, -0.15683, 0.52935, 0.52929, 0.52851],
        [-0.01203, -0.01170, -0.01323, -0.17105, -0.17056, -0.17092, 0.52997, 0.52995, 0.52977],
        [-0.01246, -0.01224, -0.01303, -0.14038, -0.14006, -0.13971, 0.53033, 0.53031, 0.53021],
    ]
)
KEYS_WITHOUT_MATCHING = 3693873885
EXPECTED_WITHOUT_MATCHING = np.array(
    [
        [0.13184, 0.13510, 0.07975, 0.11075, 0.11191, 0.06586, 0.50542, 0.50461, 0.51534],
        [0.12819, 0.13050, 0.10344, 0.10952, 0.10951, 0.09112, 0.50391, 0.50342, 0.51174],
        [0.12345, 0.12429, 0.10622, 0.12686, 0.12678, 0.11547, 0.50444, 0.50389, 0.51037],
    ]
)


@pytest.mark.parametrize(
    ("config", "memory", "keys", "expected"),
    [
        (ModelConfig(), MEMORY, KEYS, EXPECTED),
        (
            ModelConfig(matching=False),
            replace(MEMORY, keeps_details=False),
            KEYS_WITHOUT_MATCHING,
            EXPECTED_WITHOUT_MATCHING,
        ),
    ],
)
def test_state_and_tracks_of_the_bundled_network_stay_the_same(
    config: ModelConfig, memory: MemoryConfig, keys: int, expected: NDArray[np.float64]
) -> None:
    network = TinySam2(config).eval()
    shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
    assert zlib.crc32(repr(sorted(shapes.items())).encode()) == keys
    network.load_state_dict(
        {key: torch.from_numpy(draw_weight(key, shape)) for key, shape in shapes.items()}
    )
    set_presence(network, 4.0)
    model = replace(prepare(network, torch.device("cpu")), autocast=None)
    tracker = VideoTracker(model, noise_frames(4), memory, image_size=128)
    tracker.add_points(1, 0, [[30, 20], [50, 30]], [1, 0])
    tracker.add_box(2, 0, [10, 10, 40, 30])
    tracker.add_mask(3, 0, block_mask())
    found = [
        [
            *step.mask_logits.mean((1, 2)),
            *step.mask_logits[:, 20, 30],
            *(step.scores[i].predicted_iou for i in step.object_ids),
        ]
        for step in tracker.propagate()
    ]
    np.testing.assert_allclose(found[1:], expected, rtol=1e-3, atol=1e-3)
