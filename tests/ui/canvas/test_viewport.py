import pytest

from app.ui.canvas.viewport import FIT_MARGIN_PX, MAX_SCALE, MIN_VISIBLE_PX, Viewport

FITTED = Viewport((1920, 1080), (800, 600)).fitted()


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5, 40.0])
@pytest.mark.parametrize("point", [(0.0, 0.0), (0.5, 0.5), (960.25, 540.75), (1920.0, 1080.0)])
def test_mapping_to_the_widget_and_back_is_the_identity(
    factor: float, point: tuple[float, float]
) -> None:
    viewport = FITTED.zoomed(factor, (123.0, 45.0)).panned(-17.5, 8.25)
    assert viewport.to_image(*viewport.to_widget(*point)) == pytest.approx(point, abs=1e-9)


def test_fitted_image_is_centered_with_a_margin() -> None:
    left, top = FITTED.to_widget(0, 0)
    right, bottom = FITTED.to_widget(1920, 1080)
    assert (left, right) == pytest.approx((FIT_MARGIN_PX, 800 - FIT_MARGIN_PX))
    assert top == pytest.approx(600 - bottom)


def test_zoom_keeps_the_frame_under_the_pointer() -> None:
    at = (300.0, 280.0)
    before = FITTED.to_image(*at)
    assert FITTED.zoomed(7.3, at).to_image(*at) == pytest.approx(before)


def test_zoom_is_limited() -> None:
    assert FITTED.zoomed(1e9, (400, 300)).scale == MAX_SCALE
    assert FITTED.zoomed(1e-9, (400, 300)).scale > 0


def test_image_cannot_be_panned_out_of_view() -> None:
    far = FITTED.panned(1e6, -1e6)
    left, _ = far.to_widget(0, 0)
    _, bottom = far.to_widget(0, 1080)
    assert left == pytest.approx(800 - MIN_VISIBLE_PX)
    assert bottom == pytest.approx(MIN_VISIBLE_PX)


def test_resized_keeps_the_center() -> None:
    zoomed = FITTED.zoomed(4, (400, 300))
    center = zoomed.to_image(400, 300)
    assert zoomed.resized((1000, 500)).to_image(500, 250) == pytest.approx(center)


def test_border_pixels_are_inside_the_image() -> None:
    assert FITTED.contains(0, 0)
    assert FITTED.contains(1919.9, 1079.9)
    assert not FITTED.contains(1920, 5)
    assert not FITTED.contains(-0.1, 5)
