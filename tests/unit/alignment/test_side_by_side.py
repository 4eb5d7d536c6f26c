"""Rounds held side by side are those of `voices run`: same seats, same directives, everybody asked once."""

from __future__ import annotations

import torch

from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.side_by_side import hold
from mascot.alignment.table import Table
from mascot.evaluation.dialogue import Dialogue
from mascot.evaluation.rounds import opening
from mascot.evaluation.starts import held_out_starts
from tests.unit.alignment.support import CAST, tiny_base

STARTS = held_out_starts()[:2]
RECIPE = PolicyRecipe(rank=2, alpha=4, limit=8)


def held() -> dict[str, Dialogue]:
    table = Table(tiny_base(), CAST, RECIPE)
    torch.manual_seed(1)
    table.student.renew()
    own = table.student.weights()
    return hold(table, dict.fromkeys(CAST.ids, own), STARTS, RECIPE)


def test_everybody_is_asked_once_in_the_order_of_seats_and_a_seed_says_it_all() -> None:
    found = held()
    assert found == held()
    assert list(found) == [start.id for start in STARTS]
    for start in STARTS:
        seats = opening(CAST, start, len(CAST), "round-robin").cast
        spoke = [said.agent for said in found[start.id].said]
        assert spoke == [agent for agent in seats if agent in spoke]
        assert len(spoke) >= 2
        for said in found[start.id].said:
            assert said.action in CAST[said.agent].repertoire
            assert said.tone in CAST[said.agent].tones
