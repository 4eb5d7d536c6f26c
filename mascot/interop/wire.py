"""What a chat client sends to `/v1/chat/completions`, checked: the part of OpenAI's protocol that makes sense
for a group. What would change the answer and cannot be done is refused; what nobody here knows is named in
the answer as ignored.

Reference: OpenAI's API reference, "Create chat completion" (fields, roles and the shape of errors).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mascot.errors import InputError

MOST_BYTES = 512 * 1024
"""Of a request: the server refuses 1 MiB before anybody reads it."""


class RefusedError(InputError):
    """A request that cannot be answered.

    Args:
        line: what was wrong, and what to do.
        param: the field it is about.
        code: OpenAI's word for it, where there is one.
    """

    def __init__(self, line: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(line)
        self.param = param
        self.code = code


class Part(BaseModel):
    """A part of a message that came in several."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of the conversation so far."""

    model_config = ConfigDict(extra="ignore")

    role: str
    content: str | list[Part] | None = None
    name: str = ""
    """Who speaks, where a client tells them apart."""
    tool_calls: list[Any] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """How it is streamed."""

    include_usage: bool = False


class Wish(BaseModel):
    """What the protocol has no field for."""

    country: str | None = Field(default=None, max_length=40)
    """Whose help lines are shown if it comes to that: ISO 3166 alpha-2; without it the international ones."""


class Call(BaseModel):
    """A request as far as it is understood. Fields have OpenAI's names and ranges."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: str | list[Annotated[str, Field(min_length=1)]] | None = None
    mascot: Wish = Wish()

    @property
    def most_tokens(self) -> int | None:
        """Longest answer in the model's tokens; None is however long a round is."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that end whoever is speaking."""
        return (self.stop,) if isinstance(self.stop, str) and self.stop else tuple(self.stop or ())

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def unknown(self) -> tuple[str, ...]:
        """Fields that make no difference here, by name; a null or no tool is as if it had not been sent."""
        sent = {name for name, value in (self.model_extra or {}).items() if value is not None and value != []}
        return tuple(sorted(sent - _HARMLESS - set(_IDLE)))


_IDLE: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    # Tools that are only offered need not be used, and front ends offer theirs to every model.
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "store": (False,),
}
"""What would change the answer and is not done here, with the values that ask for nothing."""
_HARMLESS = {
    "user",
    "metadata",
    "parallel_tool_calls",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
}
"""Never meant for the model."""


def read_call(body: bytes) -> Call:
    """The request in a body.

    Raises:
        RefusedError: it is not one, or asks for what cannot be done; names the field.
    """
    try:
        call = Call.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("str", "list[Part]"))
        what = (
            "we could not parse the JSON body of your request"
            if first["type"] == "json_invalid"
            else first["msg"]
        )
        raise RefusedError(f"{field}: {what}" if field else what, field or None) from None
    for name, idle in _IDLE.items():
        value = (call.model_extra or {}).get(name)
        if value is not None and value not in idle:
            raise RefusedError(
                f"{name}={_short(value)} cannot be done by this group: leave it out",
                name,
                "unsupported_parameter",
            )
    if len(call.stops) > 4:
        raise RefusedError("stop: at most 4 strings are possible", "stop")
    for at, message in enumerate(call.messages):
        _check(message, f"messages.{at}")
    return call


def _check(message: Message, where: str) -> None:
    if message.role not in ("system", "developer", "user", "assistant"):
        raise RefusedError(
            f"{where}.role: {message.role!r} is none of system, developer, user and assistant",
            f"{where}.role",
        )
    if message.tool_calls:
        raise RefusedError(f"{where}.tool_calls: nobody here uses tools", f"{where}.tool_calls")
    if isinstance(message.content, list):
        for part in message.content:
            if part.type != "text":
                raise RefusedError(
                    f"{where}.content: {part.type!r} cannot be read here: these voices see no "
                    "pictures, hear no sound and open no files; send text",
                    f"{where}.content",
                    "unsupported_content",
                )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


Finish = Literal["stop", "length"]
