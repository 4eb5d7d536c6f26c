"""Systems with a planted fault rank as they must, through the whole comparison."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mascot.evaluation.attribution import WhoSpoke
from mascot.evaluation.comparison import Row, as_json, compare
from mascot.evaluation.dialogue import Dialogue, Said
from mascot.evaluation.measures import ACROSS, WITHIN, Embedded, measure, right_by_turn
from mascot.evaluation.starts import EXPERTS, expert_dialogues, held_out_starts
from mascot.evaluation.voices_report import table
from tests.unit.evaluation import planted

STARTS = held_out_starts()
MESSAGES = {start.id: start.text for start in STARTS}
SYSTEMS = {
    "good": list(expert_dialogues()),
    "echo": planted.system(MESSAGES, planted.echo),
    "template": planted.system(MESSAGES, planted.template),
    "shuffled": planted.shuffled(expert_dialogues()),
}


@pytest.fixture(scope="module")
def rows(who: WhoSpoke) -> Mapping[str, Row]:
    texts = [text for dialogues in SYSTEMS.values() for dialogue in dialogues for text in dialogue.texts]
    embedded = Embedded(planted.Bag(), [*texts, *MESSAGES.values()])
    measured = {name: measure(some, STARTS, who, embedded) for name, some in SYSTEMS.items()}
    return {row.measure.key: row for row in compare(measured)}


def values(row: Row) -> dict[str, float]:
    return {name: estimate.value for name, estimate in row.values.items() if estimate is not None}


def test_an_echo_bot_is_last_on_redundancy_inside_a_dialogue(rows: Mapping[str, Row]) -> None:
    overlap, distinct = values(rows["overlap"]), values(rows["distinct_2"])
    assert max(overlap, key=lambda name: overlap[name]) == "echo"
    assert min(distinct, key=lambda name: distinct[name]) == "echo"
    assert overlap["echo"] == pytest.approx(1, abs=1e-5)


def test_an_echo_bot_is_told_from_an_expert_with_certainty(rows: Mapping[str, Row]) -> None:
    gap = rows["overlap"].differences["echo"]
    assert gap is not None
    assert gap.p is not None
    assert gap.low > 0
    assert gap.p < 0.05


def test_personas_with_shuffled_names_are_at_chance_and_experts_are_not(rows: Mapping[str, Row]) -> None:
    right = rows["attribution"].values
    assert right["good"] is not None
    assert right["shuffled"] is not None
    assert right["good"].low > 0.85
    assert right["shuffled"].low < 0.25 < right["shuffled"].high


@pytest.mark.parametrize("key", ["reuse_4", "reuse_5", "openings", "self_bleu"])
def test_a_template_bot_is_caught_across_dialogues(rows: Mapping[str, Row], key: str) -> None:
    reuse = values(rows[key])
    assert max(reuse, key=lambda name: reuse[name]) == "template"
    assert reuse["template"] > 0.5
    gap = rows[key].differences["template"]
    assert gap is not None
    assert gap.low > 0.3


def test_a_template_bot_says_few_different_things(rows: Mapping[str, Row]) -> None:
    vendi = values(rows["vendi"])
    assert vendi["template"] < 0.5 * vendi["good"]


def test_a_template_bot_passes_inside_its_dialogues(rows: Mapping[str, Row]) -> None:
    """What makes figures across dialogues necessary."""
    assert values(rows["distinct_2"])["template"] > 0.9


def test_every_measure_has_a_figure_for_every_system(rows: Mapping[str, Row]) -> None:
    assert set(rows) == {measure.key for measure in (*WITHIN, *ACROSS)}
    assert all(set(values(row)) == set(SYSTEMS) for row in rows.values())
    assert all(
        estimate.low <= estimate.value + 1e-9 and estimate.value <= estimate.high + 1e-9
        for row in rows.values()
        for estimate in row.values.values()
        if estimate is not None
    )


def test_the_table_shows_every_measure_once_and_json_keeps_what_it_shows(rows: Mapping[str, Row]) -> None:
    shown = table(list(rows.values())).splitlines()
    assert len(shown) == 2 + len(rows)
    assert len({line.count("|") for line in shown}) == 1
    assert as_json(list(rows.values()))["overlap"]["systems"]["echo"]["value"] == pytest.approx(1, abs=1e-4)


def test_a_reference_is_shown_and_not_compared(who: WhoSpoke) -> None:
    some = {name: SYSTEMS[name][:5] for name in ("good", "echo")}
    texts = [text for dialogues in some.values() for dialogue in dialogues for text in dialogue.texts]
    embedded = Embedded(planted.Bag(), [*texts, *MESSAGES.values()])
    measured = {name: measure(d, STARTS, who, embedded) for name, d in some.items()}
    rows = compare({"echo": measured["echo"], EXPERTS: measured["good"]}, EXPERTS)
    assert all(set(row.values) == {"echo", EXPERTS} and not row.differences for row in rows)


def test_attribution_is_known_turn_by_turn(who: WhoSpoke) -> None:
    right = right_by_turn(SYSTEMS["good"], who)
    assert len(right) == 4
    assert min(right) > 0.75


def test_tokens_and_seconds_per_turn_count_everything_that_was_spent(who: WhoSpoke) -> None:
    start = STARTS[0]
    said = tuple(Said(agent=agent, text="Hm.", tokens=10, seconds=1) for agent in planted.AGENTS)
    visible = Dialogue(id=start.id, source="test", said=said)
    hidden = visible.model_copy(update={"tokens": 100, "seconds": 8.0})
    embedded = Embedded(planted.Bag(), ["Hm.", *MESSAGES.values()])
    for dialogue, tokens, seconds in ((visible, 10, 1), (hidden, 25, 2)):
        within = measure([dialogue], STARTS, who, embedded).within
        assert within["spent"] == {start.id: tokens}
        assert within["seconds"] == {start.id: seconds}
