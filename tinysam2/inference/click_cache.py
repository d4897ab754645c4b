"""Remembers what click sequences gave, so that a further click costs a single prediction."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from tinysam2.inference.object_prompt import ObjectPrompt

KEPT_PREDICTIONS = 64
"""Click sequences whose last prediction is kept; each takes about 90 kB at 576 px."""

T = TypeVar("T")


class ClickCache:
    """The last predictions of click sequences on the images of one video.

    Predictions may be shared by predictors of the same network and input size on the same video.
    Lives on one thread.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int | None, ObjectPrompt], Any] = OrderedDict()

    def predict(
        self,
        key: int | None,
        prompt: ObjectPrompt,
        predict: Callable[[ObjectPrompt, T | None], T],
    ) -> T:
        """Predict click by click, continuing the longest sequence that was predicted before.

        Args:
            key: of the image, the same as for its features; None to predict everything anew.
            prompt: clicks and a box.
            predict: predicts one step, given the prediction before it; None before the first.
        """
        steps = prompt.click_sequence()
        known, found = 0, None
        for count in range(len(steps) if key is not None else 0, 0, -1):
            if (found := self._kept.get((key, steps[count - 1]))) is not None:
                known = count
                break
        for step in steps[known:]:
            found = predict(step, found)
        assert found is not None  # there is always a step
        if key is not None:
            self._keep((key, prompt), found)
        return found

    def _keep(self, key: tuple[int, ObjectPrompt], found: object) -> None:
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_PREDICTIONS:
            self._kept.popitem(last=False)
