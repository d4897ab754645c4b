"""Run one job in a process of its own: `tinysam2 track`, its log, and where its results go."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from app.batch.jobs import JOB_FILE, Assignment, AttemptOutcome, BatchJob, Ending
from app.batch.results import open_results
from app.core.errors import AppError
from app.core.version import program_version
from app.media.frames import reading
from app.media.remote import RemotePath, is_url
from app.storage.opening import PROJECT_SUFFIX

POLL_S = 0.2
GRACE_S = 20.0
"""Time that a stopped job has to save what it tracked; it is saved with every frame in any case."""

MEMORY_REPORT = "memory.json"
PROMPTS = "prompts.json"
MAX_MASK_BYTES = 64 << 20

_NO_REASON = "It ended without a message"


def run_job(assignment: Assignment, should_stop: Callable[[], bool]) -> AttemptOutcome:
    """Run a job until it ends or is to be stopped; results appear only if it is done.

    Args:
        assignment: the job and how to run it.
        should_stop: asked several times a second.
    """
    job, settings = assignment.job, assignment.settings
    results = open_results(settings.results)
    if results.finished_key(job.name) == job.key:  # its worker was lost after it
        return AttemptOutcome(Ending.DONE)
    scratch = Path(settings.scratch)
    folder = scratch / f"{job.name}-{job.key[:8]}"
    log = results.log_file(job.name, scratch)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        is_resumed = _prepare(folder, assignment)
        outcome = _run_process(assignment, folder, log, should_stop)
        if outcome.ending is Ending.DONE:
            described = _described(assignment, folder, is_resumed)
            (folder / "out" / JOB_FILE).write_text(json.dumps(described, indent=1) + "\n", "utf-8")
            results.publish(folder / "out", job.name)
            shutil.rmtree(folder, ignore_errors=True)
            outcome = _done(described, outcome.seconds)
        results.keep_log(job.name, scratch)
    except AppError as error:  # a mask at a URL cannot be fetched
        return AttemptOutcome(Ending.FAILED, str(error))
    except (OSError, ValueError) as error:
        return AttemptOutcome(Ending.FAILED, f"Its results cannot be written: {error}.")
    return outcome


def _prepare(folder: Path, assignment: Assignment) -> bool:
    """Make the folder of a job; returns whether it continues what an earlier attempt tracked."""
    out, started, resumed = folder / "out", folder / "started", folder / "resumed"
    project = next(out.glob(f"*{PROJECT_SUFFIX}"), None)
    if project is not None and not assignment.starts_over and not resumed.exists():
        tracked_s = project.stat().st_mtime - started.stat().st_mtime if started.exists() else 0.0
        if tracked_s >= assignment.settings.restart_below_s:
            resumed.touch()
    if not resumed.exists() or assignment.starts_over:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    started.touch()
    (folder / PROMPTS).write_text(_with_local_masks(assignment.job, folder), "utf-8")
    return resumed.exists()


def _with_local_masks(job: BatchJob, folder: Path) -> str:
    """Fetch the masks of prompts that are at URLs; returns the prompts with their local paths."""
    content = json.loads(job.prompts)
    for number, prompt in enumerate(mask_prompts(content)):
        if is_url(prompt["mask"]):
            local = folder / "masks" / f"{number}.png"
            local.parent.mkdir(exist_ok=True)
            local.write_bytes(read_bounded(prompt["mask"], MAX_MASK_BYTES))
            prompt["mask"] = str(local)
    return json.dumps(content)


def mask_prompts(content: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401 - checked when tracked
    """Yield the entries of a prompts file that name a mask; whatever else is wrong with it."""
    objects = content.get("objects") if isinstance(content, dict) else None
    for entry in objects if isinstance(objects, list) else ():
        prompts = entry.get("prompts") if isinstance(entry, dict) else None
        for prompt in prompts if isinstance(prompts, list) else ():
            if isinstance(prompt, dict) and isinstance(prompt.get("mask"), str):
                yield prompt


def read_bounded(url: str, most_bytes: int) -> bytes:
    """Read a file at a URL into memory.

    Raises:
        SourceError: it cannot be read, or is larger than ``most_bytes``.
    """
    path = RemotePath.of(url)
    with reading(path):
        with path.open() as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise OSError(f"it is larger than {most_bytes >> 20} MB")
    return content


def _command(assignment: Assignment, folder: Path) -> list[str]:
    job, out = assignment.job, folder / "out"
    report = ["--memory-report", str(out / MEMORY_REPORT)] if job.writes_memory_report else []
    fixed = ["--resume", "--overwrite", "--json", "--until-stdin-closes"]
    return [
        *assignment.settings.program,
        *("track", job.video, "--prompts", str(folder / PROMPTS), "--out", str(out)),
        *fixed,
        *report,
        *job.options,
    ]


def _environment(assignment: Assignment) -> Mapping[str, str]:
    threads = str(assignment.settings.threads)
    return {**os.environ, "OMP_NUM_THREADS": threads, **dict(assignment.environment)}


def _run_process(
    assignment: Assignment, folder: Path, log: Path, should_stop: Callable[[], bool]
) -> AttemptOutcome:
    started, was_stopped = time.monotonic(), False
    with log.open("ab") as errors, (folder / "printed").open("wb") as printed:
        headline = f"--- attempt {assignment.attempt}, {time.strftime('%Y-%m-%d %H:%M:%S')}\n"
        errors.write(headline.encode())
        errors.flush()
        begin = errors.tell()
        with subprocess.Popen(
            _command(assignment, folder),
            env=_environment(assignment),
            stdin=subprocess.PIPE,  # closes when this process ends, however it does
            stdout=printed,
            stderr=errors,
            start_new_session=True,  # Ctrl+C in the terminal is this process's to handle
        ) as process:
            while (status := _status(process, POLL_S)) is None:
                if should_stop():
                    was_stopped = True
                    _stop(process)
    seconds = time.monotonic() - started
    if status == 0:
        return AttemptOutcome(Ending.DONE, seconds=seconds)
    if was_stopped:
        return AttemptOutcome(Ending.STOPPED, seconds=seconds)
    ending = Ending.LOST if status < 0 else Ending.FAILED
    return AttemptOutcome(ending, _reason(status, log, begin), seconds=seconds)


def _status(process: "subprocess.Popen[bytes]", timeout_s: float) -> int | None:
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    if _status(process, GRACE_S) is None:
        process.kill()


def _reason(status: int, log: Path, begin: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        return f"Its process was ended by {name}."
    with log.open("rb") as file:
        lines = _last_lines(file, begin)
    return lines[-1].removeprefix("tinysam2: ") if lines else f"{_NO_REASON} (status {status})."


def _last_lines(file: IO[bytes], begin: int) -> list[str]:
    file.seek(0, os.SEEK_END)
    file.seek(max(begin, file.tell() - 4096))
    return [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def _described(assignment: Assignment, folder: Path, is_resumed: bool) -> dict[str, Any]:
    """Return the content of `JOB_FILE`; its paths are relative to the folder of the job."""
    job, out = assignment.job, folder / "out"
    result = json.loads((folder / "printed").read_text("utf-8"))
    for report in result.get("exports", {}).values():
        report["paths"] = [Path(path).relative_to(out).as_posix() for path in report["paths"]]
    return {
        "key": job.key,
        "name": job.name,
        "video": job.video,
        "options": list(job.options),
        "program": program_version(),
        "attempt": assignment.attempt,
        "is_resumed": is_resumed,
        **result,
    }


def _done(described: Mapping[str, Any], seconds: float) -> AttemptOutcome:
    return AttemptOutcome(
        Ending.DONE,
        frames=int(described.get("frames", 0)),
        seconds=seconds,
        is_resumed=bool(described["is_resumed"]),
    )
