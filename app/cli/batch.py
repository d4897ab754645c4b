"""Run many tracking jobs, on the cores of this computer or on a cluster."""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from app.batch.dask_pool import DaskPool, connect
from app.batch.jobs import BatchJob, Ending, RunSettings
from app.batch.local_pool import LocalPool
from app.batch.machine import available_bytes, fitting_workers, usable_cores
from app.batch.results import SCRATCH, ResultsFolder, only_batch, open_results
from app.batch.scheduler import JobRecord, Scheduler, WorkerPool
from app.batch.summary import SUMMARY, summary_table, summary_values
from app.cli.batch_jobs import read_jobs
from app.cli.options import add_json_option
from app.cli.progress import Progress
from app.cli.signals import ended_by_signals
from app.core.errors import ExportError, UsageError
from app.core.own_command import this_program
from app.export.naming import counted
from app.media.remote import is_url
from app.storage.home import home_folder

RESTART_BELOW_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("jobs", type=Path, metavar="JOBS.jsonl", help="one JSON object per line")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder or URL to write to")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="jobs at once (default: what the computer fits)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each job")
    parser.add_argument(
        "--gpus-per-job", type=int, default=0, metavar="N", help="GPUs of each job (default: 0)"
    )
    parser.add_argument("--cluster", metavar="ADDRESS", help="Dask scheduler to give the jobs to")
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="DIR",
        help="folder for what unfinished jobs tracked (default: in --out)",
    )
    parser.add_argument(
        "--restart-below",
        type=float,
        default=RESTART_BELOW_S,
        metavar="SECONDS",
        help="an interrupted job that tracked for less starts over, others are resumed "
        f"(default: {RESTART_BELOW_S:g})",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    _check_numbers(arguments)
    jobs = read_jobs(arguments.jobs)
    place = arguments.out if is_url(arguments.out) else str(Path(arguments.out).absolute())
    results, started = open_results(place), time.monotonic()
    with ended_by_signals(), only_batch(place):
        records = [JobRecord(job) for job in jobs]
        for record in records:
            if results.finished_key(record.job.name) == record.job.key:
                record.state = "skipped"
        waiting = [record.job for record in records if not record.is_over]
        with _pool(arguments, waiting) if waiting else nullcontext() as found:
            # The summary is written inside the pool's context: without a pool, the summary of an
            # earlier batch stays, and an error in closing the pool does not lose the new one.
            try:
                if found is not None:
                    _run_jobs(arguments, place, records, *found)
            finally:
                summary = summary_values(records, time.monotonic() - started)
                _write_summary(results, place, summary)
    print(json.dumps(summary) if arguments.json else summary_table(summary))
    return 1 if any(record.state == "failed" for record in records) else 0


def _write_summary(results: ResultsFolder, place: str, summary: dict[str, Any]) -> None:
    try:
        results.write_text(SUMMARY, json.dumps(summary, indent=1) + "\n")
    except OSError as error:
        raise ExportError(f"{place} cannot be written: {error}.") from error


def _check_numbers(arguments: argparse.Namespace) -> None:
    for name, least in (("workers", 1), ("threads", 1), ("gpus_per_job", 0), ("restart_below", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} must be at least {least}, got {value}.")
    if arguments.cluster and arguments.workers:
        raise UsageError("--workers is for this computer.", "The cluster has its own number.")


def _run_jobs(
    arguments: argparse.Namespace,
    place: str,
    records: Sequence[JobRecord],
    pool: WorkerPool,
    threads: int,
) -> None:
    progress = Progress("batch", "jobs")

    def report(record: JobRecord) -> None:
        outcome = record.outcome
        if outcome is not None and outcome.ending is not Ending.DONE:
            next_step = "gives up" if record.is_over else "tries again"
            print(f"{record.job.name}: {outcome.reason} The batch {next_step}.", file=sys.stderr)
        progress.update(sum(each.is_over for each in records), len(records))

    settings = RunSettings(
        place,
        str(_scratch(arguments, place)),
        threads,
        arguments.restart_below,
        this_program(),
    )
    Scheduler(records, pool, settings, report, lambda text: print(text, file=sys.stderr)).run()


@contextmanager
def _pool(
    arguments: argparse.Namespace, jobs: Sequence[BatchJob]
) -> Iterator[tuple[WorkerPool, int]]:
    """Make the pool, and say how many threads a job has; the cluster's workers may decide."""
    if arguments.cluster:

        def say(text: str) -> None:
            print(f"batch: {text}", file=sys.stderr)

        client = connect(arguments.cluster, say)
        with DaskPool(client, arguments.threads, arguments.gpus_per_job) as pool:
            say(f"{counted(len(jobs), 'job')} on {arguments.cluster}")
            yield pool, arguments.threads or 1
        return
    gpus = _gpu_groups(arguments.gpus_per_job)
    cores = usable_cores()
    most = len(gpus) if gpus else fitting_workers(cores, available_bytes(), len(jobs))
    workers = arguments.workers or min(most, len(jobs))
    if gpus and workers > len(gpus):
        raise UsageError(f"--workers {workers} need more GPUs than there are.")
    threads = arguments.threads or max(1, cores // workers)
    print(
        f"batch: {counted(len(jobs), 'job')}, {workers} at once with {counted(threads, 'thread')}",
        file=sys.stderr,
    )
    yield LocalPool(workers, gpus), threads


def _gpu_groups(per_job: int) -> list[str]:
    """Return the GPUs of this computer in groups for one job each.

    Raises:
        UsageError: there are too few.
    """
    if not per_job:
        return []
    names = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    if not names:
        from app.tracking.model_catalog import ModelCatalog

        devices = ModelCatalog().available().devices
        names = [name.partition(":")[2] or "0" for name in devices if name.startswith("cuda")]
        names = list(dict.fromkeys(names))
    groups = [names[i : i + per_job] for i in range(0, len(names) - per_job + 1, per_job)]
    if not groups:
        raise UsageError(f"--gpus-per-job {per_job} needs more GPUs than the {len(names)} here.")
    return [",".join(group) for group in groups]


def _scratch(arguments: argparse.Namespace, place: str) -> Path:
    if arguments.scratch:
        return Path(arguments.scratch).absolute()
    if is_url(place):
        digest = hashlib.sha256(place.encode()).hexdigest()[:12]
        return home_folder() / "batches" / digest
    return Path(place) / SCRATCH
