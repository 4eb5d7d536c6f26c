"""Systems under test on a scripted engine: what each asks, and what never reaches a dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mascot.adapters.registry import Entry, Registry, State
from mascot.alignment.policy_recipe import DpoRecipe, GroupRecipe, PolicyRecipe
from mascot.alignment.recipe import Recipe as SftRecipe
from mascot.conversation.personas import load_cast
from mascot.engines.base import Completion, Request, Sampling
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError
from mascot.evaluation.baselines.assistant import Assistant, talk_with
from mascot.evaluation.baselines.base import ASSISTANT, Companions, whole, without
from mascot.evaluation.baselines.groupchat import GroupChat
from mascot.evaluation.baselines.mascot import Mascot, without_personas
from mascot.evaluation.baselines.models import Loaded, stage_of
from mascot.evaluation.baselines.multiagentesc import STRATEGIES, Cases, MultiAgentESC
from mascot.evaluation.baselines.registry import LISTS, PAPER, RECIPES, specs
from mascot.evaluation.baselines.shots import shots
from mascot.evaluation.dialogue import Start
from mascot.evaluation.rounds import opening
from mascot.evaluation.systems import make_system
from mascot.evaluation.users import TYPES, Person, card
from mascot.evaluation.wrapped import Metered
from mascot.live.speaker import INSTRUCTED
from tests.unit.evaluation.planted import Bag
from tests.unit.evaluation.test_rounds import differently

CAST = load_cast()
START = Start(id="a", source="test", domain="everyday", emotion="sad", text="My cat ran away on Sunday.")
TALK = opening(CAST, START, 4, "test", seed=1)
DRAWN = Sampling(max_tokens=60)
SECRET = "The person misses the cat and wonders whether the door was open"


def text_of(request: Request) -> str:
    return "\n".join(message.content for message in request.prompt.messages)


def one(system: Companions) -> str:
    (said,) = system.answer(TALK, "s").said
    assert said.agent == ASSISTANT
    return said.text


def test_zero_shot_asks_once_and_shows_no_examples() -> None:
    engine = ScriptedEngine(["I am sorry about your cat."])
    assert one(Assistant(engine, DRAWN)) == "I am sorry about your cat."
    (asked,) = engine.requests
    assert [message.role for message in asked.prompt.messages] == ["system", "user"]


def test_few_shot_shows_four_expert_replies_of_other_themes_and_voices() -> None:
    engine = ScriptedEngine(["I am sorry."])
    one(Assistant(engine, DRAWN, shots()))
    roles = [message.role for message in engine.requests[0].prompt.messages]
    assert roles == ["system", *["user", "assistant"] * 4, "user"]
    assert len({shot.says for shot in shots()}) == 4


@pytest.mark.parametrize("few", [False, True])
def test_thoughts_lead_to_the_reply_and_never_reach_the_dialogue(few: bool) -> None:
    def say(request: Request) -> str:
        if "Write these thoughts only" in text_of(request):
            return f"{SECRET}."
        return f"(Thoughts: {SECRET}.) I hope she comes back. {SECRET}. Shall we look together?"

    engine = ScriptedEngine(say)
    assert one(Assistant(engine, DRAWN, shots() if few else (), thinks=True)) == (
        "I hope she comes back. Shall we look together?"
    )
    assert SECRET in text_of(engine.requests[-1])


def test_a_reply_that_is_nothing_but_the_thought_is_drawn_anew_and_then_counted_as_empty() -> None:
    engine = ScriptedEngine(lambda request: f"{SECRET}.")
    held = Assistant(engine, DRAWN, thinks=True).answer(TALK, "s")
    assert (held.said, held.empty, len(engine.requests)) == ((), 1, 4)
    assert len({request.sampling.seed for request in engine.requests}) == 4


def test_self_consistency_gives_the_reply_most_like_the_others() -> None:
    replies = iter(
        [
            "Call the shelter now.",
            "A red boat sails.",
            "Please call the shelter.",
            "Call the shelter.",
            "No idea.",
        ]
    )

    def say(request: Request) -> str:
        return "Hm." if "Write these thoughts only" in text_of(request) else next(replies)

    assert "shelter" in one(Assistant(ScriptedEngine(say), DRAWN, (), True, 5, Bag()))


def test_multiagentesc_analyses_deliberates_drafts_debates_and_votes() -> None:
    asked: list[str] = []

    def say(request: Request) -> str:
        asked.append(request.prompt.messages[-1].content)
        last = asked[-1].splitlines()[-1]
        for strategy in STRATEGIES:
            if f"As the supporter, {strategy}." in last:
                return f"Draft: {strategy}."
        place = next((place for place in "123" if f"Improve reply {place}" in last), "")
        return f"Revised {place}." if place else "Sadness."

    def weigh(request: Request, options: Sequence[str]) -> Sequence[float]:
        if len(options) == len(STRATEGIES):
            return [8, 1, 7, 1, 6, 1, 1, 1]
        return [1, 5, 1]

    engine = ScriptedEngine(say, weigh)
    assert one(MultiAgentESC(engine, Cases(Bag()), DRAWN)) == "Revised 2."
    assert len(asked) == 3 + 3 + 3 + 3
    assert len(engine.requests) == len(asked) + 1 + 3
    assert "Draft: ask a question." in asked[6]
    assert "Draft: affirm and reassure." in asked[6]


def test_a_tie_of_votes_is_decided_by_the_judge_and_counted() -> None:
    def weigh(request: Request, options: Sequence[str]) -> Sequence[float]:
        author = next((n for n in (1, 2, 3) if f"Author {n} votes" in text_of(request)), 3)
        return [float(place == author - 1) for place in range(len(options))]

    held = MultiAgentESC(ScriptedEngine(differently, weigh), Cases(Bag()), DRAWN).answer(TALK, "s")
    assert held.counts == {"ties": 1}


def test_a_round_robin_chat_goes_round_the_seats_without_directives() -> None:
    engine = ScriptedEngine(differently)
    held = GroupChat(engine, CAST, 5, selects=False, sampling=DRAWN).answer(TALK, "s")
    assert [said.agent for said in held.said] == [*TALK.cast, TALK.cast[0]]
    assert all(not said.action for said in held.said)
    heard = [message.content for message in engine.requests[1].prompt.messages]
    assert heard[-1].startswith(f"{CAST[TALK.cast[0]].name}: ")


def test_the_selector_takes_the_one_that_is_named_and_never_the_last_speaker() -> None:
    def say(request: Request) -> str:
        _, asks, free = request.prompt.messages[-1].content.rpartition("Who of")
        if not asks:
            return differently(request)
        return "It is Beacon's turn" if "Beacon" in free else "Anchor"

    held = GroupChat(ScriptedEngine(say), CAST, 4, selects=True, sampling=DRAWN).answer(TALK, "s")
    assert [said.agent for said in held.said] == ["beacon", "anchor", "beacon", "anchor"]
    assert not held.counts


def test_a_selector_that_names_nobody_is_asked_three_times_and_then_the_last_speaker_goes_on() -> None:
    engine = ScriptedEngine(
        lambda request: "I cannot say." if request.sampling.max_tokens < 20 else differently(request)
    )
    held = GroupChat(engine, CAST, 2, selects=True, sampling=DRAWN).answer(TALK, "s")
    assert [said.agent for said in held.said] == [TALK.cast[0], TALK.cast[0]]
    assert held.counts == {"unselected": 2}
    assert sum(request.sampling.max_tokens < 20 for request in engine.requests) == 6


def test_without_personas_no_card_reaches_the_model() -> None:
    engine = ScriptedEngine(differently)
    system = make_system("", engine, without_personas(CAST), INSTRUCTED, "model")
    assert len(Mascot(system, 4).answer(TALK, "s").said) == 4
    words = "\n".join(text_of(request) for request in engine.requests)
    for persona in CAST:
        assert persona.voice not in words
        assert persona.role not in words
        assert persona.summary not in words


def test_fewer_agents_are_drawn_anew_for_each_message() -> None:
    seats = {opening(CAST, replace_id(n), 4, "", 1, agents=2).cast for n in range(12)}
    assert {len(seat) for seat in seats} == {2}
    assert len(seats) > 3


def replace_id(number: int) -> Start:
    return START.model_copy(update={"id": str(number)})


def test_another_seed_throws_other_dice() -> None:
    assert opening(CAST, START, 4, "", 1).seed != opening(CAST, START, 4, "", 2).seed


def test_the_sixteen_types_have_sixteen_cards_and_answer_as_themselves() -> None:
    assert len({card(kind) for kind in TYPES}) == len(TYPES) == 16
    engine = ScriptedEngine(["One. Two. Three."])
    talk = talk_with(TALK, "anchor", "You miss her.")
    answer = Person("INTJ", engine, CAST).answer(talk, 4, "s")
    assert (answer.after, answer.text) == (4, "One. Two.")
    assert card("INTJ") in text_of(engine.requests[0])
    *_, told, heard = engine.requests[0].prompt.messages
    assert (told.role, told.content) == ("assistant", START.text)
    assert (heard.role, heard.content) == ("user", "Anchor: You miss her.")


def test_a_list_names_systems_roles_and_other_lists() -> None:
    assert [spec.name for spec in specs("paper")] == list(PAPER)
    assert len(specs("all,mascot")) == len(LISTS["all"]) == len(RECIPES)
    small, both = specs("mascot(director=small), mascot-c(director=a/b;speaker=c)")
    assert (small.name, both.name) == ("mascot-director-small", "mascot-c-director-a_b-speaker-c")
    assert small.title == "MASCOT (director small)"


@pytest.mark.parametrize(
    "text", ["mascott", "mascot(", "mascot(judge=x)", "mascot(director=)", "zero-shot(speaker=x)"]
)
def test_an_unknown_system_is_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        specs(text)
    assert "\n" not in str(caught.value)


def test_a_text_that_the_tokens_ran_out_on_ends_with_its_last_whole_sentence() -> None:
    assert whole(Completion("One. Two and", 4, "length")) == "One."
    assert whole(Completion("One. Two and", 4, "stop")) == "One. Two and"
    assert whole(Completion("Two and", 2, "length")) == "Two and"
    assert without("a b c d e f g", "Well. I say b c d e f g. Yes.") == "Well. Yes."


def test_the_stage_of_an_adapter_is_told_from_what_trained_it() -> None:
    (entry, *_) = Registry(Path("nowhere")).entries()
    recipes = (SftRecipe(), PolicyRecipe(), DpoRecipe(), GroupRecipe())
    stages = []
    for recipe in recipes:
        lineage = entry.lineage.model_copy(update={"settings": recipe.model_dump()})
        stages.append(stage_of(replace(entry, lineage=lineage)))
    assert stages == [0, 1, 1, 2]


def test_an_ablation_takes_the_adapters_of_its_stage() -> None:
    (entry, *_) = Registry(Path("nowhere")).entries()

    def adapter(name: str, version: str, recipe: SftRecipe | PolicyRecipe, state: State) -> Entry:
        update = {"name": name, "version": version, "settings": recipe.model_dump()}
        return replace(entry, lineage=entry.lineage.model_copy(update=update), state=state)

    loaded = Loaded(
        Metered(ScriptedEngine()),
        (
            adapter("anchor", "sft", SftRecipe(), "candidate"),
            adapter("anchor", "persona", PolicyRecipe(), "candidate"),
            adapter("anchor", "group", GroupRecipe(), "promoted"),
            adapter("director", "sft", SftRecipe(), "candidate"),
            adapter("director", "group", GroupRecipe(), "promoted"),
        ),
    )

    def spoken_with(system: str) -> dict[str, str]:
        return {name: e.lineage.version for name, e in RECIPES[system].adapters(loaded).items()}

    assert spoken_with("mascot") == {"anchor": "group", "director": "group"}
    assert spoken_with("mascot-no-stage2") == {"anchor": "persona", "director": "sft"}
    assert spoken_with("mascot-no-stage1") == {"anchor": "sft", "director": "group"}
    assert spoken_with("mascot-bare-director") == {"anchor": "group"}
    assert spoken_with("sft") == {"anchor": "sft"}
    assert spoken_with("mascot-bare") == spoken_with("zero-shot") == {}


@pytest.mark.parametrize("system", ["sft", "mascot-no-stage1", "mascot-no-stage2"])
def test_an_ablation_without_the_adapters_of_its_stage_is_no_system(system: str) -> None:
    (entry, *_) = Registry(Path("nowhere")).entries()
    trained = entry.lineage.model_copy(update={"name": "anchor", "settings": GroupRecipe().model_dump()})
    loaded = Loaded(Metered(ScriptedEngine()), (replace(entry, lineage=trained, state="promoted"),))
    with pytest.raises(InputError, match=r"the registry has no .* of anchor: `align sft` trains"):
        RECIPES[system].adapters(loaded)
