"""Ratings that programs give: saved when told so, once per key, without words, gone with the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from annotations.records import Scale
from annotations.store import Store
from mascot.errors import BusyError, MascotError
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Live
from mascot.ui.visitors import Visitors
from studies.design.study import APP
from studies.web.ratings import Ratings
from tests.unit.live.support import WAIT, open_live

REQUEST: Any = SimpleNamespace(client=SimpleNamespace(host="192.0.2.7"))
WORDS = "Nobody knows about xylophones."


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    live = open_live(tmp_path / "a.db", max_turns=1, limits=Limits(Allowance(messages_per_hour=6)))
    yield live
    live.close()


@pytest.fixture
def talk(live: Live) -> str:
    id = live.open("me")
    live.say(id, WORDS)
    live.wait(id, WAIT)
    return id


def rate(live: Live, folder: Path, *ratings: tuple[str, str, float, str]) -> list[dict[str, Any]]:
    """Rates with a store that is opened anew, as after a restart."""

    async def run() -> list[dict[str, Any]]:
        with Store.open(f"sqlite:///{folder / 'ratings.db'}") as store:
            ratings_of = Ratings(store, live, Visitors())
            return [await ratings_of.rate(*one, request=REQUEST) for one in ratings]

    with ThreadPoolExecutor(1) as pool:  # browser tests leave a running loop in the main thread
        return pool.submit(lambda: asyncio.run(run())).result()


def saved(folder: Path) -> list[tuple[str, float]]:
    with Store.open(f"sqlite:///{folder / 'ratings.db'}") as store:
        return [
            (one.answer.criterion, one.answer.value.value)
            for one in store.answers(APP)
            if isinstance(one.answer.value, Scale)
        ]


def test_a_rating_is_saved_once_per_key_also_after_a_restart(live: Live, talk: str, tmp_path: Path) -> None:
    first = rate(live, tmp_path, (talk, "fidelity", 4.0, "k" * 8))
    again = rate(live, tmp_path, (talk, "fidelity", 4.0, "k" * 8), (talk, "overall-help", 70.0, "m" * 8))
    assert again[0] == first[0]
    assert saved(tmp_path) == [("fidelity", 4.0), ("overall-help", 70.0)]


def test_a_later_rating_takes_the_place_of_an_earlier_one(live: Live, talk: str, tmp_path: Path) -> None:
    rate(live, tmp_path, (talk, "fidelity", 4.0, "k" * 8), (talk, "fidelity", 2.0, "l" * 8))
    assert saved(tmp_path) == [("fidelity", 2.0)]


@pytest.mark.parametrize(
    ("rating", "says"),
    [
        (("fidelity", 0.0, "k" * 8), "from 1 to 5"),
        (("fidelity", 2.5, "k" * 8), "steps of 1"),
        (("fidelity", float("nan"), "k" * 8), "no point"),
        (("beauty", 1.0, "k" * 8), "fidelity"),
        (("fidelity", 1.0, "k"), "8 to 64"),
    ],
)
def test_what_is_no_rating_is_one_line(
    live: Live, talk: str, tmp_path: Path, rating: tuple[str, float, str], says: str
) -> None:
    with pytest.raises(MascotError, match=says):
        rate(live, tmp_path, (talk, *rating))
    assert saved(tmp_path) == []


def test_a_conversation_that_does_not_exist_is_not_rated(live: Live, tmp_path: Path) -> None:
    with pytest.raises(MascotError, match="no such conversation"):
        rate(live, tmp_path, ("0" * 32, "fidelity", 4.0, "k" * 8))


def test_a_rating_holds_no_words_and_no_key(live: Live, talk: str, tmp_path: Path) -> None:
    rate(live, tmp_path, (talk, "fidelity", 4.0, "k" * 8))
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("ratings.db*"))
    assert b"xylophones" not in kept
    assert talk.encode() not in kept


def test_a_deleted_conversation_takes_its_ratings_along(live: Live, talk: str, tmp_path: Path) -> None:
    other = live.open("me")

    async def run() -> None:
        with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
            ratings = Ratings(store, live, Visitors())
            for id in (talk, other):
                await ratings.rate(id, "fidelity", 4.0, "k" * 8, request=REQUEST)
            live.delete(talk)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()
    assert saved(tmp_path) == [("fidelity", 4.0)]


def test_ratings_count_as_messages(live: Live, talk: str, tmp_path: Path) -> None:
    many = [(talk, "fidelity", 4.0, f"key-{at:05}") for at in range(8)]
    with pytest.raises(BusyError, match="within an hour"):
        rate(live, tmp_path, *many)
