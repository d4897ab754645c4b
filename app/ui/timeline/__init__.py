"""The film along its frames: masks, prompts, quality and memory of every object."""

from app.ui.timeline.view import TimelineView

__all__ = ["TimelineView"]
