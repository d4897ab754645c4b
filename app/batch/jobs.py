"""What a batch consists of: jobs, what a worker is given of one, and how that ended."""

from dataclasses import dataclass
from enum import StrEnum

JOB_FILE = "job.json"
"""Name of the file that a finished job has among its results; it is written last."""

MAX_ATTEMPTS = 3
"""How often a job is tried: once, and twice more after failures."""


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One tracking run of a batch; it can be sent to another computer.

    Attributes:
        line: its line in the jobs file, from 1.
        name: of the folder with its results; unique in a batch.
        key: hex SHA-256 of everything that its results depend on: options, prompts, the content of
            the video and of the weights.  Results of the same key are not made again.
        video: absolute path or URL of a video or folder of frames.
        prompts: content of a prompts file; its masks have absolute paths or URLs.
        options: the options of `tinysam2 track`, without those that the batch sets itself.
        writes_memory_report: whether the results include the memory decisions.
    """

    line: int
    name: str
    key: str
    video: str
    prompts: str
    options: tuple[str, ...] = ()
    writes_memory_report: bool = False


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How the jobs of a batch are run.

    Attributes:
        results: absolute path or URL of the folder for results.
        scratch: folder for what unfinished jobs have tracked, which workers must share so that
            another one can resume a job.
        threads: that a job computes with.
        restart_below_s: an interrupted job that had tracked for less time, in seconds, starts over.
        program: the command that runs `tinysam2`, without its arguments.
    """

    results: str
    scratch: str
    threads: int
    restart_below_s: float
    program: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job as it is given to a worker.

    Attributes:
        job: the job.
        settings: how it is run.
        attempt: 1 for the first.
        starts_over: whether what earlier attempts tracked is deleted.
        environment: variables that are set for its process.
    """

    job: BatchJob
    settings: RunSettings
    attempt: int = 1
    starts_over: bool = False
    environment: tuple[tuple[str, str], ...] = ()


class Ending(StrEnum):
    """How an attempt ended; LOST means that its process or worker disappeared."""

    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The end of an attempt.

    Attributes:
        ending: how it ended.
        reason: why it did not end well, in a sentence.
        frames: number of frames that were tracked.
        seconds: how long it took.
        is_resumed: whether it continued from what an earlier attempt had tracked, so that its
            masks may differ slightly from those of an undisturbed run.
    """

    ending: Ending
    reason: str = ""
    frames: int = 0
    seconds: float = 0.0
    is_resumed: bool = False
