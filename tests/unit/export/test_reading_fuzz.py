"""Damaged files of every kind are read, or refused in one sentence; nothing else happens.

``TINYSAM2_FUZZ_CASES`` sets the number of cases of each parser in the slow test.
"""

import copy
import json
import os
import random
from pathlib import Path

import pytest

from app.core.cancel import CancelToken
from app.core.errors import ExportError
from app.export.registry import export
from app.export.selection import ExportOptions
from app.jobs.import_masks import ImportRequest, plan_job
from tests.unit.export.scene import FRAME_COUNT, SIZE_HW, BlankFrames, two_objects

CASES = int(os.environ.get("TINYSAM2_FUZZ_CASES", "200"))
PARSERS = (
    "coco", "coco_polygons", "coco_results", "youtube_vis", "sav", "labelme", "labelme_polygons",
    "cvat", "cvat_coco", "mots_txt", "davis", "youtube_vos", "sam2", "mots_png",
)  # fmt: skip
ODD_VALUES = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, -1e308, 1e308, float("nan"), float("inf"), "", "x",
    "\ud83d", "9" * 40, [], {}, [[]], [None], {"a": 1},
)  # fmt: skip


def mutated_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed) or 1)
        kind = chance.randrange(4)
        if kind == 0 and changed:
            changed[place] = chance.randrange(256)
        elif kind == 1:
            del changed[place : place + chance.randint(1, 40)]
        elif kind == 2:
            changed[place:place] = changed[place : place + chance.randint(1, 40)]
        elif kind == 3:
            changed[place:place] = chance.choice((b"9" * 30, b"-", b"[", b'"', b"\xff", b"\0"))
    return bytes(changed)


def mutated_json(data: bytes, chance: random.Random) -> bytes:
    """Change values of a JSON file, which stays JSON."""
    root = json.loads(data)
    for _ in range(chance.randint(1, 3)):
        node = root
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = chance.choice(keys)
            if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.25:
                action = chance.randrange(4)
                if action == 0:
                    del node[key]
                elif action == 1 and isinstance(node, list):
                    node.append(copy.deepcopy(node[key]))
                else:
                    node[key] = copy.deepcopy(chance.choice(ODD_VALUES))
                break
            node = node[key]
    return json.dumps(root).encode("utf-8", "replace")


def exported(name: str, folder: Path, source: BlankFrames) -> tuple[Path, list[Path]]:
    """Export a scene; returns what to import, and the files to damage."""
    form, options = name, ExportOptions()
    if name.endswith("_polygons"):
        form, options = name.removesuffix("_polygons"), ExportOptions(polygons=True)
    path = export(two_objects(), source, form, folder, options=options).paths[0]
    return path, [file for file in sorted(folder.rglob("*")) if file.is_file()]


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_files_are_read_or_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    check_damaged_files(name, tmp_path, 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_many_damaged_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    check_damaged_files(name, tmp_path, CASES)


def check_damaged_files(name: str, tmp_path: Path, cases: int) -> None:
    source = BlankFrames(SIZE_HW, FRAME_COUNT)
    path, files = exported(name, tmp_path, source)
    originals = {file: file.read_bytes() for file in files}
    chance = random.Random(name)
    for _ in range(cases):
        file = chance.choice(files)
        is_json = file.suffix == ".json" and chance.random() < 0.7
        change = mutated_json if is_json else mutated_bytes
        file.write_bytes(change(originals[file], chance))
        sentence = ""
        try:
            for _ in plan_job(two_objects(), source, ImportRequest(path))(CancelToken()):
                pass
        except ExportError as error:
            sentence = str(error)
        assert "\n" not in sentence
        assert len(sentence) < 1000
        file.write_bytes(originals[file])
