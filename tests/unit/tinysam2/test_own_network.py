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
from tinysam2.network import TinySam2
from tinysam2.tracking.video_tracker import VideoTracker

MEMORY = MemoryConfig(policy=MemoryPolicy.FIFO, keep_ratio=None)
KEYS = 1623467836
EXPECTED = np.array(
    [
        [-0.02103, -0.02151, -0.02646, -0.07416, -0.07382, -0.07645, 0.52900, 0.52885, 0.52795],
        [-0.02721, -0.02745, -0.02897, -0.12254, -0.12227, -0.12251, 0.52965, 0.52958, 0.52939],
        [-0.03022, -0.03035, -0.03118, -0.03823, -0.03822, -0.03884, 0.53007, 0.53003, 0.52993],
    ]
)
KEYS_WITHOUT_MATCHING = 3693873885
EXPECTED_WITHOUT_MATCHING = np.array(
    [
        [0.11970, 0.11901, 0.07197, 0.08933, 0.08591, 0.01757, 0.50832, 0.50814, 0.51575],
        [0.12547, 0.12677, 0.10297, 0.13837, 0.13989, 0.10571, 0.50752, 0.50758, 0.51395],
        [0.11380, 0.11492, 0.09859, 0.20091, 0.20201, 0.16932, 0.50570, 0.50565, 0.51075],
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
        torch.cat(
            [
                step.mask_logits.mean((1, 2)),
                step.mask_logits[:, 20, 30],
                torch.tensor([step.scores[i].predicted_iou for i in step.object_ids]),
            ]
        )
        for step in tracker.propagate()
    ]
    np.testing.assert_allclose(torch.stack(found)[1:], expected, rtol=1e-3, atol=1e-3)
