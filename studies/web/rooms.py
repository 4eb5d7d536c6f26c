"""Studies as pages of the app: `MASCOT_STUDY` names their files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from starlette.requests import Request
from starlette.routing import Route

from mascot.settings import Settings
from studies.design.reading import Design, read_design
from studies.flow.flow import Flow
from studies.recruit.sync import sync_in_background
from studies.web.live import open_talks
from studies.web.routes import StudyRoutes
from studies.web.serving import Place, close_served, open_served


def study_places(settings: Settings) -> dict[str, Place]:
    """Where each study that the settings name keeps what it has, by the study's id.

    Raises:
        MascotError: a study file cannot be used.
    """
    return {design.study.id: Place.of(design, settings) for design in _designs(settings)}


def study_rooms(
    settings: Settings, opened: ExitStack, signed_in: Callable[[Request], bool]
) -> tuple[list[Route], list[str]]:
    """The routes of every study the settings name, and where their researchers' pages are.

    Args:
        opened: closes what is opened here.
        signed_in: whether a request comes from a researcher of the app's.

    Raises:
        MascotError: a study file cannot be used, or is not prepared.
    """
    flows: dict[str, Flow] = {}
    places: list[Place] = []
    for design in _designs(settings):
        places.append(Place.of(design, settings))
        talks = opened.enter_context(open_talks(design, settings, places[-1]))
        served = open_served(design, places[-1], settings, talks=talks)
        opened.callback(close_served, served)
        flows[design.study.id] = Flow(served)
        opened.enter_context(sync_in_background(flows[design.study.id]))
    if not flows:
        return [], []
    token = places[0].token()
    return StudyRoutes(flows, token, signed_in).all, [f"study/{name}/desk#{token}" for name in flows]


def _designs(settings: Settings) -> list[Design]:
    names = filter(None, (name.strip() for name in settings.study.split(",")))
    return [read_design(Path(name)) for name in names]
