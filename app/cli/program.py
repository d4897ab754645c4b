"""The entry point: parses the command line, runs a command and returns its exit status."""

import argparse
import io
import logging
import os
import select
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from app.cli import (
    batch,
    bench,
    check,
    demo,
    evaluate,
    export,
    import_masks,
    label,
    pack,
    prepare,
    propose,
    quantize,
    track,
    train,
    weights,
)
from app.cli.display import can_open_window
from app.cli.options import add_model_options, chosen_model
from app.cli.parsing import CommandParser
from app.core.errors import AppError, SourceError, UsageError
from app.core.version import program_version
from app.diagnostics.crash import crash_guard, earlier_crash
from app.diagnostics.log import program_log

PROGRAM = "tinysam2"
COMMANDS = {
    "track": track,
    "batch": batch,
    "propose": propose,
    "export": export,
    "import": import_masks,
    "check": check,
    "eval": evaluate,
    "label": label,
    "train": train,
    "pack": pack,
    "weights": weights,
    "prepare": prepare,
    "quantize": quantize,
    "bench": bench,
    "demo": demo,
}

DONE, FAILED, WRONG_USAGE, INTERRUPTED, OUTPUT_CLOSED = 0, 1, 2, 130, 141

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; reports errors on stderr.

    Args:
        argv: arguments without the program's name; `sys.argv` if None.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 if what reads the
        output, such as ``head``, has closed it.
    """
    _bound_thread_spinning()
    _replace_missing_streams()
    for stream in (sys.stdout, sys.stderr):  # names of files need not be UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    argv_list = list(sys.argv[1:] if argv is None else argv)
    is_debug = "--debug" in argv_list
    with program_log(is_debug), crash_guard():
        status = _run(argv_list, is_debug)
        _drop_unwritable_output()
        return status


def _run(argv_list: list[str], is_debug: bool) -> int:
    command = argv_list[0] if argv_list and argv_list[0] in COMMANDS else "window"
    _log.info("%s %s: %s", PROGRAM, program_version(), command)
    crash, is_command = earlier_crash(), command in COMMANDS
    if crash and is_command:
        _say(crash)
    try:
        status = _execute(argv_list, is_command, crash)
        print(end="", flush=True)  # here, where a closed output is handled
    except BrokenPipeError as error:
        return OUTPUT_CLOSED if _is_output_closed() else _report(error, is_debug)
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - any error becomes one line on stderr
        return _report(error, is_debug)
    return status


def _execute(argv_list: list[str], is_command: bool, crash: str) -> int:
    try:
        arguments = _parser(is_command).parse_args(argv_list)
    except SystemExit:  # argparse's own way out after --help and --version
        return DONE
    arguments.crash = crash
    status: int = arguments.run(arguments)
    return status


def _bound_thread_spinning() -> None:
    """Let OpenMP's threads wait as they serve both a quiet and a busy machine.

    By default they spin for so long that torch collapses next to other work.  GNU's library, which
    torch uses on Linux, reads the number of spins first; others know the policy only.  Settings of
    the environment stay.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _replace_missing_streams() -> None:
    """Let what is written to an output without a file, such as ``>&-``, go nowhere.

    Otherwise the next file that is opened would take its number, and what libraries print.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end


def _is_output_closed() -> bool:
    """Return whether nobody reads the output any more."""
    if sys.platform == "win32":  # where a pipe cannot be asked
        return True
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    closed = select.POLLERR | select.POLLHUP  # Linux reports the former, macOS the latter
    return any(events & closed for _, events in output.poll(0))


def _drop_unwritable_output() -> None:
    """Let what cannot be written go nowhere, since the interpreter flushes once more as it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _report(error: Exception, is_debug: bool) -> int:
    _log.info("the command failed", exc_info=error)  # with --debug also on the terminal
    is_known = isinstance(error, AppError)
    sentence = str(error) if is_known else f"unexpected {type(error).__name__}: {error}"
    hint = "" if is_known or is_debug else " (run it again with --debug for the details)"
    _say(f"{' '.join(sentence.split())}{hint}")
    return WRONG_USAGE if isinstance(error, UsageError) else FAILED


def _say(sentence: str) -> None:
    """Print a line on stderr; where it cannot be written, the exit status has to do."""
    with suppress(OSError):
        print(f"{PROGRAM}: {sentence}", file=sys.stderr)


def _parser(is_command: bool) -> argparse.ArgumentParser:
    parser = CommandParser(
        PROGRAM,
        description="Track objects through video and see what the tracker remembers.",
        usage=None if is_command else f"{PROGRAM} [PATH] | {PROGRAM} COMMAND ...",
        epilog=None if is_command else _command_list(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {program_version()}")
    if is_command:
        commands = parser.add_subparsers(metavar="COMMAND", required=True)
        for name, module in COMMANDS.items():
            command = commands.add_parser(name, description=_summary(module))
            module.add_arguments(command)
            _add_debug(command)
            command.set_defaults(run=module.run)
    else:
        parser.add_argument(
            "path", nargs="?", type=Path, help="a video, a frame folder or a project to open"
        )
        add_model_options(parser)
        _add_debug(parser)
        parser.set_defaults(run=_open_window, model=None, device=None)
        parser.set_defaults(engine=None, precision=None)
    return parser


def _command_list() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {_summary(module)}" for name, module in COMMANDS.items()]
    return "\n".join(["commands (`COMMAND --help` explains one):", *lines])


def _summary(module: ModuleType) -> str:
    return (module.__doc__ or "").strip()


def _add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--debug", action="store_true", help="show where a failure came from, and log everything"
    )


def _open_window(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.path
    if path is not None and not path.exists():
        raise SourceError(f"{path} does not exist.", f"See `{PROGRAM} --help` for the commands.")
    if not can_open_window():
        raise AppError(
            "There is no display to open the window on.",
            f"Set DISPLAY, or see `{PROGRAM} --help` for the commands that need none.",
        )
    from app.ui.application import run

    return run(path, chosen_model(arguments), arguments.crash)
