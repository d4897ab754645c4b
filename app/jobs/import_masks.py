"""Read masks from files into an open project, after a dry run that says what would happen."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core import rules
from app.core.cancel import CancelToken, Job
from app.core.document import Document, FrameMask
from app.core.errors import ExportError
from app.export.naming import listed
from app.export.reading.matching import FrameMatcher
from app.export.reading.opening import read_masks
from app.media.frames import FrameSource


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import.

    Attributes:
        path: the file or folder, see `read_masks`.
        video: name of the video in the file, where it has several and none is named like this one.
    """

    path: Path
    video: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """What would become of an object of the file.

    Attributes:
        file_id: its number in the file; negative where the file has none.
        name: name.
        category: category.
        mask_count: masks on frames of the video.
        object_id: the object of the document that an update changes; None if there is none.
        replaced: masks of that object which an update replaces.
        kept: masks that an update keeps, since that object is locked or they are verified.
    """

    file_id: int
    name: str
    category: str
    mask_count: int
    object_id: int | None = None
    replaced: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The result of a dry run: everything was read, nothing changed.

    Attributes:
        request: what was asked for.
        format: what the file is.
        objects: those with masks on frames of the video, in the order of the file.
        matched_frames: number of frames with masks that are frames of the video.
        missed_frames: names of those that are not.
        notes: what was assumed.
    """

    request: ImportRequest
    format: str
    objects: tuple[PlannedObject, ...]
    matched_frames: int
    missed_frames: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportStep:
    """The masks of one frame, by the object ids of the file.

    Attributes:
        frame: index of the frame.
        masks: masks at the resolution of the video, with what the file says about them.
        names: name and category of all objects of the import, by object id of the file.
        object_ids: object id of the file -> object id of the document.  Shared by all steps of a
            job and filled in as objects are added, on the document's thread only.
        merge_key: the step of undo that the import is.
    """

    frame: int
    masks: dict[int, FrameMask]
    names: Mapping[int, tuple[str, str]]
    object_ids: dict[int, int]
    merge_key: int


def plan_job(document: Document, source: FrameSource, request: ImportRequest) -> Job:
    """Read all masks without importing them; yields None for each frame, last an `ImportPlan`.

    The job raises `ExportError` when a file cannot be read or none of its frames is in the video,
    and `ChoiceError` when it holds several videos.
    """
    snapshot = document.copy()
    matcher, size_hw, name = FrameMatcher(source), source.size_hw, source.name

    def run(token: CancelToken) -> Iterator[ImportPlan | None]:
        found = read_masks(request.path, size_hw, name, request.video)
        frames: dict[int, list[int]] = {}  # of each object, in the video
        missed: list[str] = []
        matched = set()
        for ref, masks in found.frames:
            token.raise_if_cancelled()
            frame = matcher.find(ref)
            if frame is None:
                missed += [str(ref)] if masks else []
            elif masks:
                matched.add(frame)
                for file_id in masks:
                    frames.setdefault(file_id, []).append(frame)
            yield None
        _check_found(request.path, matched, missed)
        order = [file_id for file_id in found.names if file_id in frames]
        order += [file_id for file_id in frames if file_id not in found.names]
        order.sort(key=lambda file_id: file_id < 0)  # those with numbers keep them, if they can
        names = {i: found.names.get(i, (f"object {i}", "object")) for i in order}
        targets = _targets(snapshot, names)
        objects = tuple(
            _planned(snapshot, file_id, names[file_id], frames[file_id], targets.get(file_id))
            for file_id in order
        )
        notes = tuple(dict.fromkeys(found.notes))
        yield ImportPlan(request, found.format, objects, len(matched), tuple(missed), notes)

    return run


def _check_found(path: Path, matched: set[int], missed: list[str]) -> None:
    if matched:
        return
    if not missed:
        raise ExportError(f"{path} has no mask that shows anything.")
    raise ExportError(
        f"No frame of {path} is in the video: {listed(missed)}.",
        "Open the video that the masks were made for.",
    )


def _targets(document: Document, names: Mapping[int, tuple[str, str]]) -> dict[int, int]:
    """Find the objects to update: of the same number and name, else the only one of the name."""
    by_name = Counter(tracked.name for tracked in document.objects)
    ids = {tracked.name: tracked.object_id for tracked in document.objects}
    targets: dict[int, int] = {}
    for file_id, (name, _) in names.items():
        same = document.find(file_id)
        if same is not None and name in (same.name, f"object {file_id}"):
            targets[file_id] = file_id
        elif by_name[name] == 1:
            targets[file_id] = ids[name]
    once = Counter(targets.values())
    return {file_id: target for file_id, target in targets.items() if once[target] == 1}


def _planned(
    document: Document,
    file_id: int,
    name: tuple[str, str],
    frames: list[int],
    target: int | None,
) -> PlannedObject:
    replaced = kept = 0
    if target is not None:
        for frame in frames:
            is_free = rules.is_mask_editable(document, target, frame)
            kept += not is_free
            replaced += is_free and document.mask(target, frame) is not None
    return PlannedObject(file_id, *name, len(frames), target, replaced, kept)


def import_job(
    plan: ImportPlan, source: FrameSource, merge_key: int, is_update: bool = False
) -> Job:
    """Read the masks of a plan again; yields an `ImportStep` for each frame of the video.

    Args:
        plan: the result of `plan_job`.
        source: the video; masks must have its size.
        merge_key: the step of undo that the import is.
        is_update: replace masks of the objects that the plan found in the document; otherwise
            every object of the file becomes a new one.
    """
    request = plan.request
    matcher, size_hw, name = FrameMatcher(source), source.size_hw, source.name
    names = {each.file_id: (each.name, each.category) for each in plan.objects}
    object_ids = {
        each.file_id: each.object_id
        for each in plan.objects
        if is_update and each.object_id is not None
    }

    def run(token: CancelToken) -> Iterator[ImportStep]:
        found = read_masks(request.path, size_hw, name, request.video)
        for ref, masks in found.frames:
            token.raise_if_cancelled()
            frame = matcher.find(ref)
            if frame is not None and masks:
                planned = {i: found.row(ref, i, mask) for i, mask in masks.items() if i in names}
                yield ImportStep(frame, planned, names, object_ids, merge_key)

    return run
