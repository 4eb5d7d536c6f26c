"""What real chat front ends send, written after their sources (shapes and defaults; the words are ours).

SillyTavern: `src/endpoints/backends/chat-completions.js` of SillyTavern/SillyTavern at commit 000b092, the
source "custom" (OpenAI-compatible): it sends exactly these fields; those that are undefined do not travel.
Its prompt manager puts instructions before and after the talk as system messages, a character's greeting as
the first assistant message.
"""

from __future__ import annotations

from typing import Any


def sillytavern(said: str, before: list[dict[str, str]] | None = None, stream: bool = True) -> dict[str, Any]:
    """A request as SillyTavern's server sends it on."""
    return {
        "messages": [
            {
                "role": "system",
                "content": "Write Group's next reply in a fictional chat between Group and User.",
            },
            {"role": "system", "content": "[Start a new Chat]"},
            {"role": "assistant", "content": "Hello, and welcome to the table!"},
            *(before or []),
            {"role": "user", "content": said},
            {"role": "system", "content": "[Stay in character.]"},
        ],
        "model": "mascot-group",
        "temperature": 1,
        "max_tokens": 300,
        "stream": stream,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "top_p": 1,
        "stop": [],
        "logit_bias": {},
        "seed": 7,
        "logprobs": 0,
    }
