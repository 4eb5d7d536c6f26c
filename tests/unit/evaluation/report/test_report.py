"""A report from a run's folder: the paper's tables under judges' cards, pictures, dialogues."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.conversation.personas import load_cast
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError
from mascot.evaluation.dialogue import Answered, Dialogue, Said, Start
from mascot.evaluation.judges.base import Verdict
from mascot.evaluation.judges.card import Card
from mascot.evaluation.judges.criteria import paper_criteria
from mascot.evaluation.judges.engine_judge import EngineJudge
from mascot.evaluation.judges.run import questions_of, verdict_file, verdicts_of
from mascot.evaluation.judges.verdicts import judge_all
from mascot.evaluation.kept import finish_all
from mascot.evaluation.report.blocks import Table, Warned, Words, as_html
from mascot.evaluation.report.build import write_report
from mascot.evaluation.report.scores import OVERALL, per_dialogue, scored
from mascot.evaluation.run_folder import RunFolder, RunHeader, SystemHeader
from tests.unit.evaluation import planted
from tests.unit.evaluation.judges.test_verdicts import weigh

STARTS = tuple(
    Start(
        id=f"s{i}", source="app", domain="everyday", emotion="sad", text=f"I lost key {i}.", valence=valence
    )
    for i, valence in enumerate(("positive", "negative", "neutral", "negative"))
)
SECRET = Start(
    id="q1", source="qmsum", domain="product", emotion="", text="", published=True, valence=""
).model_copy(update={"text": "The remote control shall be yellow."})
RUN = RunHeader(
    version="0",
    engine="scripted",
    model="script",
    data=("situations",),
    limit=None,
    seed=1,
    turns=4,
    rounds=1,
    starts="none",
)


def dialogue(start: Start, agents: tuple[str, ...], words: str, user: bool = False) -> Dialogue:
    said = tuple(Said(agent=agent, text=f"{words} <b>{start.id}</b> {agent}.", tokens=5) for agent in agents)
    answers = (Answered(after=1, text="Hm, perhaps."),) if user else ()
    return Dialogue(id=start.id, source=start.source, said=said, answers=answers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of four systems, one of them with two simulated people, judged by one scripted judge."""
    run = RunFolder(tmp_path / "run")
    run.begin(RUN, (*STARTS, SECRET))
    systems = (
        ("zero-shot", "Zero-shot", "single", ("assistant",), ""),
        ("mascot", "MASCOT", "group", planted.AGENTS, ""),
        ("mascot-c", "MASCOT-C (random order)", "group", planted.AGENTS, ""),
        ("mascot", "MASCOT", "group", planted.AGENTS, "INTJ"),
        ("mascot", "MASCOT", "group", planted.AGENTS, "ESFP"),
    )
    judge = EngineJudge(ScriptedEngine(weigh=weigh), "scripted")
    for system, title, kind, agents, user in systems:
        name = f"{system}@{user}" if user else system
        header = SystemHeader(name=name, system=system, title=title, kind=kind, agents=agents, user=user)  # type: ignore[arg-type]
        held = finish_all(
            lambda start, agents=agents, user=user: dialogue(
                start, agents, f"It hurts {len(start.id)}", bool(user)
            ),
            (*STARTS, SECRET),
            run.file(name),
            header.model_dump(mode="json"),
        )
        starts = {start.id: start for start in (*STARTS, SECRET)}
        questions = questions_of(judge, list(held.values()), starts, load_cast(), 1)
        judge_all(judge, questions, verdict_file(run.path, "scripted", name), {"judge": "scripted"})
    run.note({"command": "python -m mascot evaluate", "date": "today", "machine": "a test"})
    return run.path


def test_a_whole_report_is_written_with_pictures_tables_and_dialogues(folder: Path, tmp_path: Path) -> None:
    out = write_report(folder, tmp_path / "no cards", embedder=planted.Bag())
    text = (out / "report.md").read_text("utf-8")
    for part in (
        "Agent-specific, app, positive",
        "Collective, app, negative",
        "QMSum by domain",
        "Ablations",
        "Simulated people and agents: MASCOT",
        "Without a judge",
        "76.9",
    ):
        assert part in text, part
    pictures = {path.name for path in (out / "pictures").iterdir()}
    assert {"scripted-qmsum.png", "scripted-ablation.png", "scripted-people-mascot.png"} <= pictures
    assert {"app-dots.png", "app-confusion.png", "people-mascot.png"} <= pictures
    assert all((out / "pictures" / name).stat().st_size > 5000 for name in pictures)
    for link in (out / "report.md").read_text("utf-8").split("](")[1:]:
        target = link.split(")")[0]
        assert (out / target).exists(), target


def test_a_judge_without_a_card_is_named_as_such_above_each_of_its_tables(
    folder: Path, tmp_path: Path
) -> None:
    out = write_report(folder, tmp_path / "no cards", embedder=planted.Bag())
    text = (out / "report.md").read_text("utf-8")
    judged, _, _ = text.partition("## Without a judge")
    tables = [part for part in judged.split("### ")[1:] if "Overall" in part]
    assert tables
    assert all("has no report card" in part for part in tables)


def test_the_card_of_a_weak_judge_stands_above_each_of_its_tables(folder: Path, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "scripted.json").write_text(Card(judge="scripted", model="script", lines=()).model_dump_json())
    out = write_report(folder, cards, embedder=planted.Bag())
    judged, _, _ = (out / "report.md").read_text("utf-8").partition("## Without a judge")
    assert judged.count("cannot be measured") == judged.count("### ") + 1


def test_what_a_model_said_is_text_and_never_markup(folder: Path, tmp_path: Path) -> None:
    out = write_report(folder, tmp_path / "no cards", embedder=planted.Bag())
    page = (out / "dialogues.html").read_text("utf-8")
    assert "&lt;b&gt;s0&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "MASCOT with INTJ" in page
    assert "Hm, perhaps." in page


def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        write_report(tmp_path, tmp_path, embedder=planted.Bag())


def test_every_system_is_asked_nine_questions_a_dialogue_and_the_same_turn_is_judged(folder: Path) -> None:
    by_system = verdicts_of(folder)["scripted"]
    assert {len(verdicts) for verdicts in by_system.values()} == {9 * 5}
    utterances = [{case for case, _ in by_system[name] if "#" in case} for name in ("mascot", "mascot-c")]
    assert utterances[0] == utterances[1]


def verdict(case: str, criterion: str, score: float | None) -> Verdict:
    failed = "" if score is not None else "nonsense"
    return Verdict(case=case, criterion=criterion, judge="j", score=score, failed=failed)


def test_scores_by_hand_and_a_dialogue_that_lacks_one_is_left_out() -> None:
    criteria = paper_criteria("group")[:2]
    one, two = (criterion.id for criterion in criteria)
    given = [verdict("a", one, 5), verdict("a", two, 3), verdict("b", one, 1), verdict("b", two, None)]
    verdicts = {(v.case, v.criterion): v for v in given}
    assert per_dialogue(verdicts, criteria, {"a", "b"}) == {"a": 75}
    found = scored({"x": verdicts}, ["x"], criteria, ["a", "b"], "x")
    overall = found.values["x"][OVERALL]
    assert overall is not None
    assert (overall.value, overall.n) == (75, 1)
    assert found.failed == {"x": 1}


def test_cells_are_escaped_and_a_table_copies_as_csv() -> None:
    table = Table(("system", "a|b"), (("<x>", "**1**"),), "t")
    assert "&lt;x&gt;" in table.html()
    assert "a\\|b" in table.markdown()
    assert table.csv() == "system,a|b\n<x>,1\n"
    page = as_html("A & B", [table, Words("see `c`"), Warned("**weak**")])
    assert "<strong>weak</strong>" in page
    assert "A &amp; B" in page
