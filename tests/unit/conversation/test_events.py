"""Events as records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mascot.conversation.events import EVENT
from tests.unit.conversation.test_transcript import history


@given(st.integers(0, 10**6))
def test_every_event_survives_the_journal(seed: int) -> None:
    for event in history(seed, 20):
        assert EVENT.validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize(
    "body", ['{"type": "song"}', '{"type": "user"}', '{"type": "continue", "loud": true}', "{}", "[]"]
)
def test_what_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_json(body)
