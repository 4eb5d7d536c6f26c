"""Both stages find the best policy of a game in which it is known, and go on exactly where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import pytest
import torch

from mascot.alignment.director_stage import DirectorStage
from mascot.alignment.group_stage import GroupStage, played_by
from mascot.alignment.persona_stage import PersonaStage
from mascot.alignment.places import TalkStart
from mascot.alignment.policy_learner import Played, PolicyLearner, Weights
from mascot.alignment.policy_recipe import GroupRecipe, PolicyRecipe
from mascot.alignment.policy_run import OBJECTIVE, PolicyProgress, PolicyRun
from mascot.alignment.preferences import Block, Candidate
from mascot.alignment.rewards.directives import Choice, Chosen, DirectiveReward
from mascot.alignment.rewards.model import GroupRewardModel
from mascot.alignment.rollouts import Rollouts
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.table import Table
from mascot.conversation.personas import Cast
from mascot.corpora.dialogues import DialogueTurn
from mascot.errors import ModelError
from tests.unit.alignment.support import CAST, tiny_base

PAIR = Cast(
    CAST[name].model_copy(update={"repertoire": CAST[name].repertoire[:2], "tones": CAST[name].tones[:1]})
    for name in ("anchor", "beacon")
)
"""Two personas with little to choose from: a small game."""
SAID = (DialogueTurn(speaker="user", says="Hm."),)
PLACES = [Candidate(SAID, "anchor", "validate", tone, "") for tone in CAST["anchor"].tones[:2]]
SHORT = {"rank": 4, "alpha": 8, "limit": 4, "learning_rate": 3e-2, "beta": 0.0, "shortest": 1}
STAGE_1 = PolicyRecipe(steps=8, places=2, group=12, every=4, dev_places=2, checkpoint_steps=3, **SHORT)
STAGE_2 = GroupRecipe(
    steps=10, places=1, group=12, every=10, dev_places=1, turns=1, temperature=3.0,
    director_rate=2e-2, director_beta=0.0, **SHORT,
)  # fmt: skip


class Silence:
    """Rewards what is written with few letters."""

    def score(self, candidates: Sequence[Candidate]) -> list[float]:
        return [-float(sum(c.isalpha() for c in candidate.says)) for candidate in candidates]


class FirstSpeaker:
    """Rewards a block in which a certain persona speaks first, whatever it says."""

    def __init__(self, persona: str) -> None:
        self._persona = persona

    def score(self, blocks: Sequence[Block]) -> list[float]:
        return [float(block[len(SAID)].speaker == self._persona) for block in blocks]


class Nothing:
    def score(self, candidates: Sequence[Candidate]) -> list[float]:
        return [0.0 for _ in candidates]


class AllAlike:
    def score(self, blocks: Sequence[Block]) -> list[float]:
        return [0.0 for _ in blocks]


def fresh(table: Table) -> Weights:
    torch.manual_seed(1)
    table.student.renew()
    return table.student.weights()


def stage_1(recipe: PolicyRecipe = STAGE_1) -> PersonaStage:
    table = Table(tiny_base(), CAST, recipe)
    return PersonaStage(table, "anchor", fresh(table), Silence(), PLACES, PLACES, recipe)


def stage_2(group: GroupRewardModel, directives: Mapping[str, float]) -> tuple[Table, GroupStage]:
    table = Table(tiny_base(), PAIR, STAGE_2)
    start = {name: fresh(table) for name in (DIRECTOR, *PAIR.ids)}
    talk = TalkStart("talk", SAID, ())
    model = DirectiveReward(directives)
    return table, GroupStage(table, start, group, model, Nothing(), [talk], [talk], STAGE_2)


def test_a_persona_learns_what_is_rewarded_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    stage = stage_1()
    run = PolicyRun(stage, STAGE_1, tmp_path, "same")
    run.run(lambda _: None)
    first, best = run.progress.dev[0], run.progress.best
    assert best["model"] > first["model"] + 0.3
    assert best["kl"] > first["kl"] == pytest.approx(0.0, abs=1e-6)
    assert stage.measure()[OBJECTIVE] == pytest.approx(best[OBJECTIVE], rel=1e-5)


def test_over_a_base_in_half_precision_it_learns_as_well(tmp_path: Path) -> None:
    recipe = STAGE_1.model_copy(update={"precision": "half"})
    stage = stage_1(recipe)
    run = PolicyRun(stage, recipe, tmp_path, "same")
    run.run(lambda _: None)
    earned = [row["model"] for row in run.progress.steps]
    assert fmean(earned[-2:]) > fmean(earned[:2]) + 0.3
    weights = run.best["anchor"].values()
    assert {weight.dtype for weight in weights} == {torch.float32}


class KilledError(Exception):
    """The process is gone."""


def test_killed_and_resumed_ends_with_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    whole = PolicyRun(stage_1(), STAGE_1, tmp_path / "whole", "same")
    whole.run(lambda _: None)

    def kill(progress: PolicyProgress) -> None:
        if progress.step == 5:
            raise KilledError

    with pytest.raises(KilledError):
        PolicyRun(stage_1(), STAGE_1, tmp_path / "killed", "same").run(kill)
    with pytest.raises(ModelError, match="other settings or data"):
        PolicyRun(stage_1(), STAGE_1, tmp_path / "killed", "other").run(kill)
    resumed = PolicyRun(stage_1(), STAGE_1, tmp_path / "killed", "same")
    resumed.run(lambda _: None)
    expected = whole.best["anchor"]
    assert all(torch.equal(w, expected[name]) for name, w in resumed.best["anchor"].items())
    assert resumed.progress.steps == whole.progress.steps
    assert not (tmp_path / "killed" / "checkpoint.pt").exists()


def test_the_divergence_draws_a_persona_back_to_where_it_began() -> None:
    recipe = STAGE_1.model_copy(update={"beta": 1.0, "learning_rate": 1e-2})
    table = Table(tiny_base(), CAST, recipe)
    start = fresh(table)
    learner = PolicyLearner("anchor", table.student, start, recipe, recipe.learning_rate, recipe.beta)
    learner.weights = {name: weight + 0.05 * torch.randn_like(weight) for name, weight in start.items()}
    place = table.start(PLACES[0])
    contexts = table.read([place.context])
    apart = []
    for number in range(6):
        acts = table.draw(learner, [place] * 24, contexts, table.lot(number))
        apart.append(learner.update([Played(acts, [0.0] * len(acts), contexts)])["kl"])
    assert fmean(apart[-2:]) < 0.6 * fmean(apart[:2])


def test_the_director_finds_who_should_speak(tmp_path: Path) -> None:
    _, stage = stage_2(FirstSpeaker("beacon"), {})
    run = PolicyRun(stage, STAGE_2, tmp_path, "same")
    run.run(lambda _: None)
    chosen = [row["share_beacon"] for row in run.progress.steps]
    assert chosen[0] < 0.7
    assert fmean(chosen[-3:]) > 0.9


def test_the_director_finds_what_to_ask_for_where_blocks_are_all_alike(tmp_path: Path) -> None:
    second = PAIR["beacon"].repertoire[1]
    _, stage = stage_2(AllAlike(), {"beacon": 3.0, f"beacon: {second}": 3.0})
    run = PolicyRun(stage, STAGE_2, tmp_path, "same")
    run.run(lambda _: None)
    first, last = run.progress.steps[0], run.progress.steps[-3:]
    assert first["share_beacon"] < 0.7
    assert fmean(row["share_beacon"] for row in last) > 0.9
    assert fmean(row["directives"] for row in last) > first["directives"] + 0.3


def test_a_director_by_itself_finds_what_is_worth_most_at_each_place(tmp_path: Path) -> None:
    first, second = PAIR["beacon"].repertoire
    recipe = PolicyRecipe(
        steps=10, places=1, group=12, every=10, dev_places=1, temperature=3.0, rank=4, alpha=8,
        learning_rate=2e-2, beta=0.0,
    )  # fmt: skip
    table = Table(tiny_base(), PAIR, recipe)
    who = Chosen(Choice("who", SAID, PAIR.ids), "anchor", "theme", 1.0)
    task = Chosen(Choice("task", SAID, (first, second), "beacon"), first, "theme", 1.0)
    model = DirectiveReward({"beacon": 3.0, f"beacon: {second}": 3.0})
    stage = DirectorStage(table, fresh(table), model, [who, task], [who, task], recipe)
    run = PolicyRun(stage, recipe, tmp_path, "same")
    run.run(lambda _: None)
    begun, ended = run.progress.dev
    assert ended["reward"] > begun["reward"] + 0.5
    best = fmean([model.ahead(who.choice, "beacon"), model.ahead(task.choice, second)])
    assert ended["reward"] == pytest.approx(best, abs=0.3)
    assert ended["as_experts_who"] < 0.2 < begun["as_experts_who"]


def test_each_agent_learns_from_its_own_acts_and_no_one_elses(tmp_path: Path) -> None:
    table, stage = stage_2(FirstSpeaker("beacon"), {})
    rollouts = Rollouts(table, {learner.name: learner for learner in stage.learners})
    talks = rollouts.play([TalkStart("talk", SAID, ("Yes.",))] * 6, 3, "some")
    for talk in talks:
        assert [t.speaker for t in talk.turns].count("user") <= 2
        credit = [(made, 1.0) for made in talk.made]
        for learner in stage.learners:
            own = [act for played in played_by(learner.name, credit) for act in played.acts]
            assert own == [made.act for made in talk.made if made.learner == learner.name]
        for made in talk.made:
            if made.spoken:
                said = tuple(made.act.said)
                assert table.encode.text(said).strip() == made.spoken.text
        speakers = [turn.speaker for turn in talk.turns[len(SAID) :] if turn.speaker in PAIR]
        assert speakers == [made.learner for made in talk.made if made.spoken]
