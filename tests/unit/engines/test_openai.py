"""What a server can do wrong, and what each kind of server is asked."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Piece, Request, Sampling, collect
from mascot.engines.openai import OpenAIEngine, without_echo
from mascot.errors import EngineError, EngineTimeoutError
from tests.fixtures.servers import Handler, serve

PROMPT = Prompt((Message("system", "S"), Message("user", "U")), (Message("system", "C"),), "Ann:")


class Server(Handler):
    """Answers as a test's subclass says, and keeps what it was asked."""

    owner = "someone"
    asked: list[dict[str, Any]]
    words = ("Hello", " there")

    def do_GET(self) -> None:  # noqa: N802
        self.answer(
            json.dumps({"data": [{"id": n, "owned_by": self.owner} for n in ("m", "ann-1")]}).encode()
        )

    def do_POST(self) -> None:  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body | {"path": self.path})
        self.respond(body)

    def respond(self, body: dict[str, Any]) -> None:
        events: list[Any] = [{"choices": [{"delta": {"content": w}}]} for w in self.words]
        events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        events.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}})
        self.events(*map(json.dumps, events), "[DONE]")

    def events(self, *events: str) -> None:
        self.answer("".join(f"data: {e}\n\n" for e in events).encode(), "text/event-stream")

    def refuse(self, status: int, message: str) -> None:
        self.answer(json.dumps({"error": {"message": message}}).encode(), status=status)


@contextmanager
def engine_for(server: type[Server], **options: Any) -> Iterator[OpenAIEngine]:
    server.asked = []
    with serve(server) as address:
        engine = OpenAIEngine(f"{address}/v1", **options)
        yield engine
        engine.close()


def test_a_server_of_no_known_kind_is_sent_only_the_protocol() -> None:
    class Strict(Server):
        pass

    with engine_for(Strict) as engine:
        done = collect(engine.stream(Request(PROMPT, Sampling(seed=3, stop=("1", "2", "3", "4", "5")))))
        assert (done.text, done.tokens, done.prompt_tokens) == ("Hello there", 2, 9)
        assert engine.count(PROMPT) > 4
    (asked,) = Strict.asked
    known = {
        "model",
        "messages",
        "max_tokens",
        "temperature",
        "top_p",
        "stream",
        "stream_options",
        "seed",
        "stop",
    }
    assert set(asked) - {"path"} == known
    assert len(asked["stop"]) == 4
    assert asked["messages"][-1] == {"role": "system", "content": "C\n\nBegin your answer with exactly: Ann:"}


class FakeVLLM(Server):
    """One letter is one token; what is likely depends on what came before."""

    owner = "vllm"
    shows: Literal["asked", "own", "nothing"] = "asked"

    def respond(self, body: dict[str, Any]) -> None:
        if self.path == "/tokenize":
            tokens = [7, 8, 9] if "messages" in body else [ord(c) for c in body["prompt"]]
            self.answer(json.dumps({"tokens": tokens}).encode())
        elif self.path == "/v1/completions":
            scores = {"a": 0.2, "b": 0.6, "x": 0.3, "y": 0.1}
            if body["prompt"] == [7, 8, 9]:
                scores |= {"x": 0.01, "y": 0.01}
            top = {"token_id:1": math.log(0.5)}  # what it would have said itself
            if self.shows == "asked":
                top |= {f"token_id:{t}": math.log(scores[chr(t)]) for t in body["logprob_token_ids"]}
            shown = None if self.shows == "nothing" else {"top_logprobs": [top]}
            self.answer(json.dumps({"choices": [{"logprobs": shown}]}).encode())
        elif "response_format" in body:
            self.answer(json.dumps({"choices": [{"message": {"content": '{"choice": "b"}'}}]}).encode())
        else:
            super().respond(body)


def test_vllm_continues_the_prefill_and_scores_options() -> None:
    class Fake(FakeVLLM):
        pass

    with engine_for(Fake) as engine:
        assert collect(engine.stream(Request(PROMPT))).text == "Hello there"
        assert engine.choose(Request(PROMPT), ["ax", "ay", "b"]) == pytest.approx([0.1875, 0.0625, 0.75])
        assert engine.count(PROMPT) == 3
    asked = Fake.asked[0]
    assert (asked["continue_final_message"], asked["add_generation_prompt"]) == (True, False)
    assert asked["messages"][-1] == {"role": "assistant", "content": "Ann:"}
    assert asked["min_p"] == 0.05


def test_vllm_is_never_asked_for_the_probabilities_of_a_prompt() -> None:
    """They are read past the prefix cache, and beside LoRA they end the server."""

    class Fake(FakeVLLM):
        pass

    with engine_for(Fake) as engine:
        engine.choose(Request(PROMPT), ["ax", "ay", "b"])
    scored = [asked for asked in Fake.asked if asked["path"] == "/v1/completions"]
    assert [asked["prompt"] for asked in scored] == [[7, 8, 9], [7, 8, 9, ord("a")]]
    assert not any({"prompt_logprobs", "echo"} & set(asked) for asked in scored)


@pytest.mark.parametrize("shown", ["own", "nothing"])
def test_an_older_vllm_that_cannot_score_tokens_picks_one_option(shown: Literal["own", "nothing"]) -> None:
    class Older(FakeVLLM):
        shows = shown

    with engine_for(Older) as engine:
        assert engine.choose(Request(PROMPT), ["ax", "ay", "b"]) == [0.0, 0.0, 1.0]


def test_without_probabilities_the_pick_has_all_of_it() -> None:
    class Picks(Server):
        def respond(self, body: dict[str, Any]) -> None:
            assert body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"] == [
                "a",
                "b",
            ]
            content = json.dumps({"choice": "b"})
            self.answer(json.dumps({"choices": [{"message": {"content": content}}]}).encode())

    with engine_for(Picks) as engine:
        assert engine.choose(Request(PROMPT), ["a", "b"]) == [0.0, 1.0]


def test_a_template_that_refuses_is_given_simpler_messages_and_that_is_remembered() -> None:
    class Alternating(Server):
        def respond(self, body: dict[str, Any]) -> None:
            roles = [m["role"] for m in body["messages"]]
            if roles != ["user"]:
                self.refuse(400, "Conversation roles must alternate user/assistant")
            else:
                super().respond(body)

    with engine_for(Alternating) as engine:
        assert collect(engine.stream(Request(PROMPT))).text == "Hello there"
        assert len(Alternating.asked) == 4
        collect(engine.stream(Request(PROMPT)))
        assert len(Alternating.asked) == 5


def test_an_adapter_is_a_model_that_the_server_serves() -> None:
    class Serves(Server):
        pass

    with engine_for(Serves) as engine:
        engine.load_adapter("ann-1", Path("anywhere"))
        assert engine.adapters == ("ann-1",)
        collect(engine.stream(Request(PROMPT, adapter="ann-1")))
        assert Serves.asked[-1]["model"] == "ann-1"
        with pytest.raises(EngineError, match="serves no adapter 'eve'"):
            engine.load_adapter("eve", Path("eve"))


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "refused"),
        (401, "MASCOT_API_KEY"),
        (404, "MASCOT_MODEL"),
        (429, "later"),
        (500, "boom"),
        (503, "log"),
    ],
)
def test_a_refusal_is_one_line_that_names_the_address(status: int, hint: str) -> None:
    class Refuses(Server):
        def respond(self, body: dict[str, Any]) -> None:
            self.refuse(status, "boom\nbang")

    with engine_for(Refuses) as engine:
        with pytest.raises(EngineError, match=hint) as caught:
            collect(engine.stream(Request(PROMPT)))
        assert "http://127.0.0.1" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "events",
    [
        ["{not json"],
        ["[]"],
        ['{"error": {"message": "out of memory"}}'],
        ['{"choices": [{"delta": {"content": "Hel"}}]}'],
        ["[DONE]"],
    ],
)
def test_a_malformed_stream_is_an_error_of_one_line(events: list[str]) -> None:
    class Broken(Server):
        def respond(self, body: dict[str, Any]) -> None:
            self.events(*events)

    with engine_for(Broken) as engine:
        with pytest.raises(EngineError, match=r"http://127\.0\.0\.1") as caught:
            collect(engine.stream(Request(PROMPT)))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["llamacpp", "vllm"])
@pytest.mark.parametrize("answer", ["{}", "[]"])
def test_an_answer_in_another_form_is_an_error_of_one_line(kind: str, answer: str) -> None:
    class Other(Server):
        owner = kind

        def respond(self, body: dict[str, Any]) -> None:
            self.answer(answer.encode())

    with engine_for(Other) as engine:
        with pytest.raises(EngineError, match=r"http://127\.0\.0\.1") as caught:
            engine.choose(Request(PROMPT), ["one", "two"])
        assert "\n" not in str(caught.value)


def test_a_silent_server_is_given_up_in_time() -> None:
    class Silent(Server):
        def respond(self, body: dict[str, Any]) -> None:
            time.sleep(0.6)
            self.close_connection = True

    with (
        engine_for(Silent, timeout_seconds=0.2) as engine,
        pytest.raises(EngineTimeoutError, match=r"silent for 0\.2 s"),
    ):
        collect(engine.stream(Request(PROMPT)))


def test_a_connection_broken_off_is_an_error_of_one_line() -> None:
    class Breaks(Server):
        def respond(self, body: dict[str, Any]) -> None:
            self.close_connection = True
            self.answer(b'data: {"choices": []}\n\n', length="1000")

    with engine_for(Breaks) as engine, pytest.raises(EngineError, match="broke off"):
        collect(engine.stream(Request(PROMPT)))


def test_no_server_no_model_and_no_protocol_are_told_apart() -> None:
    class Page(Handler):
        def do_GET(self) -> None:  # noqa: N802
            self.answer(b"<html>")

    class Empty(Handler):
        def do_GET(self) -> None:  # noqa: N802
            self.answer(b"{}")

    with pytest.raises(EngineError, match="cannot be reached"):
        OpenAIEngine("http://127.0.0.1:9/v1")
    with serve(Page) as address, pytest.raises(EngineError, match="does not speak the OpenAI protocol"):
        OpenAIEngine(address)
    with serve(Empty) as address, pytest.raises(EngineError, match=r"lists no models|OpenAI protocol"):
        OpenAIEngine(address)
    with serve(Server) as address, pytest.raises(EngineError, match="does not serve 'x' but m, ann-1"):
        OpenAIEngine(address, "x")


@pytest.mark.parametrize(
    ("pieces", "seen"),
    [
        (["Ann: hello"], " hello"),
        (["An", "n:", " hello"], " hello"),
        (["Hello"], "Hello"),
        (["An", "other"], "Another"),
        (["An"], "An"),
        ([], ""),
    ],
)
def test_a_repeated_prefill_is_taken_off(pieces: list[str], seen: str) -> None:
    stream = iter([*(Piece(p) for p in pieces), Piece("", finish="stop")])
    assert collect(without_echo(stream, "Ann:")).text == seen
