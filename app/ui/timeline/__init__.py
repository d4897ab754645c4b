"""The timeline: masks, prompts, quality and memory decisions of every object per frame."""

from app.ui.timeline.view import TimelineView

__all__ = ["TimelineView"]
