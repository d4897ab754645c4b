from pathlib import Path

from tinysam2.training.engine.run_control import load_state, save_state


def test_states_of_earlier_versions_are_read(tmp_path: Path) -> None:
    old = {"optimiser": {"lr": 1.0}, "teacher": {"optimiser": {"lr": 2.0}}, "step": 3}
    save_state(old, tmp_path / "state.pt")
    read = load_state(tmp_path / "state.pt")
    assert read == {"optimizer": {"lr": 1.0}, "teacher": {"optimizer": {"lr": 2.0}}, "step": 3}
