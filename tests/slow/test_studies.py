"""A study at the size of a real one: a crowd with dropouts and double submits, and a hundred at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotations.cli import main as annotations
from studies.simulate.report import Report
from studies.simulate.run import Crowd, simulate
from tests.fixtures.studies import prepared
from tests.slow.test_trainers_load import rows, tiny, train, trl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
LARGE = {"overlap": {"dialogue": 3, "pair": 3, "triple": 3}, "items_per_person": 7, "attention_misses": 0}
"""As the shipped example: with twelve situations 252 ratings, by 36 people who complete."""


def walked(folder: Path, crowd: Crowd, situations: int = 12) -> tuple[Report, str]:
    """A crowd's way through a study, and the store with their answers."""
    design, place, settings = prepared(folder, situations, **LARGE)
    url = f"sqlite:///{folder / 'new.db'}"
    return simulate(design, place.url, replace(place, url=url), settings, crowd), url


def test_a_trainer_learns_from_what_simulated_raters_said(tmp_path: Path) -> None:
    _, url = walked(tmp_path, Crowd(raters=12, seed=5), situations=3)
    folder = tmp_path / "dataset"
    options = ["--store", url, "--study", "which-group", "--format", "dpo", "--to", str(folder)]
    assert annotations(["export", *options, "--validation", "0", "--test", "0"]) == 0
    data = rows(folder, "dpo")
    assert len(data) > 4
    arguments = trl.DPOConfig(
        output_dir=str(tmp_path / "out"),
        max_steps=2,
        per_device_train_batch_size=2,
        learning_rate=1e-3,
        use_cpu=True,
        bf16=False,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        logging_steps=1,
        activation_checkpointing=False,
    )
    model = str(tiny(tmp_path / "model"))
    assert train(trl.DPOTrainer(model=model, args=arguments, train_dataset=data))["rewards/margins"] != 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_sixty_raters_with_dropouts_and_double_submits_lose_nothing(tmp_path: Path, seed: int) -> None:
    found, _ = walked(tmp_path, Crowd(raters=60, seed=seed, dropouts=0.2, doubles=0.1))
    assert found.sound
    assert all(found.order_found.values())


@pytest.mark.long
def test_a_hundred_people_at_once_on_one_process(tmp_path: Path) -> None:
    crowd = Crowd(raters=100, seed=1, dropouts=0.0, doubles=0.0, at_once=100, think=5.0)
    found, _ = walked(tmp_path, crowd, situations=40)
    assert (found.lost, found.twice, found.overfull, found.problems) == (0, 0, 0, ())
