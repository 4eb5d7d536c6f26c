"""Live conversations without the short rest between portions of words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mascot.live import pacing


@pytest.fixture(autouse=True)
def _no_rest() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing, "_AT_ONCE", 0.0)
        yield
