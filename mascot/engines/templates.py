"""From messages to the text that a model reads, by the model's own chat template.

Templates differ in what they accept: some know no system role, some demand that user and assistant take
turns, some move the system text about as the conversation grows. Which `Layout` a template needs is found
once by trying it, never by the model's name, and never from a prompt's own content: one template always
lays out messages the same way, so two prompts with the same shared part begin with the same text.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, NoReturn

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mascot.conversation.prompt import Message, Prompt, Role
from mascot.engines.prefix import common_prefix
from mascot.engines.thinking import without_thinking
from mascot.errors import ModelError

CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{{ '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Plain ChatML: no default system text, and the assistant's words marked for training."""


@dataclass(frozen=True)
class Layout:
    """How messages are changed until a template takes them."""

    system: Literal["keep", "first", "fold"] = "keep"
    """keep; first: later system messages become user messages; fold: all of them do."""
    merge: bool = False
    """Join neighbours of the same role, and let the user begin."""

    def apply(self, messages: Sequence[Message]) -> list[Message]:
        """The messages, changed; each one depends only on those before it."""
        changed = [
            replace(m, role="user") if m.role == "system" and not self._keeps(i) else m
            for i, m in enumerate(messages)
        ]
        if not self.merge:
            return changed
        if changed and changed[0].role == "assistant":
            changed.insert(0, Message("user", "(The conversation begins.)"))
        groups = [list(group) for _, group in itertools.groupby(changed, key=lambda m: m.role)]
        return [Message(group[0].role, "\n\n".join(m.content for m in group)) for group in groups]

    def _keeps(self, position: int) -> bool:
        return self.system == "keep" or (self.system == "first" and position == 0)


LAYOUTS: Final = (Layout(), Layout("first"), Layout("fold"), Layout("fold", merge=True))
"""From the least change to the most."""


class ChatTemplate:
    """Renders prompts with a Jinja chat template, in a sandbox.

    Args:
        source: the template.
        bos, eos: what the template may call `bos_token` and `eos_token`.
        control: the tokenizer's control tokens; where someone writes one of them in a message it is
            taken apart by a space, so that nobody can end a turn or speak as the system by typing.

    Raises:
        ModelError: the template cannot be compiled, or takes no conversation in any layout.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "", control: Sequence[str] = ()) -> None:
        self.source = source
        self.bos = bos
        self._eos = eos
        try:
            self._template = _environment().from_string(source)
        except TemplateError as error:
            raise ModelError(f"the model's chat template cannot be compiled: {error}") from error
        written = "|".join(re.escape(token) for token in sorted(control, key=len, reverse=True) if token)
        self._control = re.compile(written) if written else None
        self.layout = self._find_layout()

    def render(self, prompt: Prompt) -> str:
        """The text of the prompt, up to and including the prefill.

        Raises:
            ModelError: the template refuses these messages.
        """
        messages = [self._clean(m) for m in prompt.messages]
        try:
            text = self._render(self.layout.apply(messages))
        except TemplateError as error:
            raise ModelError(f"the model's chat template refuses this conversation: {error}") from error
        return text + self._defuse(prompt.prefill)

    def agrees(self, other: ChatTemplate) -> bool:
        """Whether both write the same text for conversations that begin, as all of ours do, with a system
        message."""
        prompts = [Prompt(_TRIAL, cue) for cue in _CUES]
        return all(self.render(p) == other.render(p) for p in prompts)

    def _render(self, messages: Sequence[Message]) -> str:
        text = self._template.render(
            messages=[{"role": m.role, "content": m.content} for m in messages],
            add_generation_prompt=True,
            enable_thinking=False,
            bos_token=self.bos,
            eos_token=self._eos,
            tools=None,
            documents=None,
        )
        # A model that can only think is made to have finished thinking.
        return text + "\n</think>\n\n" if text.rstrip().endswith("<think>") else text

    def _clean(self, message: Message) -> Message:
        content = self._defuse(message.content)
        return replace(message, content=without_thinking(content) if message.role == "assistant" else content)

    def _defuse(self, text: str) -> str:
        return self._control.sub(lambda m: f"{m[0][0]} {m[0][1:]}", text) if self._control else text

    def _find_layout(self) -> Layout:
        refusal = "it loses messages, or changes what came before"
        for layout in LAYOUTS:
            try:
                if self._takes(layout):
                    return layout
            except (TemplateError, TypeError, AttributeError, KeyError) as error:
                refusal = str(error)
        raise ModelError(f"the model's chat template takes no group conversation: {refusal}")

    def _takes(self, layout: Layout) -> bool:
        """Whether every growing conversation keeps its beginning, and all of its messages, in order."""
        for length in range(1, len(_TRIAL) + 1):
            shared = _TRIAL[:length]
            texts = [self._render(layout.apply([*shared, *cue])) for cue in _CUES]
            kept = texts[0][: min(common_prefix(texts[0], other) for other in texts[1:])]
            if not _in_order(kept, [m.content for m in shared]):
                return False
            if not all(
                _in_order(t, [m.content for m in (*shared, *cue)])
                for t, cue in zip(texts, _CUES, strict=True)
            ):
                return False
        return True


_ROLES: Final[tuple[Role, ...]] = (
    "system",
    "user",
    "assistant",
    "user",
    "assistant",
    "assistant",
    "user",
    "user",
)
_TRIAL: Final = tuple(Message(role, f"trial message {i}") for i, role in enumerate(_ROLES))
_CUES: Final = (
    (Message("user", "first cue"),),
    (Message("system", "other cue"), Message("user", "its question")),
    (Message("system", "a card"),),
)


def _in_order(text: str, contents: Sequence[str]) -> bool:
    """Whether each content is in the text exactly once, in this order."""
    at = [text.find(content) for content in contents]
    return min(at) >= 0 and at == sorted(at) and all(text.count(content) == 1 for content in contents)


def _environment() -> ImmutableSandboxedEnvironment:
    """What chat templates are written against: the same extensions and functions as in transformers."""

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks an assistant's words for training; here it is its body."""

    tags = {"generation"}  # noqa: RUF012 - a set in the class that we extend

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)
