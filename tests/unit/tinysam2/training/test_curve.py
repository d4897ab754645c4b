import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinysam2.training.curve import PANEL_WH, draw_curves, main, read_log

ROWS = [{"step": i, "loss": 5 / i, "click_iou": i / 50, "track_iou": 0.5} for i in range(1, 30)]


def write_log(path: Path, rows: list[dict[str, float]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def colors(panel: Image.Image) -> int:
    pixels = np.asarray(panel).reshape(-1, 3).astype(int)
    return len(np.unique(pixels[np.ptp(pixels, axis=1) > 60], axis=0))


def test_image_has_a_panel_for_the_loss_and_one_for_the_ious(tmp_path: Path) -> None:
    main([str(write_log(tmp_path / "log.jsonl", ROWS)), str(tmp_path / "out.png")])
    with Image.open(tmp_path / "out.png") as image:
        width, height = PANEL_WH
        assert image.size == (2 * width, height)
        loss, ious = image.crop((0, 0, width, height)), image.crop((width, 0, *image.size))
    assert 0 < colors(loss) < colors(ious)


def test_scores_of_validation_have_a_panel_even_where_the_last_report_has_none() -> None:
    width, height = PANEL_WH
    once = [*ROWS[:5], {**ROWS[5], "val_j": 0.6, "val_f": 0.5}, *ROWS[6:]]
    image = draw_curves(once)
    assert image.size == (3 * width, height)
    assert colors(image.crop((2 * width, 0, *image.size))) > 0


def test_log_without_ious_or_of_one_report_can_be_drawn() -> None:
    draw_curves([{"step": 1, "loss": 2.0}])


def test_steps_done_again_after_a_stop_count_once(tmp_path: Path) -> None:
    again = [{**ROWS[i], "loss": 9.0} for i in (10, 11)]
    rows = read_log(write_log(tmp_path / "log.jsonl", ROWS[:15] + again))
    assert [row["step"] for row in rows] == list(range(1, 13))
    assert rows[-1]["loss"] == 9.0


@pytest.mark.parametrize("text", ["", "no json"])
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "log.jsonl"), str(tmp_path / "out.png")])
    assert not (tmp_path / "out.png").exists()
