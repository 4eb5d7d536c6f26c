"""One round of AutoGen's SelectorGroupChat, run by the Python of AutoGen's own environment.

Reads a JSON object from standard input (`base_url`, `personas`: name, description, card; `history`: source,
text; `turns`, `max_tokens`) and writes one line of JSON per turn: who spoke, when, how often the selector was
asked and whether it named somebody in the end. Everything else is AutoGen's default.
"""

import asyncio
import importlib
import json
import logging
import sys
import time
from typing import Any


class Selections(logging.Handler):
    """AutoGen's own words on its selections."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.asked = 0
        self.valid = False

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("Model "):
            self.asked += "(attempt" in said
            self.valid = "a valid name:" in said


def agents(job: dict[str, Any], client: Any) -> list[Any]:
    assistant = importlib.import_module("autogen_agentchat.agents").AssistantAgent
    return [
        assistant(p["name"], client, description=p["description"], system_message=p["card"])
        for p in job["personas"]
    ]


async def main(job: dict[str, Any]) -> None:
    openai = importlib.import_module("autogen_ext.models.openai")
    messages = importlib.import_module("autogen_agentchat.messages")
    conditions = importlib.import_module("autogen_agentchat.conditions")
    teams = importlib.import_module("autogen_agentchat.teams")
    can = dict.fromkeys(("vision", "function_calling", "json_output", "structured_output"), False)
    client = openai.OpenAIChatCompletionClient(
        model="bench",
        base_url=job["base_url"],
        api_key="none",
        model_info={**can, "family": "unknown"},
        max_tokens=job["max_tokens"],
        temperature=0.7,
        timeout=600,
    )
    heard = Selections()
    logger = logging.getLogger(importlib.import_module("autogen_agentchat").TRACE_LOGGER_NAME)
    logger.setLevel(logging.DEBUG)
    logger.addHandler(heard)
    task = [messages.TextMessage(source=m["source"], content=m["text"]) for m in job["history"]]
    team = teams.SelectorGroupChat(
        agents(job, client),
        model_client=client,
        termination_condition=conditions.MaxMessageTermination(len(task) + job["turns"]),
    )
    started, seen = time.perf_counter(), 0
    async for message in team.run_stream(task=task):
        if not isinstance(message, messages.TextMessage):
            continue
        seen += 1
        if seen <= len(task):
            continue
        now = time.perf_counter()
        turn = {
            "speaker": message.source,
            "seconds": now - started,
            "asked": heard.asked,
            "valid": heard.valid,
        }
        sys.stdout.write(json.dumps(turn) + "\n")
        sys.stdout.flush()
        started, heard.asked, heard.valid = now, 0, False


if __name__ == "__main__":
    asyncio.run(main(json.load(sys.stdin)))
