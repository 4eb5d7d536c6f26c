"""What every command line here does alike: how it ends, and the numbers it takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from mascot.errors import MascotError


def exit_code(program: str, command: Callable[[], int]) -> int:
    """Run a command; a mistake of the user's is one line on standard error and 2, Ctrl-C is 130.

    A reader that closes its end of a pipe has had enough, which is no mistake.
    """
    try:
        return command()
    except MascotError as error:
        sys.stderr.write(f"{program}: {error}\n")
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        sys.stderr.write(f"{program}: {error.filename or 'a file'}: {error.strerror or error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, and leaves the usage to `--help`."""

    def error(self, message: str) -> NoReturn:
        program = self.prog.partition(" ")[0]
        self.exit(2, f"{program}: {message}; see `{self.prog} --help`\n")


def count(text: str) -> int:
    """A whole number from 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def share(most: float = 1.0) -> Callable[[str], float]:
    """A share from 0 to `most`, for argparse."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to {most:g}")
        return value

    return parse
