"""Resizes images to the network's input, and its mask logits to the size of the image."""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tinysam2.config import ModelConfig, SamConfig

IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)


def input_hw(size: int, aspect: float, step: int = 64) -> tuple[int, int]:
    """Return the height and width of an input of about ``size`` x ``size`` pixels in all.

    The input has the aspect ratio of the image, as nearly as ``step`` allows.

    Args:
        size: side of a square image's input, pixels.
        aspect: width of the image over its height.
        step: height and width are multiples of it, pixels.
    """
    sides = size / math.sqrt(aspect), size * math.sqrt(aspect)
    height, width = (step * max(1, round(side / step)) for side in sides)
    return height, width


def input_hw_of(
    config: ModelConfig | SamConfig, size: int, size_hw: tuple[int, int]
) -> tuple[int, int]:
    """Return height and width in pixels of a network's input for images of a size.

    Args:
        config: of the network; those that follow SAM 2 squash all images to a square.
        size: side of a square image's input, pixels.
        size_hw: of the images, pixels.
    """
    if config.follows_sam2:
        return size, size
    return input_hw(size, size_hw[1] / size_hw[0], config.size_step)


def shrunk(frame: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize an image (squashing); without torch, so that any thread may do it.

    Args:
        frame: (H, W, 3) uint8 RGB.
        size_hw: height and width of the result, pixels.

    Raises:
        ValueError: the image has another shape or type.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"frame must be (H, W, 3) uint8, got {frame.shape} {frame.dtype}")
    height, width = size_hw
    if frame.shape[:2] == (height, width):
        return frame
    shrinks = frame.shape[0] >= height and frame.shape[1] >= width
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (width, height), interpolation=method), np.uint8)


def network_input(
    frame: NDArray[np.uint8], size_hw: tuple[int, int], device: torch.device
) -> Tensor:
    """Resize and normalize an image; arguments and errors as in `shrunk`.

    Returns:
        (1, 3, height, width) float32 on the device.
    """
    small = np.ascontiguousarray(shrunk(frame, size_hw))
    return normalize(torch.from_numpy(small).to(device).permute(2, 0, 1)[None])


def normalize(image: Tensor) -> Tensor:
    """Turn (B, 3, H, W) uint8 RGB into the float32 input that encoders expect, row by row."""
    mean = 255 * torch.tensor(IMAGE_MEAN, device=image.device).view(3, 1, 1)
    std = 255 * torch.tensor(IMAGE_STD, device=image.device).view(3, 1, 1)
    return (image.contiguous().float() - mean).div_(std)  # bytes are reordered faster than floats


def resize_logits(logits: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Resize mask logits (O, h, w) to (O, H, W), bilinear."""
    return F.interpolate(logits[:, None], size_hw, mode="bilinear", align_corners=False)[:, 0]
