"""What real chat front ends send, written after their sources (shapes and defaults; the words are ours).

Open WebUI: `backend/open_webui/main.py` (what of the page's own request stays: chat, message and session ids,
files and background tasks are taken out), `utils/middleware.py` (since 0.10 tools are offered natively by
default, with no `tool_choice`), `routers/openai.py` (`metadata` is taken out; ids travel as headers, if at
all) and `routers/tasks.py` (titles), read on 2026-11-27, partly in forks that keep these files.

LibreChat: a custom endpoint is LangChain's ChatOpenAI with the fields of `openai/llm.ts` and
`custom/initialize.ts` in `packages/api/src/endpoints` (`user`; titles by plain completion), and the title of
`src/utils/title.ts` in LibreChat-AI/agents, read on 2026-11-27.

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


Messages = list[dict[str, Any]]


def open_webui(said: str, before: Messages | None = None, stream: bool = True) -> dict[str, Any]:
    """A request as Open WebUI's server sends it on to a connection, with what it offers by default."""
    request: dict[str, Any] = {
        "stream": stream,
        "model": "mascot-group",
        "messages": [
            {"role": "system", "content": "The user's name is Ada. Today is Friday."},
            *(before or []),
            {"role": "user", "content": said},
        ],
        "tools": [_offered("get_current_timestamp"), _offered("search_memories")],
    }
    return request | {"stream_options": {"include_usage": True}} if stream else request


OPEN_WEBUI_HEADERS = {
    "Authorization": "Bearer none",
    "X-OpenWebUI-User-Name": "Ada",
    "X-OpenWebUI-User-Id": "3f0c",
    "X-OpenWebUI-User-Email": "ada@example.org",
    "X-OpenWebUI-User-Role": "user",
    "X-OpenWebUI-Chat-Id": "b1946ac9",
}
"""Sent where an operator lets user information be forwarded."""


def open_webui_title(said: str) -> dict[str, Any]:
    """Its request for a chat's title, which goes to the chat's own model if no other is set."""
    task = (
        "### Task:\nGive this chat a short title.\n### Guidelines:\n- Two to four words.\n- Only JSON.\n"
        '### Output:\nJSON format: { "title": "a short title" }\n### Chat History:\n<chat_history>\n'
        f"USER: {said}\nASSISTANT: **Anchor:** That sounds heavy.\n</chat_history>"
    )
    return {
        "model": "mascot-group",
        "messages": [{"role": "user", "content": task}],
        "stream": False,
        "max_completion_tokens": 1000,
    }


def librechat(said: str, before: Messages | None = None, stream: bool = True) -> dict[str, Any]:
    """A request of a custom endpoint of LibreChat; a file's text comes as a part of its own."""
    request: dict[str, Any] = {
        "model": "mascot-group",
        "temperature": 1,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "user": "66f2a0",
        "stream": stream,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            *(before or []),
            {"role": "user", "content": [{"type": "text", "text": said}]},
        ],
    }
    return request | {"stream_options": {"include_usage": True}} if stream else request


def librechat_title(said: str) -> dict[str, Any]:
    """Its request for a conversation's title."""
    task = (
        f"Name this conversation in five words.\n\nConversation:\nUser: {said}\nAI: **Anchor:** I hear you."
    )
    return {
        "model": "mascot-group",
        "user": "66f2a0",
        "stream": False,
        "messages": [{"role": "user", "content": task}],
    }


def _offered(name: str) -> dict[str, Any]:
    spec = {"name": name, "description": "A tool.", "parameters": {"type": "object", "properties": {}}}
    return {"type": "function", "function": spec}
