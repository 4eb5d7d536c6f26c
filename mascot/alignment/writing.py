"""Weights on their way to disk: a disk that is full after hours of training is one line and costs no step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from mascot.errors import ModelError


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Whatever goes wrong as a file of weights is written, as one line.

    Raises:
        ModelError: it could not be written; what was there before under other names is as it was.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:  # torch says RuntimeError
        why = " ".join(str(error).split()).rstrip(". ")
        raise ModelError(
            f"{file} could not be written: is there room? Then the same command goes on with --resume ({why})"
        ) from None
