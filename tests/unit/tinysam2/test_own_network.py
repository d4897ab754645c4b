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
        [-0.02126, -0.02152, -0.02646, -0.07225, -0.07198, -0.07645, 0.52897, 0.52893, 0.52795],
        [-0.02740, -0.02758, -0.02897, -0.12166, -0.12165, -0.12251, 0.52962, 0.52960, 0.52939],
        [-0.03034, -0.03044, -0.03118, -0.03804, -0.03804, -0.03884, 0.53005, 0.53004, 0.52993],
    ]
)
KEYS_WITHOUT_MATCHING = 3693873885
EXPECTED_WITHOUT_MATCHING = np.array(
    [
        [0.12155, 0.12777, 0.07197, 0.09472, 0.10674, 0.01757, 0.50925, 0.50698, 0.51575],
        [0.12512, 0.12930, 0.10297, 0.13822, 0.14810, 0.10571, 0.50760, 0.50628, 0.51395],
        [0.11362, 0.11704, 0.09859, 0.20133, 0.20847, 0.16932, 0.50546, 0.50468, 0.51075],
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
