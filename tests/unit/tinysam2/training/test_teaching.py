import torch
from torch import Tensor

from tinysam2.config import ModelConfig
from tinysam2.network import Segmentation, TinySam2
from tinysam2.training.prompting import Prompt
from tinysam2.training.rollout import rollout
from tinysam2.training.teaching import MaskTeacher, copying_loss

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=128)


def square(x: int, side: int = 32) -> Tensor:
    mask = torch.zeros(1, side, side, dtype=torch.bool)
    mask[:, 8:24, x : x + 16] = True
    return mask


def answer(*masks: Tensor) -> Segmentation:
    logits = torch.cat([(m.float() - 0.5) * 40 for m in masks])[None]
    count = torch.ones(1, len(masks))
    return Segmentation(logits, count, torch.ones(1), torch.zeros(1, 8))


def taught(mask: Tensor) -> Tensor:
    return (mask.float() - 0.5) * 40


def test_the_teachers_own_mask_costs_nothing() -> None:
    truth = square(4)
    assert copying_loss(answer(square(6)), taught(square(6)), truth) < 1e-6
    assert copying_loss(answer(square(12), square(6)), taught(square(6)), truth) < 1e-6


def test_hard_pictures_count_more() -> None:
    found, truth = answer(square(10)), square(6)
    good = copying_loss(found, taught(square(6)), truth)
    bad = copying_loss(found, taught(square(14)), truth)  # as far from the student's mask
    assert good > 1.2 * bad > 0


def test_absent_objects_are_left_out() -> None:
    assert copying_loss(answer(square(0)), taught(square(16)), torch.zeros(1, 32, 32) > 0) == 0


def test_a_teacher_answers_at_its_own_size_and_is_not_trained() -> None:
    torch.manual_seed(0)
    teacher = TinySam2(SMALL).eval()
    masks = MaskTeacher(teacher).masks(
        torch.randn(2, 3, 64, 64),
        Prompt(torch.rand(2, 1, 2), torch.ones(2, 1, dtype=torch.long), is_ambiguous=True),
    )
    assert masks.shape == (2, 32, 32)  # a quarter of 128
    student = TinySam2(SMALL).eval()
    truth = torch.zeros(1, 2, 64, 64, dtype=torch.bool)
    truth[..., 10:40, 10:40] = True
    clip, nothing = torch.randn(1, 2, 3, 64, 64), torch.zeros_like(truth)
    losses = [
        rollout(student, clip, truth, nothing, torch.Generator().manual_seed(3), True, guide).loss
        for guide in (None, MaskTeacher(teacher))
    ]
    assert losses[1] > losses[0]
    losses[1].backward()
    assert all(p.grad is None for p in teacher.parameters())
