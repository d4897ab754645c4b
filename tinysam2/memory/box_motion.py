"""Predicts where a moving box is on the next frame."""

import numpy as np
from numpy.typing import NDArray

from tinysam2.memory.mask_shape import Box

# SAMURAI, as SORT and DeepSORT before it: standard deviations, in heights of the box.
POSITION_NOISE = 1 / 20
VELOCITY_NOISE = 1 / 160


class BoxMotion:
    """A Kalman filter over a box that moves and grows at constant speed.

    The coordinates of the center, the width and the height are filtered independently, each with a
    position and a velocity per frame.

    Source: SAMURAI (Yang et al. 2024, arXiv:2411.11922), section 4.1.
    """

    def __init__(self, box: Box) -> None:
        position, noise = _centered(box), self._noise(box)
        self._mean = np.stack([position, np.zeros(4)], 1)  # (4, 2)
        self._cov = np.broadcast_to(np.diag((noise * (2, 10)) ** 2), (4, 2, 2)).copy()

    def predict(self) -> Box:
        """Advance by a frame and return the expected box."""
        step = np.array([[1.0, 1.0], [0.0, 1.0]])
        noise = self._noise(self._box())
        self._mean = self._mean @ step.T
        self._cov = step @ self._cov @ step.T + np.diag(noise**2)
        return self._box()

    def update(self, box: Box) -> None:
        """Correct the estimate by the box that was found, after `predict`."""
        variance = self._noise(self._box())[0] ** 2
        gain = self._cov[:, :, 0] / (self._cov[:, :1, 0] + variance)  # (4, 2)
        self._mean = self._mean + gain * (_centered(box) - self._mean[:, 0])[:, None]
        self._cov = self._cov - gain[:, :, None] * self._cov[:, :1, :]

    def _box(self) -> Box:
        x, y, width, height = self._mean[:, 0].tolist()
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    @staticmethod
    def _noise(box: Box) -> NDArray[np.float64]:
        """Return the standard deviations of position and velocity."""
        return np.array([POSITION_NOISE, VELOCITY_NOISE]) * abs(box[3] - box[1])


def _centered(box: Box) -> NDArray[np.float64]:
    """Return the center x and y, width and height of a box."""
    x0, y0, x1, y1 = box
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0])
