"""The app: settings → models, stores, conversations → page. The file that a Space runs."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from annotations.store import Store
from mascot.archive.source import Source
from mascot.engines.fetch import fetch_embedded
from mascot.errors import MascotError
from mascot.house import House
from mascot.interop.completions import CompletionRoutes
from mascot.interop.editor import EditorRoutes
from mascot.interop.functions import Functions
from mascot.live.service import Live
from mascot.settings import Settings, read_settings
from mascot.studio import open_studio
from mascot.ui.figures import FigureRoutes
from mascot.ui.keeping import KeepingRoutes
from mascot.ui.page import Doors, serve
from mascot.ui.signin import SignIn, provider_from
from mascot.ui.visitors import Visitors
from studies.web.ratings import Ratings, ratings_url


def main() -> int:
    """Serve until Ctrl-C or SIGTERM, which is how a Space ends; returns the exit code."""
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        settings = read_settings()
        fetch_embedded(settings.models)
        with ExitStack() as opened:
            run(settings, opened)
    except MascotError as error:
        print(f"mascot: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(settings: Settings, opened: ExitStack) -> None:
    """Open everything, in the order in which one thing needs the other, and serve."""
    studio = open_studio(settings)
    opened.callback(studio.close)
    if studio.notice:
        print(f"mascot: {studio.notice}", file=sys.stderr)
    ratings = opened.enter_context(Store.open(ratings_url(settings))) if settings.api else None
    sources = study_sources(settings, opened)
    if ratings and settings.archive and ratings_url(settings).startswith("sqlite"):
        sources.append(ratings.source("ratings-conversations"))
    house = House(studio, settings, sources)
    opened.callback(house.close)
    signin = sign_in(settings)
    rooms = (KeepingRoutes(house.keeping), signin, FigureRoutes(signin, house.figures))
    routes = [route for room in rooms for route in room.all] + [*study_routes(settings, opened, signin)]
    serve(studio.live, settings, doors(studio.live, ratings, routes))


def doors(live: Live, ratings: Store | None, routes: Sequence[BaseRoute]) -> Doors:
    """How others than the page come in: programs too, where there is a store for what they rate."""
    visitors = Visitors()
    routes = [*routes, *EditorRoutes(live, visitors).all]
    if ratings is None:
        return Doors(routes, visitors=visitors)
    functions = [*Functions(live, visitors).all, *Ratings(ratings, live, visitors).all]
    return Doors([*routes, *CompletionRoutes(live, visitors).all], functions, visitors)


def study_sources(settings: Settings, opened: ExitStack) -> list[Source]:
    """The studies' databases on a disk that may vanish; the house restores them before they are served."""
    if not (settings.archive and settings.study):
        return []
    from studies.flow.archived import MoveSource
    from studies.web.rooms import study_places

    sources: list[Source] = []
    urls = {place.url: study for study, place in study_places(settings).items()}
    for url, study in urls.items():
        if url.startswith("sqlite"):
            moves = MoveSource(url, f"moves-{study}")
            opened.callback(moves.close)
            ratings = opened.enter_context(Store.open(url)).source(f"ratings-{study}")
            # Moves first: what they say was done in the store before, and so is in a later copy of it.
            sources += [moves, ratings]
    return sources


def study_routes(settings: Settings, opened: ExitStack, signin: SignIn) -> Sequence[Route]:
    """Studies as pages of the app, where there are any: only then is their weight loaded."""
    if not settings.study:
        return ()
    from studies.web.rooms import study_rooms

    def is_researcher(request: Request) -> bool:
        person = signin.person(request)
        return person is not None and person.role == "researcher"

    routes, desks = study_rooms(settings, opened, is_researcher)
    for desk in desks:
        print(f"for researchers: {desk}", flush=True)
    return routes


def sign_in(settings: Settings) -> SignIn:
    """Sign-in by what a Space's own variables say; its owner is a researcher."""
    names = [*settings.researchers.split(","), os.environ.get("SPACE_AUTHOR_NAME", "")]
    host = os.environ.get("SPACE_HOST", "")
    site = f"https://{host}" if host else ""
    return SignIn(provider_from(os.environ), {name.strip() for name in names if name.strip()}, site)


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
