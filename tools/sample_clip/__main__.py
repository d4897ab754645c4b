"""`python -m tools.sample_clip FOLDER` renders the sample clip into a folder."""

import argparse
from pathlib import Path

from .video import SampleClip, write_clip

parser = argparse.ArgumentParser(prog="python -m tools.sample_clip", description=__doc__)
parser.add_argument("folder", type=Path, help="where to write sample.mp4, masks and prompts.json")
write_clip(parser.parse_args().folder, SampleClip())
