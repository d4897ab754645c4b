"""Damage files that users give to the program beside videos and projects: prompts and masks."""

import copy
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from app.cli.prompts_file import read_prompts
from app.core.cancel import CancelToken
from app.export.registry import export
from app.export.selection import ExportOptions
from app.jobs.import_masks import ImportRequest, plan_job
from tests.unit.export.scene import FRAME_COUNT, SIZE_HW, BlankFrames, two_objects

PROMPTS = "prompts"
IMPORTS = (
    "coco", "coco_polygons", "coco_results", "youtube_vis", "sav", "labelme", "labelme_polygons",
    "cvat", "cvat_coco", "mots_txt", "davis", "youtube_vos", "sam2", "mots_png",
)  # fmt: skip
ODD_VALUES = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, -1e308, 1e308, float("nan"), float("inf"), "", "x",
    "\ud83d", "a\0b", "../x", "9" * 400, [], {}, [[]], [None], {"a": 1}, [[1, 2, 3]] * 99,
)  # fmt: skip
Case = tuple[str, Callable[[], object]]


def mutated_text(data: bytes, chance: random.Random) -> bytes:
    """Change, delete, repeat or insert bytes."""
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
            changed[place:place] = chance.choice(
                (b"9" * 30, b"9" * 9000, b"-", b"[" * 5000, b"[", b'"', b"\xff", b"\0")
            )
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


def mutated_image(data: bytes, chance: random.Random) -> bytes:
    """Change size, mode or pixels of an image, which stays an image; it may get more frames."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        changed = image.copy()
    for _ in range(chance.randint(1, 2)):
        kind = chance.randrange(4)
        if kind == 0:
            width, height = (chance.choice((1, 2, side, side + 1, 900)) for side in changed.size)
            changed = changed.resize((width, height))
        elif kind == 1:
            modes = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
            changed = changed.convert("L").convert(chance.choice(modes))
        elif kind == 2:
            most = 2 if changed.mode == "1" else 256
            place = tuple(chance.randrange(side) for side in changed.size)
            value = tuple(chance.randrange(most) for _ in changed.getbands())
            changed.putpixel(place, value if len(value) > 1 else value[0])
        else:
            pixels = np.random.default_rng(chance.randrange(99)).integers(0, 1 << 16, SIZE_HW)
            changed = Image.fromarray(pixels.astype(chance.choice((np.uint8, np.uint16))))
    file, is_animated = BytesIO(), changed.mode != "I;16" and chance.random() < 0.1
    changed.save(file, "PNG", save_all=is_animated, append_images=[changed] * is_animated)
    return file.getvalue()


def mutated_zip(data: bytes, chance: random.Random) -> bytes:
    """Damage the JSON in an archive, whose checksums stay right; its names may change, too."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            damage = mutated_json if chance.random() < 0.7 else mutated_text
            renamed = chance.choice(("../x.json", "/x.json", "x.json", f"{name}/a.json"))
            to = renamed if chance.random() < 0.05 else name
            new.writestr(to, damage(old.read(name), chance))
    return file.getvalue()


INSIDE = {".json": mutated_json, ".png": mutated_image, ".zip": mutated_zip}
"""How to damage what a file holds rather than the file, by suffix."""


def _exported(name: str, folder: Path, source: BlankFrames) -> Path:
    form, options = name, ExportOptions()
    if name.endswith("_polygons"):
        form, options = name.removesuffix("_polygons"), ExportOptions(polygons=True)
    return export(two_objects(), source, form, folder, options=options).paths[0]


def _prompts(folder: Path) -> Path:
    pixels = np.zeros(SIZE_HW, np.uint8)
    pixels[3:20, 4:30] = 3
    Image.fromarray(pixels).save(folder / "mask.png")
    prompts = [
        {"frame": 0, "points": [[4.5, 6, 1], [20, 20, 0]], "box": [0, 0, 60, 40]},
        {"frame": 2, "mask": "mask.png", "label": 3},
    ]
    objects = [
        {"id": 1, "name": "dog", "category": "animal", "prompts": prompts},
        {"id": 2, "prompts": [{"frame": 1, "points": [[1, 1, 1]]}]},
    ]
    path = folder / "prompts.json"
    path.write_text(json.dumps({"objects": objects}))
    return path


def file_cases(kind: str, count: int, seed: int, folder: Path) -> Iterator[Case]:
    """Yield what was damaged, and a function that reads it, one at a time.

    Args:
        kind: `PROMPTS`, or one of `IMPORTS`.
        count: number of cases.
        seed: of the chance.
        folder: an empty folder for the files.
    """
    source = BlankFrames(SIZE_HW, FRAME_COUNT)
    path = _prompts(folder) if kind == PROMPTS else _exported(kind, folder, source)

    def read() -> None:
        if kind == PROMPTS:
            read_prompts(path, FRAME_COUNT, SIZE_HW)
            return
        for _ in plan_job(two_objects(), source, ImportRequest(path))(CancelToken()):
            pass

    originals = {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
    chance = random.Random(f"{kind} {seed}")
    for number in range(count):
        file = chance.choice(list(originals))
        damage = INSIDE.get(file.suffix, mutated_text) if chance.random() < 0.7 else mutated_text
        file.write_bytes(damage(originals[file], chance))
        yield f"{file.name}, case {number}", read
        file.write_bytes(originals[file])
    made = {file for file in folder.rglob("*") if file.is_file()} - originals.keys()
    assert not made, f"files that reading must not write: {made}"
