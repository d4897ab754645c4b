from tinysam2.training.data.aspect_ratios import PORTRAIT_FRACTION, Shapes


def test_shapes_lie_or_stand_and_are_of_one_size() -> None:
    drawn = [Shapes(512, seed=0).of_step(step) for step in range(300)]
    assert all(side % 64 == 0 for shape in drawn for side in shape)
    assert all(0.9 < height * width / 512**2 < 1.15 for height, width in drawn)
    standing = sum(height > width for height, width in drawn) / len(drawn)
    assert 0.5 * PORTRAIT_FRACTION < standing < 1.5 * PORTRAIT_FRACTION
    assert sum(height < width for height, width in drawn) / len(drawn) > 0.5
    assert (512, 512) in drawn


def test_items_of_a_step_share_its_shape() -> None:
    shapes = Shapes(512, seed=3, per_step=6)
    for index in range(60):
        assert shapes.of_item(index) == Shapes(512, seed=3).of_step(index // 6)
