"""What a tracker knows of one object."""

from dataclasses import dataclass, field

from tinysam2.inference.frame_predictor import ObjectPrompt
from tinysam2.memory.bank import MemoryBank


@dataclass
class TrackedObject:
    """What the user said of an object, and what is remembered of it.

    Attributes:
        prompts: by frame, in the order in which the user came to the frames.
        pinned: frames to remember.
        banned: frames not to remember.
        memory: of the propagation under way, or of the last one.
        propagated: the frames, between its first and its last, that this propagation has tracked.
    """

    prompts: dict[int, ObjectPrompt] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    banned: set[int] = field(default_factory=set)
    memory: MemoryBank | None = None
    propagated: range = range(0)

    @property
    def bank(self) -> MemoryBank:
        """Memory of the propagation under way, made when it began."""
        assert self.memory is not None
        return self.memory

    def has_conditioning_prompt(self, frame: int) -> bool:
        """Return whether a frame's prompt says by itself what the object is.

        Masks do, and the first prompt given; later clicks and boxes correct what tracking finds.
        """
        prompt = self.prompts.get(frame)
        return prompt is not None and (prompt.mask is not None or frame == next(iter(self.prompts)))

    def has_correction(self, frame: int) -> bool:
        """Return whether a frame's prompt corrects what tracking finds there."""
        return frame in self.prompts and not self.has_conditioning_prompt(frame)

    def would_correct(self, frame: int, prompt: ObjectPrompt) -> bool:
        """Return whether a new prompt on a frame would correct a mask that was propagated there."""
        is_first = not self.prompts or frame == next(iter(self.prompts))
        return prompt.mask is None and not is_first and frame in self.propagated

    def mark_propagated(self, frame: int) -> None:
        """Take note that a frame was tracked."""
        frames = (*self.propagated[:1], *self.propagated[-1:], frame)
        self.propagated = range(min(frames), max(frames) + 1)
