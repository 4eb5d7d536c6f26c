"""What is fitted once for all tests of the room."""

from __future__ import annotations

import pytest

from mascot.evaluation.attribution import WhoSpoke
from mascot.evaluation.starts import training_replies


@pytest.fixture(scope="session")
def who() -> WhoSpoke:
    """Knows the experts' voices."""
    return WhoSpoke(*training_replies())
