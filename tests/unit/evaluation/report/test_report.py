"""A report from a run's folder: the paper's tables under judges' cards, pictures, dialogues."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mascot.conversation.personas import load_cast
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError
from mascot.evaluation.dialogue import Answered, Dialogue, Said, Start
from mascot.evaluation.judges.base import Case, Criterion, Judge, Verdict
from mascot.evaluation.judges.bias import Bias
from mascot.evaluation.judges.card import Card
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.engine_judge import EngineJudge
from mascot.evaluation.judges.run import questions_of, verdict_file, verdicts_of
from mascot.evaluation.judges.verdicts import judge_all
from mascot.evaluation.kept import finish_all
from mascot.evaluation.report import voices
from mascot.evaluation.report.blocks import Table, Warned, Words, as_html, as_markdown
from mascot.evaluation.report.build import write_report
from mascot.evaluation.report.evidence import read_evidence
from mascot.evaluation.report.judged import judge_parts
from mascot.evaluation.report.scores import OVERALL, differences, differing, per_dialogue, scored
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


def header(system: str, title: str, kind: str, agents: tuple[str, ...], **more) -> SystemHeader:
    name = system + (f"@{more['user']}" if "user" in more else "(director=small)" if "models" in more else "")
    return SystemHeader(name=name, system=system, title=title, kind=kind, agents=agents, **more)  # type: ignore[arg-type]


SYSTEMS = (
    header("zero-shot", "Zero-shot", "single", ("assistant",)),
    header("mascot", "MASCOT", "group", planted.AGENTS),
    header("mascot-c", "MASCOT-C (random order)", "group", planted.AGENTS),
    header("mascot", "MASCOT (director small)", "group", planted.AGENTS, models={"director": "small"}),
    header("mascot", "MASCOT", "group", planted.AGENTS, user="INTJ"),
    header("mascot", "MASCOT", "group", planted.AGENTS, user="ESFP"),
)
WORDS = {system.name: f"It hurts {'so ' * place}much" for place, system in enumerate(SYSTEMS)}


class Namer:
    """Takes everybody for Beacon."""

    speakers = planted.AGENTS

    def guess(self, texts: list[str]) -> tuple[str, ...]:
        return ("beacon",) * len(texts)


def dialogue(start: Start, agents: tuple[str, ...], words: str, user: bool = False) -> Dialogue:
    said = tuple(Said(agent=agent, text=f"{words} <b>{start.id}</b> {agent}.", tokens=5) for agent in agents)
    answers = (Answered(after=1, text="Hm, perhaps."),) if user else ()
    return Dialogue(id=start.id, source=start.source, said=said, answers=answers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of systems, simulated people and another director among them, judged by one scripted judge."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "run")
    run.begin(RUN, (*STARTS, SECRET))
    judge = EngineJudge(ScriptedEngine(weigh=weigh), "scripted")
    starts = {start.id: start for start in (*STARTS, SECRET)}
    for header in SYSTEMS:
        held = finish_all(
            lambda start, header=header: dialogue(
                start, header.agents, WORDS[header.name], bool(header.user)
            ),
            (*STARTS, SECRET),
            run.file(header.name),
            header.model_dump(mode="json"),
        )
        questions = questions_of(judge, list(held.values()), starts, load_cast(), 1)
        judge_all(judge, questions, verdict_file(run.path, "scripted", header.name), {"judge": "scripted"})
    run.note({"command": "python -m mascot evaluate", "date": "today", "machine": "a test"})
    return run.path


@pytest.fixture(scope="module")
def written(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report, without a card of the judge."""
    out = tmp_path_factory.mktemp("reports")
    return write_report(folder, out / "no cards", out, embedder=planted.Bag())


def test_a_whole_report_is_written_with_pictures_tables_and_dialogues(written: Path) -> None:
    text = (written / "report.md").read_text("utf-8")
    for part in (
        "Agent-specific, app, positive",
        "Collective, app, negative",
        "QMSum by domain",
        "Ablations",
        "Sizes of director and speaker",
        "Simulated people and agents: MASCOT",
        "Drift over turns",
        "Without a judge",
        "76.9",
    ):
        assert part in text, part
    pictures = {path.name for path in (written / "pictures").iterdir()}
    assert {"scripted-qmsum.svg", "scripted-ablation.svg", "scripted-people-mascot.svg"} <= pictures
    assert {"app-dots.svg", "app-confusion.svg", "app-turns.svg", "people-mascot.svg"} <= pictures
    assert "scripted-sizes.svg" in pictures
    for link in text.split("](")[1:]:
        target = link.split(")")[0]
        assert (written / target).exists(), target


def test_every_picture_has_both_modes_and_no_colour_of_its_own(written: Path) -> None:
    for path in (written / "pictures").iterdir():
        svg = path.read_text("utf-8")
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert svg.count("prefers-color-scheme:dark") == 1
        drawn = re.sub(r"<style>.*?</style>", "", svg)
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", drawn), path.name


def test_the_sweep_of_sizes_stands_beside_mascot_with_tested_differences(written: Path) -> None:
    with (written / "tables" / "scripted-sizes.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    tested = "difference, p (Holm)"
    assert head == ["system", "agent-specific (95 %)", tested, "collective (95 %)", tested]
    assert [row[0] for row in rows] == ["MASCOT", "MASCOT (director small)"]
    assert [rows[0][place] for place in (2, 4)] == ["compared with"] * 2
    assert all("p = " in rows[1][place] or "p < " in rows[1][place] for place in (2, 4))


def test_an_agent_that_never_spoke_has_no_row_in_the_confusion(monkeypatch, tmp_path) -> None:
    """A row of noughts would say that it was never taken for anybody."""
    drawn: list[tuple] = []
    monkeypatch.setattr(voices.pictures, "heat", lambda *drawing: drawn.append(drawing))
    said = [dialogue(start, ("anchor", "beacon"), "It hurts", False) for start in STARTS]
    blocks = voices._confusion(said, "MASCOT", Namer(), load_cast(), tmp_path, "c")  # type: ignore[arg-type]
    (values, rows, columns, *_), *_ = drawn
    assert rows == ["Anchor (4)", "Beacon (4)"]
    assert len(columns) == 4
    assert values == [[0, 0, 100, 0], [0, 0, 100, 0]]
    assert len(blocks) == 1


def test_a_judge_without_a_card_is_named_as_such_above_each_of_its_tables(written: Path) -> None:
    judged, _, _ = (written / "report.md").read_text("utf-8").partition("## Without a judge")
    tables = [part for part in judged.split("### ")[1:] if "Overall" in part]
    assert tables
    assert all("has no report card" in part for part in tables)


def test_a_weak_judges_card_stands_above_each_of_its_tables_and_its_bias_beside_it(
    folder: Path, tmp_path: Path
) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "scripted.json").write_text(Card(judge="scripted", model="script", lines=()).model_dump_json())
    bias = Bias(judge="scripted", pairs=4, failed=0, first=0.35, steady=0.5, own=0.6, own_beyond_others=None)
    (cards / "bias.json").write_text(json.dumps({"biases": [bias.model_dump()]}))
    judged = as_markdown(judge_parts(read_evidence(folder, cards), tmp_path))
    assert "Of 4 pairs: scripted gives what stands first +0.35 beyond its share" in judged
    assert judged.count("cannot be measured") == judged.count("### ") + 1


def test_what_a_model_said_is_text_and_never_markup(written: Path) -> None:
    page = (written / "dialogues.html").read_text("utf-8")
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


class Mute(Judge):
    """Knows one dimension; answers what it must not, or too late."""

    name = "mute"

    def knows(self, criterion: Criterion) -> bool:
        return criterion.id == rated_dimensions()[0].id

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        failed = {"s0": "nonsense", "s1": "timed out"}.get(case.id, "")
        score = None if failed else criterion.low + len(case.said) % 2
        return Verdict(case=case.id, criterion=criterion.id, judge=self.name, score=score, failed=failed)


def test_what_a_judge_did_not_score_is_counted_under_its_tables(folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(folder, run.path, ignore=shutil.ignore_patterns("verdicts"))
    starts = {start.id: start for start in (*STARTS, SECRET)}
    for name in ("mascot", "mascot-c"):
        questions = questions_of(Mute(), list(run.dialogues(name).values()), starts, load_cast(), 1)
        judge_all(Mute(), questions, verdict_file(run.path, "mute", name), {"judge": "mute"})
    text = as_markdown(judge_parts(read_evidence(run.path, tmp_path), tmp_path))
    assert "which are left out: MASCOT 2, MASCOT-C (random order) 2" in text


def test_a_judge_of_dimensions_has_its_own_table_though_a_name_is_the_papers_too(
    folder: Path, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(folder, run.path, ignore=shutil.ignore_patterns("verdicts"))
    for name in ("mascot", "mascot-c"):
        given = "".join(
            verdict(start.id, id, 1).model_copy(update={"judge": "kind"}).model_dump_json() + "\n"
            for start in STARTS
            for id in ("advice_giving", "empathy", "relevance")
        )
        verdict_file(run.path, "kind", name).parent.mkdir(parents=True, exist_ok=True)
        verdict_file(run.path, "kind", name).write_text('{"run": {}}\n' + given)
    text = as_markdown(judge_parts(read_evidence(run.path, tmp_path), tmp_path))
    assert "Dimensions people rated, app" in text
    assert "| system | advice giving | empathy | relevance |" in text
    assert "Ablations" not in text


def test_differences_of_dimensions_are_paired_and_corrected_over_the_whole_table() -> None:
    criteria = paper_criteria("group")[:2]
    ids = [f"d{place}" for place in range(8)]
    up, down = (criterion.id for criterion in criteria)
    scores = {"first": (3, 3), "same": (3, 3), "other": (4, 3)}
    given = {
        name: {
            (id, c): verdict(id, c, score) for id in ids for c, score in zip((up, down), both, strict=True)
        }
        for name, both in scores.items()
    }
    gaps = differences(given, list(given), criteria, ids, "first")
    assert set(gaps) == {(name, c) for name in ("same", "other") for c in (up, down)}
    gap = gaps["other", up]
    assert gap is not None
    assert gap.value == 25
    assert gap.p == pytest.approx(4 * 2 / 2**8, rel=0.01)  # eight equal signs, four differences
    assert differing("1.0", gap) == "**1.0**"
    assert differing("1.0", gaps["same", up]) == "1.0"


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
