"""The state of one tracked object."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from tinysam2.inference.completion_schedule import CompletionSchedule
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.memory.bank import MemoryBank


@dataclass
class ObjectState:
    """Prompts, constraints and memory of one object.

    Attributes:
        prompts: by frame, in the order in which the frames were first prompted.
        pinned: frames to remember.
        banned: frames not to remember.
        memory: bank of the current or last propagation.
        completion: when its mask is completed next.
        propagated: frames that this propagation has tracked, from the first to the last.
    """

    prompts: dict[int, ObjectPrompt] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    banned: set[int] = field(default_factory=set)
    memory: MemoryBank | None = None
    completion: CompletionSchedule = field(default_factory=CompletionSchedule)
    propagated: range = range(0)

    @property
    def bank(self) -> MemoryBank:
        """Bank of the current propagation, made when it started."""
        assert self.memory is not None
        return self.memory

    def has_conditioning_prompt(self, frame: int) -> bool:
        """Return whether a frame's prompt defines the object by itself.

        Masks and the first prompt do; later clicks and boxes correct tracked masks.
        """
        prompt = self.prompts.get(frame)
        return prompt is not None and (prompt.mask is not None or frame == next(iter(self.prompts)))

    def has_correction(self, frame: int) -> bool:
        """Return whether a frame's prompt corrects its tracked mask."""
        return frame in self.prompts and not self.has_conditioning_prompt(frame)

    def would_correct(self, frame: int, prompt: ObjectPrompt) -> bool:
        """Return whether a new prompt on a frame would correct a mask that was propagated there."""
        is_first = not self.prompts or frame == next(iter(self.prompts))
        return prompt.mask is None and not is_first and frame in self.propagated

    def mark_propagated(self, frame: int) -> None:
        """Record that a frame was tracked."""
        frames = (*self.propagated[:1], *self.propagated[-1:], frame)
        self.propagated = range(min(frames), max(frames) + 1)


def in_batches(objects: dict[int, ObjectState], size: int) -> Iterator[dict[int, ObjectState]]:
    """Split objects into batches of at most ``size``."""
    left = iter(objects.items())
    while batch := dict(islice(left, size)):
        yield batch
