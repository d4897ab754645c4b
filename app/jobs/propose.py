"""Find objects on a frame without prompts."""

from collections.abc import Iterator

from app.core.cancel import CancelToken, Job
from app.jobs.predict import JobContext
from app.tracking.backend import SuggestionStep


def propose_job(context: JobContext, frame: int) -> Job:
    """Search a frame for objects; yields a `SuggestionStep` after each batch of points."""

    def run(token: CancelToken) -> Iterator[SuggestionStep]:
        token.raise_if_cancelled()
        for step in context.backend.propose(context.frames, frame):
            yield step
            token.raise_if_cancelled()

    return run
