"""What programs get from the running app, each client in a process of its own: prints one JSON line.

python -m tests.ui.programs ADDRESS gradio|mcp
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

SAID = "My exam is in two weeks and I have not begun."
NOBODYS = "0" * 32


def refusal(call: Callable[[], Any]) -> str:
    """What a client says when it is refused."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever the client makes of it
        return str(error)
    return ""


def by_gradio(address: str) -> dict[str, Any]:
    """A turn, and another one; a rating that is sent twice; what can be read and exported; refusals."""
    from gradio_client import Client

    client = Client(address, verbose=False, analytics_enabled=False)
    first = client.predict(message=SAID, key="a" * 8, api_name="/turn")
    id = first["conversation"]
    again = client.predict(message=SAID, conversation=id, key="a" * 8, api_name="/turn")
    second = client.predict(message="And you, @Beacon?", conversation=id, api_name="/turn")

    def rate(value: float, key: str = "k" * 8, criterion: str = "fidelity", of: str = id) -> Any:
        return client.predict(conversation=of, criterion=criterion, value=value, key=key, api_name="/rate")

    crisis = client.predict(message="I want to kill myself tonight.", conversation=id, api_name="/turn")
    return {
        "first": first,
        "again": again,
        "second": second,
        "crisis": crisis,
        "silent": refusal(lambda: client.predict(message="Hello?", conversation=id, api_name="/turn")),
        "after": client.predict(message="I called.", conversation=id, acknowledge=True, api_name="/turn"),
        "rated": [rate(4), rate(4), rate(2, "l" * 8)],
        "read": client.predict(conversation=id, api_name="/conversation"),
        "json": client.predict(conversation=id, api_name="/export"),
        "markdown": client.predict(conversation=id, format="markdown", api_name="/export"),
        "refused": [
            refusal(lambda: client.predict(message=" ", api_name="/turn")),
            refusal(lambda: client.predict(message="Hello", conversation=NOBODYS, api_name="/turn")),
            refusal(lambda: client.predict(conversation=NOBODYS, api_name="/conversation")),
            refusal(lambda: client.predict(conversation=id, format="exe", api_name="/export")),
            refusal(lambda: rate(9)),
            refusal(lambda: rate(3, criterion="beauty")),
            refusal(lambda: rate(3, key="k")),
            refusal(lambda: rate(3, of=NOBODYS)),
        ],
    }


def by_mcp(address: str) -> dict[str, Any]:
    """The tools, and two of them used."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk() -> dict[str, Any]:
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            turn = await session.call_tool("turn", {"message": SAID})
            refused = await session.call_tool("conversation", {"conversation": NOBODYS})
            return {
                "tools": {tool.name: tool.inputSchema.get("required") for tool in tools},
                "described": all(tool.description for tool in tools),
                "turn": [turn.isError, turn.content[0].text],  # pyright: ignore
                "refused": [refused.isError, refused.content[0].text],  # pyright: ignore
            }

    return asyncio.run(talk())


if __name__ == "__main__":
    found = {"gradio": by_gradio, "mcp": by_mcp}[sys.argv[2]](sys.argv[1])
    print(json.dumps(found))
