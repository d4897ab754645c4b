"""Names of images and networks, made of what they hold, wherever they come from."""

import hashlib

import torch
from torch import nn

from tinysam2.datasets.samples import Pixels


def of_image(image: Pixels) -> str:
    """Hash an image (H, W, 3): 64 hexadecimal digits."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def of_network(network: nn.Module) -> str:
    """Hash a network's weights and their names: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
