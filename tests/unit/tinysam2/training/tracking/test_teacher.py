from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.toys import randomize_norms, set_presence
from tinysam2.config import FULL_MEMORY, ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.training.engine.fingerprints import of_network
from tinysam2.training.teacher_losses import TeacherLoss, copying_loss, relative_error
from tinysam2.training.tracking.rollout import rollout
from tinysam2.training.tracking.teacher import Teacher

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)
OURS = replace(SMALL, dim=64, image_size=128)
OF_SAM2_KIND = replace(OURS, follows_sam2=True, wide_neck=True, memory=FULL_MEMORY)
ONLY_MASKS = TeacherLoss(embedding=0, memory=0, tokens=0)
PARTS = ("embedding", "memory", "tokens", "masks")


def network(config: ModelConfig, seed: int) -> TinySam2:
    torch.manual_seed(seed)
    made = TinySam2(config).eval()
    randomize_norms(made)
    return made


def square(x: int, side: int = 32) -> Tensor:
    mask = torch.zeros(1, side, side, dtype=torch.bool)
    mask[:, 8:24, x : x + 16] = True
    return mask


def logits(*masks: Tensor) -> Tensor:
    return torch.cat([(m.float() - 0.5) * 40 for m in masks])[None]


def clip(length: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    masks = torch.zeros(2, length, 64, 64, dtype=torch.bool)
    masks[..., 10:40, 10:40] = True
    return torch.randn(2, length, 3, 64, 64), masks, torch.zeros_like(masks)


def loss_of(student: TinySam2, teacher: Teacher | None, seed: int = 3) -> Tensor:
    return rollout(student, *clip(), torch.Generator().manual_seed(seed), True, teacher).loss


@pytest.mark.parametrize(("config", "size_hw"), [(OURS, (64, 192)), (OF_SAM2_KIND, (128, 128))])
def test_teacher_sees_images_as_in_use(config: ModelConfig, size_hw: tuple[int, int]) -> None:
    seen = Teacher(network(config, 1), SMALL.dim).encode(torch.zeros(1, 3, 64, 128))
    assert seen.input_hw == size_hw


def test_the_teachers_own_mask_costs_nothing() -> None:
    truth, taught = square(4), logits(square(6))[0]
    assert copying_loss(logits(square(6)), taught, truth) < 1e-6
    assert copying_loss(logits(square(12), square(6)), taught, truth) < 1e-6


def test_hard_images_count_more() -> None:
    found, truth = logits(square(10)), square(6)
    good = copying_loss(found, logits(square(6))[0], truth)
    bad = copying_loss(found, logits(square(14))[0], truth)  # as far from the student's mask
    assert good > 1.2 * bad > 0


def test_absent_objects_are_left_out() -> None:
    assert copying_loss(logits(square(0)), logits(square(16))[0], torch.zeros(1, 32, 32) > 0) == 0


def test_features_are_compared_in_the_teachers_unit_on_the_smaller_grid() -> None:
    taught = torch.randn(2, 8, 4, 4)
    finer = taught.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert relative_error(finer, taught) == relative_error(taught, finer) == 0
    off = relative_error(1.5 * taught, taught)
    torch.testing.assert_close(off, torch.tensor(0.25))
    torch.testing.assert_close(relative_error(150 * taught, 100 * taught), off)


@pytest.mark.parametrize("kind", [OURS, OF_SAM2_KIND], ids=["ours", "sam2"])
def test_a_student_comes_closer_to_its_teacher_in_every_part(kind: ModelConfig) -> None:
    student, guide = network(SMALL, 0), network(kind, 1)
    set_presence(guide, 4.0)
    for head in guide.mask_decoder.mask_heads:
        head.layers[-1].weight.data *= 50  # certain of its masks, unlike the student
    before = of_network(guide)
    teacher = Teacher(guide, SMALL.dim, TeacherLoss(masks=100))  # which the true masks outweigh
    optimizer = torch.optim.AdamW(student.parameters(), 1e-3)
    reports = []
    for _ in range(12):
        optimizer.zero_grad()
        loss_of(student, teacher).backward()
        optimizer.step()
        teacher.learn(1e-2)
        reports.append(teacher.report())
    assert set(reports[0]) == {f"teacher_{part}" for part in PARTS}
    for name, first in reports[0].items():
        assert reports[-1][name] < 0.95 * first, name
    assert of_network(guide) == before
    assert all(p.grad is None for p in guide.parameters())


def test_every_part_reaches_the_student() -> None:
    for part in PARTS:
        student = network(SMALL, 0)
        alone = TeacherLoss(**{name: float(name == part) for name in PARTS})
        teacher = Teacher(network(OURS, 1), SMALL.dim, alone)
        with_teacher, without = loss_of(student, teacher), loss_of(student, None)
        assert with_teacher > without
        (with_teacher - without).backward()
        grads = [p.grad for p in student.trunk.parameters() if p.grad is not None]
        assert sum(float(g.abs().sum()) for g in grads) > 1e-6, part
        assert set(teacher.report()) == {f"teacher_{part}"}


def test_weights_count_and_a_teacher_that_is_left_out_is_not_asked() -> None:
    student, guide = network(SMALL, 0), network(OURS, 1)
    plain = loss_of(student, None)
    once, twice = (
        loss_of(student, Teacher(guide, SMALL.dim, replace(ONLY_MASKS, masks=w))) - plain
        for w in (1.0, 2.0)
    )
    torch.testing.assert_close(2 * once, twice)
    guide.mask_decoder.forward = None  # type: ignore[assignment, method-assign]
    features_only = TeacherLoss(memory=0, tokens=0, masks=0)
    assert loss_of(student, Teacher(guide, SMALL.dim, features_only)) > plain
    for wrong in ((-1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0)):
        with pytest.raises(ValueError, match="weights must be at least 0"):
            TeacherLoss(*wrong)


def test_a_teacher_like_the_student_has_nothing_to_say_of_its_features() -> None:
    student = network(SMALL, 0)
    teacher = Teacher(student, SMALL.dim)
    for part in ("embedding", "memory", "tokens"):
        weight = teacher.maps[part].weight
        torch.nn.init.zeros_(teacher.maps[part].bias)
        weight.data.copy_(torch.eye(SMALL.dim).view(weight.shape))
    loss_of(student, teacher)
    report = teacher.report()
    assert report["teacher_embedding"] == report["teacher_tokens"] == 0


def test_maps_resume_with_their_own_teacher_only() -> None:
    student, guide = network(SMALL, 0), network(OURS, 1)
    trained = Teacher(guide, SMALL.dim)
    loss_of(student, trained).backward()
    trained.learn(0.1)
    same, other = Teacher(guide, SMALL.dim), Teacher(network(OURS, 2), SMALL.dim)
    fresh = {name: value.clone() for name, value in other.maps.state_dict().items()}
    for teacher in (same, other):
        teacher.resume(trained.state())
        teacher.resume(None)
    for name, value in trained.maps.state_dict().items():
        assert torch.equal(same.maps.state_dict()[name], value)
        assert torch.equal(other.maps.state_dict()[name], fresh[name])
