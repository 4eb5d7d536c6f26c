"""What becomes of figures: aims, table, page, file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mascot.bench import first_token, session
from mascot.bench.measure import Figure
from mascot.bench.parts import PARTS, QUICK, Plan
from mascot.bench.report import judge, markdown, measured_of, terminal
from mascot.bench.session import begin, entry, run, select
from mascot.conversation.personas import load_cast
from mascot.errors import EngineError, InputError
from mascot.settings import Settings


def times(ours: float, peers: float, at: int) -> list[Figure]:
    return [
        Figure(first_token.OURS, (ours,), "s", at),
        Figure(first_token.CARD_FIRST, (peers, peers * 1.1, peers * 0.9), "s", at),
    ]


FAST = {"first-token/llamacpp": times(0.4, 1.0, 128) + times(0.5, 10.0, 4096)}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(Settings(home=tmp_path), load_cast(), QUICK, lambda line: None)


def verdict(measured: dict[str, list[Figure]], words: str):
    return next(v for v in judge(measured) if words in v.what)


def test_an_aim_is_reached_or_not_by_the_ratio_of_medians() -> None:
    assert verdict(FAST, "card first ÷ ours").value == pytest.approx(20)
    assert verdict(FAST, "card first ÷ ours").reached
    slow = {"first-token/llamacpp": times(0.2, 1.0, 128) + times(2.0, 10.0, 4096)}
    assert verdict(slow, "card first ÷ ours").reached is False
    assert verdict(slow, "growth").value == pytest.approx(10)
    assert verdict(slow, "growth").reached is False


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    assert all(v.reached is None and v.shown == "not measured" for v in judge({}))


def document(plan: Plan) -> dict:
    made = begin(Path("nowhere.json"), plan)
    made["parts"] = {name: entry(figures, 0.1, 12.3, quick=True) for name, figures in FAST.items()}
    return made


def test_the_page_says_what_was_measured_on_what(plan: Plan) -> None:
    page = markdown(document(plan), "bench.png")
    assert (
        "| time to first token at 4k history, card first ÷ ours (llamacpp) | ≥ 12 × | 20 × | reached |"
        in page
    )
    assert "| persona card first | 4096 | 10.000 s | 9.000 to 11.000 | 3 |" in page
    assert "bench.png" in page
    assert "load before 0.10" in page


def test_the_terminal_shows_every_figure_and_every_aim(plan: Plan) -> None:
    shown = "\n".join(terminal(document(plan)))
    assert shown.count("persona card first at") == 2
    assert "not measured" in shown


def test_a_document_survives_its_file(plan: Plan) -> None:
    made = json.loads(json.dumps(document(plan)))
    assert measured_of(made) == FAST
    assert {"format", "command", "machine", "threads", "parts"} == set(made)
    assert {"processor", "cores", "memory_gib", "system", "python", "versions"} == set(made["machine"])


def test_a_part_is_in_the_file_once_it_is_done_and_the_others_stay(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "results" / "bench.json"
    failures = run(
        {"decode/llamacpp": lambda _: [Figure("ours", (1.0,), "tok/s")]}, plan, begin(file, plan), file
    )
    failures |= run({"app": lambda _: [Figure("memory", (2.0,), "MiB")]}, plan, begin(file, plan), file)
    failures |= run(
        {"decode/llamacpp": lambda _: [Figure("ours", (3.0,), "tok/s")]}, plan, begin(file, plan), file
    )
    parts = json.loads(file.read_text())["parts"]
    assert not failures
    assert list(parts) == ["decode/llamacpp", "app"], "in the order of the parts"
    assert parts["decode/llamacpp"]["figures"][0]["samples"] == [3.0]
    assert parts["app"]["figures"][0]["median"] == 2.0


def test_a_part_that_fails_leaves_the_others_alone(plan: Plan, tmp_path: Path) -> None:
    def fails(_plan: Plan) -> list[Figure]:
        raise EngineError("the model is gone")

    file = tmp_path / "bench.json"
    document = begin(file, plan)
    failures = run({"app": fails, "autogen": lambda _: [Figure("x", (1.0,), "s")]}, plan, document, file)
    assert [str(failure) for failure in failures.values()] == ["the model is gone"]
    assert list(document["parts"]) == ["autogen"]


def test_a_foreign_file_is_not_overwritten(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text('["a list of mine"]')
    with pytest.raises(InputError, match="is not a file of results"):
        begin(file, plan)
    assert file.read_text() == '["a list of mine"]'


def test_a_part_is_chosen_by_its_name_or_for_every_engine() -> None:
    assert list(select(["decode"])) == ["decode/llamacpp", "decode/transformers"]
    assert list(select(["app", "decode/llamacpp"])) == ["decode/llamacpp", "app"]
    assert list(select([])) == list(PARTS)


def test_an_unknown_part_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(
        InputError, match=r"bench has no part 'speed': choose among first-token/llamacpp, .*autogen"
    ):
        select(["speed"])


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "bench.png"
    session.draw(FAST, file)
    assert file.read_bytes().startswith(b"\x89PNG")
