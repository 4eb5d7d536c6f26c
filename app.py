"""The app: settings → models, stores, conversations → page. The file that a Space runs."""

import os
import signal
import sys
from contextlib import ExitStack
from types import FrameType

from annotations.store import Store
from mascot.engines.fetch import fetch_embedded
from mascot.errors import MascotError
from mascot.house import House
from mascot.settings import Settings, read_settings
from mascot.studio import open_studio
from mascot.ui.figures import FigureRoutes
from mascot.ui.keeping import KeepingRoutes
from mascot.ui.page import serve
from mascot.ui.signin import SignIn, provider_from


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
    sources = []
    if settings.archive and settings.ratings_url.startswith("sqlite"):
        sources.append(opened.enter_context(Store.open(settings.ratings_url)).source)
    house = House(studio, settings, sources)
    opened.callback(house.close)
    signin = sign_in(settings)
    rooms = (KeepingRoutes(house.keeping), signin, FigureRoutes(signin, house.figures))
    serve(studio.live, settings, more=[route for room in rooms for route in room.all])


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
