"""Read the jobs of a batch; each line has the options of `tinysam2 track` by their names."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from app.batch.execution import MAX_MASK_BYTES, mask_prompts, read_bounded
from app.batch.jobs import BatchJob
from app.batch.results import LOGS
from app.batch.summary import SUMMARY
from app.cli import track
from app.cli.export_options import chosen_formats, export_options, stepped
from app.cli.options import chosen_frames, model_settings
from app.cli.parsing import CommandParser
from app.cli.prompts_file import MAX_FILE_BYTES, read_json
from app.core.errors import AppError, UsageError
from app.export.naming import file_stem
from app.media.remote import is_url, source_path
from app.media.source import identify_source

T = TypeVar("T")
HINT = "See docs/batch.md."
MAX_LINE_CHARACTERS = 16 << 20
MAX_JOBS = 1_000_000
REQUIRED = ("video", "prompts")
OWN = ("name", "video", "prompts", "memory_report")
SET_BY_BATCH = {"help", "video", "prompts", "out", "resume", "json", "overwrite", "new_name"}
SET_BY_BATCH |= {"until_stdin_closes", "memory_report"}


def read_jobs(path: Path) -> list[BatchJob]:
    """Read a jobs file; relative paths in it are relative to its folder.

    Raises:
        UsageError: it cannot be read, or something in a line is wrong; the message has the number
            of the line.
    """
    jobs: dict[str, BatchJob] = {}
    for number, text in _lines(path):
        try:
            job = _JobReader(path.absolute().parent, number).read(text)
            if other := jobs.get(job.name):
                sentence = f"the name {job.name!r} is that of line {other.line} already."
                raise UsageError(sentence, 'Give it another "name".')
        except (AppError, OSError, RecursionError) as error:
            sentence = getattr(error, "sentence", f"{error}.")
            hint = getattr(error, "hint", "")
            raise UsageError(f"{path}, line {number}: {sentence}", hint) from error
        jobs[job.name] = job
    if not jobs:
        raise UsageError(f"{path} holds no jobs.", HINT)
    return list(jobs.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number in range(1, MAX_JOBS + 1):
                line = file.readline(MAX_LINE_CHARACTERS + 1)
                if not line:
                    return
                if len(line) > MAX_LINE_CHARACTERS:
                    raise UsageError(f"{path}, line {number}: it is too long.", HINT)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"The jobs file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a text file in UTF-8.") from error
    raise UsageError(f"{path} has more than {MAX_JOBS} lines.")


@cache
def _track_parser() -> CommandParser:
    parser = CommandParser("tinysam2 track", add_help=False)
    track.add_arguments(parser)
    return parser


@cache
def _options() -> dict[str, argparse.Action]:
    actions = {action.dest: action for action in _track_parser()._actions}  # no public list
    return {name: action for name, action in actions.items() if name not in SET_BY_BATCH}


class _JobReader:
    def __init__(self, folder: Path, line: int) -> None:
        self._folder = folder
        self._line = line

    def read(self, text: str) -> BatchJob:
        entry = self._entry(text)
        video = self._place(entry["video"], "video")
        options = [word for name in entry for word in self._words(name, entry[name])]
        parsed = _track_parser().parse_args([video, "--prompts", "-", "--out", "-", *options])
        _check(parsed)
        prompts = self._prompts(entry["prompts"])
        has_report = _checked(entry.get("memory_report", False), bool, "memory_report")
        key = _key(parsed, video, prompts, has_report)
        default_name = f"{file_stem(parsed.video.stem)}-{key[:8]}"
        return BatchJob(
            self._line,
            _checked_name(_checked(entry.get("name", default_name), str, "name")),
            key,
            video,
            json.dumps(prompts),
            tuple(options),
            has_report,
        )

    def _entry(self, text: str) -> dict[str, Any]:
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError("it is not valid JSON.", HINT) from error
        if not isinstance(entry, dict):
            raise UsageError("it must be a JSON object.", HINT)
        entry = {name.replace("-", "_"): value for name, value in entry.items()}
        known = [*OWN, *_options()]
        if unknown := [name for name in entry if name not in known]:
            raise UsageError(f"there is no option {unknown[0]!r}.", f"Known: {', '.join(known)}.")
        if missing := [name for name in REQUIRED if name not in entry]:
            raise UsageError(f"{missing[0]!r} is missing.", HINT)
        return entry

    def _place(self, value: object, name: str) -> str:
        """Return a path or URL, a path absolute."""
        text = _checked(value, str, name)
        return text if is_url(text) else str(self._folder / text)

    def _words(self, name: str, value: object) -> list[str]:
        """Return an option as it stands on a command line."""
        if name in OWN:
            return []
        action = _options()[name]
        flag = action.option_strings[-1]
        if action.nargs == 0:
            return [flag] if _checked(value, bool, name) else []
        if name == "checkpoint":
            return [f"{flag}={self._folder / _checked(value, str, name)}"]
        takes_list = action.type is None  # options of text, such as "format" and "objects"
        values = value if isinstance(value, list) and takes_list else [value]
        for each in values:
            if isinstance(each, bool) or not isinstance(each, str | int | float):
                raise UsageError(f"{name!r} must be text or a number, got {each!r}.", HINT)
        return [f"{flag}={','.join(map(str, values))}"]

    def _prompts(self, value: object) -> Any:  # noqa: ANN401 - checked when the job runs
        """Return the content of a prompts file, with absolute paths of masks."""
        content, base = value, str(self._folder)
        if isinstance(value, str):
            place = self._place(value, "prompts")
            content = _read_remote(place) if is_url(place) else read_json(Path(place))
            base = place.rpartition("/")[0] if is_url(place) else str(Path(place).parent)
        if not isinstance(content, dict) or not isinstance(content.get("objects"), list):
            raise UsageError('the prompts must be {"objects": [...]}.', HINT)
        for prompt in mask_prompts(content):
            mask = prompt["mask"]
            if is_url(mask):  # an untrusted prompts file must not cause network requests
                raise UsageError(f"a mask must be a file beside its prompts, got {mask!r}.", HINT)
            prompt["mask"] = f"{base}/{mask}" if is_url(base) else str(Path(base) / mask)
        return content


def _read_remote(url: str) -> Any:  # noqa: ANN401 - checked by the caller
    try:
        return json.loads(read_bounded(url, MAX_FILE_BYTES))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the prompts at {url} are not valid JSON.") from error


def _check(parsed: argparse.Namespace) -> None:
    """Check what can be checked of a job without opening its video."""
    chosen_formats(parsed.format)
    export_options(parsed)
    model_settings(parsed)
    stepped(range(1), parsed)
    chosen_frames(parsed.range, sys.maxsize)


def _checked(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        words = {str: "text", bool: "true or false"}
        raise UsageError(f"{name!r} must be {words[kind]}, got {value!r}.", HINT)
    return value


def _checked_name(name: str) -> str:
    if name != file_stem(name) or name.lower() in (LOGS, SUMMARY):  # file systems may ignore case
        raise UsageError(f"{name!r} cannot be the name of a folder with results.", HINT)
    return name


def _key(parsed: argparse.Namespace, video: str, prompts: object, has_report: bool) -> str:
    """Return the hash of all that the results depend on."""
    content = json.loads(json.dumps(prompts))
    for prompt in mask_prompts(content):
        prompt["mask"] = _mask_sha256(prompt["mask"])
    parser = _track_parser()
    chosen = {name: str(value) for name, value in vars(parsed).items() if name in _options()}
    defaults = {name: str(parser.get_default(name)) for name in chosen}
    values: Mapping[str, object] = {
        "video": identify_source(source_path(video)),
        "prompts": content,
        "weights": _weights_sha256(parsed.model, parsed.checkpoint),
        "options": {n: v for n, v in chosen.items() if v != defaults[n] and n != "checkpoint"},
        "memory_report": has_report,
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _mask_sha256(place: str) -> str:
    if is_url(place):
        return hashlib.sha256(read_bounded(place, MAX_MASK_BYTES)).hexdigest()
    try:
        return hashlib.sha256(Path(place).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"the mask {place} cannot be read: {error.strerror}.") from error


@cache
def _weights_sha256(model: str, checkpoint: Path | None) -> str:
    from app.tracking.model_catalog import state_of

    path = checkpoint or state_of(model)[1]
    if path is None:
        raise UsageError(
            f"the weights of {model} are not stored.", f"`tinysam2 weights get {model}` does it."
        )
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
