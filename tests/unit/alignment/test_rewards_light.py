"""A light reward model: what it is fitted to, what it knows afterwards, and how sure it is of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load_file, save_file
from scipy import sparse

from mascot import cli
from mascot.alignment.preferences import write_preferences
from mascot.alignment.preferences_expert import ONE_VOICE, expert_blocks, expert_preferences
from mascot.alignment.rewards import light, session
from mascot.alignment.rewards.bradley_terry import Pairs, fit, loss, temperature
from mascot.alignment.rewards.figures import figures
from mascot.alignment.rewards.group import GroupRecipe, LightGroupReward
from mascot.alignment.rewards.group_features import block_measures
from mascot.alignment.rewards.light import LightRecipe, LightReward, Remembered, fit_light
from mascot.alignment.rewards.load import load_reward
from mascot.alignment.rewards.record import read_record
from mascot.alignment.rewards.training import ahead, ahead_in_blocks, part, train_group, train_light
from mascot.corpora.dialogues import DialogueTurn
from mascot.errors import InputError, ModelError
from tests.unit.alignment.rewarding import Hashed, preference
from tests.unit.alignment.support import CAST

GAPS = arrays(np.float64, 12, elements=st.floats(-8, 8))


@given(GAPS, GAPS.map(abs))
def test_the_loss_is_that_of_trl(gap: np.ndarray, margins: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    theirs = -torch.nn.functional.logsigmoid(torch.tensor(gap) - torch.tensor(margins)).mean()
    assert loss(gap, margins, np.ones(12)) == pytest.approx(float(theirs), rel=1e-9)


def test_the_fit_finds_the_weights_that_made_the_preferences() -> None:
    rng = np.random.default_rng(0)
    truth = np.array([2.0, -1.0, 0.5, 0.0])
    x = rng.normal(size=(4000, 4))
    won = rng.random(4000) < 1 / (1 + np.exp(-x @ truth))
    differences = sparse.csr_matrix(np.where(won[:, None], x, -x))
    found = fit(Pairs(differences, np.zeros(4000), np.ones(4000)), 1e-6)
    assert found == pytest.approx(truth, abs=0.15)


def test_a_margin_pushes_further_and_a_coin_counts_nothing() -> None:
    x = sparse.csr_matrix(np.array([[1.0], [-1.0]]))
    kept = fit(Pairs(x, np.zeros(2), np.array([1.0, 0.0])), 0.1)
    assert kept[0] > 0
    assert fit(Pairs(x, np.array([2.0, 2.0]), np.array([1.0, 0.0])), 0.1)[0] > kept[0]
    assert fit(Pairs(x, np.zeros(2), np.ones(2)), 0.1)[0] == pytest.approx(0, abs=1e-6)


def test_the_temperature_undoes_a_scale() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=6000) * 2
    gap = np.where(rng.random(6000) < 1 / (1 + np.exp(-logits)), logits, -logits)
    assert temperature(gap * 7, np.ones(6000)) == pytest.approx(1 / 7, rel=0.1)


def test_figures_count_ties_half_and_know_calibration() -> None:
    rows = [preference(i, flaw="a" if i % 2 else "b") for i in range(4)]
    found = figures(rows, np.array([1.0, -1.0, 0.0, 2.0]))
    assert found.accuracy.value == pytest.approx(2.5 / 4)
    assert {kind: e.value for kind, e in found.by_kind.items()} == {"a": 0.5, "b": 0.75}
    sure = figures(rows * 50, np.full(200, 30.0))
    assert sure.calibration_error == pytest.approx(0, abs=1e-6)
    over = figures(rows * 50, np.where(np.arange(200) % 2, 30.0, -30.0))
    assert over.calibration_error == pytest.approx(0.5, abs=1e-6)
    assert json.loads(json.dumps(over.record()))["accuracy"]["value"] == 0.5


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on a third of the corpus, with embeddings that know words only."""
    folder = tmp_path_factory.mktemp("reward")
    train_light(expert_preferences()[::3], Hashed(), LightRecipe(), folder)
    return folder


def test_it_learns_the_experts_preferences_and_leaves_a_record(trained: Path) -> None:
    record = read_record(trained, "reward", "light")
    assert record.metrics.accuracy.value > 0.75
    assert record.metrics.calibration_error < 0.15
    assert record.pairs["train"] > record.pairs["test"] > 0
    assert record.sources == ("expert",)
    assert len(record.data_sha256) == 64


def test_it_scores_the_same_from_its_folder_one_by_one_or_together(trained: Path) -> None:
    personas = read_record(trained, "reward").personas
    rows = expert_preferences()[:4]
    candidates = [candidate for row in rows for candidate in row.candidates]
    first, second = (LightReward.load(trained, Hashed(), personas) for _ in range(2))
    together = first.score(candidates)
    assert together == pytest.approx([second.score([c])[0] for c in candidates])
    assert first.score([]) == []


def test_a_reward_model_that_finds_no_room_is_one_line(tmp_path: Path) -> None:
    rows = [preference(i) for i in range(30)]
    (tmp_path / light.WEIGHTS).mkdir()  # whatever the reason, safetensors has an error of its own
    with pytest.raises(ModelError, match=r"reward\.safetensors could not be written: is there room"):
        train_light(rows, Hashed(), LightRecipe(), tmp_path)
    assert not (tmp_path / "reward.json").exists()


def test_every_text_is_embedded_once() -> None:
    embedder = Hashed()
    model = fit_light([preference(i) for i in range(8)], embedder, LightRecipe(least=1))
    made = embedder.made
    model.score(preference(1).candidates)
    assert embedder.made == made == 3 * 8


def test_refining_learns_the_new_and_keeps_the_old() -> None:
    model = fit_light([preference(i) for i in range(12)], Hashed(), LightRecipe(least=1))
    asks, orders = preference(20).candidates
    shy = [preference(i, persona="beacon", chosen=f"Go on, {i}!", rejected=f"No, {i}.") for i in range(12)]
    new = shy[3].candidates
    before = model.score(new)
    after = model.refined(shy, 1e-2)
    gain = [a - b for a, b in zip(after.score(new), before, strict=True)]
    assert gain[0] > gain[1]
    assert after.score([asks])[0] > after.score([orders])[0]


def test_a_damaged_model_or_one_of_another_thing_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="different models"):
        LightReward.load(trained, Hashed(), ["anchor"])
    with pytest.raises(ModelError, match="no readable reward model"):
        LightReward.load(tmp_path, Hashed(), ["anchor"])
    with pytest.raises(ModelError, match="not a group-reward"):
        read_record(trained, "group-reward")
    with pytest.raises(ModelError, match=r"has no reward\.json"):
        read_record(tmp_path, "reward")
    (tmp_path / "reward.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        read_record(tmp_path, "reward")


def test_a_model_of_a_version_that_measured_otherwise_is_refused(trained: Path, tmp_path: Path) -> None:
    old = shutil.copytree(trained, tmp_path / "old")
    personas = read_record(old, "reward").personas
    tensors = load_file(old / light.WEIGHTS)
    rows = tensors["weights"].reshape(1 + len(personas), -1)[:, 1:]  # a measure less, for all and for each
    tensors = {"weights": np.ascontiguousarray(rows.ravel()), "scale": tensors["scale"][1:].copy()}
    save_file(tensors, old / light.WEIGHTS)
    with pytest.raises(ModelError, match="this version does not see"):
        LightReward.load(old, Hashed(), personas)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "language"},
        {"kind": "dark"},
        {"personas": 4},
        {"recipe": None},
        {"metrics": {}},
        {"what": "group-reward", "kind": "language"},
    ],
    ids=str,
)
def test_a_record_of_another_shape_is_refused_in_one_line(
    trained: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    record = json.loads((trained / "reward.json").read_text()) | change
    (tmp_path / "reward.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match=r"reward\.json is damaged: ") as caught:
        load_reward(tmp_path, tmp_path, CAST)
    assert "\n" not in str(caught.value)


def test_texts_beyond_those_remembered_are_embedded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "_KEPT", 3)
    vectors = Remembered(Hashed())
    for texts in (("a", "b"), ("b", "c", "d")):
        vectors.learn(text for text in texts)
        assert all(len(vectors[text]) for text in texts)


@pytest.mark.parametrize("coins", ["train", "dev", "test"])
def test_a_part_of_thrown_coins_is_refused(tmp_path: Path, coins: str) -> None:
    rows = [preference(i) for i in range(60)]
    rows = [row.model_copy(update={"flip_rate": 0.5}) if row.split == coins else row for row in rows]
    assert {row.split for row in rows} == {"train", "dev", "test"}
    with pytest.raises(InputError, match=f"preferences of the {coins} part are thrown coins"):
        train_light(rows, Hashed(), LightRecipe(), tmp_path / "out")


def test_a_part_without_preferences_is_refused() -> None:
    rows = [row for row in expert_preferences()[:300] if row.split == "train"]
    with pytest.raises(InputError, match="is of the test part"):
        part(rows, "test")


def test_a_finished_reward_is_left_alone_and_no_other_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "MiniLM", lambda _: Hashed())
    pairs = tmp_path / "pairs.jsonl"
    write_preferences(pairs, expert_preferences()[::30])
    begun = ["align", "reward", str(pairs), "--out", str(tmp_path / "reward")]
    assert cli.main(begun) == 0
    said, kept = capsys.readouterr().out, (tmp_path / "reward" / "reward.safetensors").stat().st_mtime_ns
    assert cli.main([*begun, "--resume"]) == 0
    assert capsys.readouterr().out == said
    assert cli.main([*begun, "--resume", "--ridge", "0.5"]) == 2
    assert "holds a reward of other preferences or settings" in capsys.readouterr().err
    write_preferences(pairs, expert_preferences()[::31])
    assert cli.main([*begun, "--resume"]) == 2
    assert (tmp_path / "reward" / "reward.safetensors").stat().st_mtime_ns == kept


def test_the_group_reward_tells_flawed_talks_whose_themes_it_has_not_seen(tmp_path: Path) -> None:
    record = train_group(expert_blocks(), Hashed(), GroupRecipe(), tmp_path, CAST)
    across = record["metrics"]["crosswise"]
    assert across["accuracy"]["value"] > 0.85
    assert set(across["by_kind"]) == {
        "echo chamber",
        "everyone advises",
        "nobody yields",
        "lost thread",
        ONE_VOICE,
    }
    model = LightGroupReward.load(read_record(tmp_path, "group-reward").weights, Hashed())
    test = part(expert_blocks(), "test")
    assert (ahead_in_blocks(model, test) > 0).mean() >= 0.75
    with pytest.raises(ModelError, match="train it anew"):
        LightGroupReward.load({"charm": 1.0}, Hashed())


def test_a_group_that_never_lets_the_person_speak_waits_longer_in_its_measures() -> None:
    row = next(row for row in expert_blocks() if row.flaw == "nobody yields")
    vectors = Remembered(Hashed())
    vectors.learn(turn.says for block in row.blocks for turn in block)
    good, bad = (block_measures(block, vectors.__getitem__) for block in row.blocks)
    assert bad["longest run"] > good["longest run"]
    assert bad["mean run"] > good["mean run"]
    alone = block_measures((DialogueTurn(speaker="user", says=row.context[0].says),), vectors.__getitem__)
    assert alone.keys() == good.keys()


def test_a_group_in_which_one_voice_says_everything_is_worth_less(tmp_path: Path) -> None:
    train_group(expert_blocks(), Hashed(), GroupRecipe(), tmp_path, CAST)
    weights = read_record(tmp_path, "group-reward").weights
    assert weights["evenness"] > 0
    rows = [row for row in part(expert_blocks(), "test") if row.flaw == ONE_VOICE]
    assert (ahead_in_blocks(LightGroupReward.load(weights, Hashed()), rows) > 0).all()


def test_ahead_is_chosen_minus_rejected() -> None:
    model = fit_light([preference(i) for i in range(8)], Hashed(), LightRecipe(least=1))
    rows = [preference(30), preference(31)]
    scores = [model.score(row.candidates) for row in rows]
    assert ahead(model, rows).tolist() == pytest.approx([good - bad for good, bad in scores])
