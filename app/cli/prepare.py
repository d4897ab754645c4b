"""Prepare a network for this computer; the window does it when it opens a video."""

import argparse
import os
import time
from pathlib import Path

from app.cli.options import add_model_options, model_settings
from app.cli.parent_watch import end_when_stdin_closes
from app.jobs.prepare import prepare_engine
from app.media.source import open_source
from app.tracking.model_catalog import load_model

NICENESS = 10  # it runs in the background of the window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", type=Path, metavar="VIDEO", help="with frames of the size to come")
    add_model_options(parser)
    parser.add_argument("--watched", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Export and measure the stages of the network; returns the exit status."""
    if arguments.watched:
        end_when_stdin_closes()
        if hasattr(os, "nice"):
            os.nice(NICENESS)
    start = time.monotonic()
    backend = load_model(model_settings(arguments))
    with open_source(arguments.path) as source:
        prepare_engine(backend, source)
    print(f"{backend.description.summary}: prepared in {time.monotonic() - start:.0f} s")
    return 0
