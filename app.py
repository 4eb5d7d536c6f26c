"""The app: settings → models, store, conversations → page. The file that a Space runs."""

import sys

from mascot.engines.fetch import fetch_embedded
from mascot.errors import MascotError
from mascot.settings import read_settings
from mascot.studio import open_studio
from mascot.ui.page import serve


def main() -> int:
    """Serve until Ctrl-C; returns the exit code."""
    try:
        settings = read_settings()
        fetch_embedded(settings.models)
        studio = open_studio(settings)
        try:
            if studio.notice:
                print(f"mascot: {studio.notice}", file=sys.stderr)
            serve(studio.live, settings)
        finally:
            studio.close()
    except MascotError as error:
        print(f"mascot: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
