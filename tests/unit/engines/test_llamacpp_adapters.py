"""Adapters over one cache in llama.cpp, on a tiny model in full precision, with PEFT as the judge."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from mascot.conversation.events import Directive
from mascot.conversation.layout import shared, speak
from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.corpora.dialogues import GroupDialogue, group_dialogues
from mascot.engines.base import Completion, Request, Sampling, collect
from mascot.engines.llamacpp import LlamaCppEngine
from mascot.errors import EngineError, ModelError
from tests.fixtures.adapters import random_adapter
from tests.fixtures.tiny_llama import SIZES, TINY_INVOCATION, tiny_llama, tokens, write_tiny_gguf

NAMES = ("anchor", "beacon", "catalyst", "action-guide", "director")
GREEDY = Sampling(max_tokens=16, temperature=0)
LETTERS = [letter + "." for letter in "abcdefghij"]
CAST = load_cast()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A model this small gains nothing by a second thread, and loses much where the cores are taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPU_CORES", "1")
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("adapters")
    return {
        name: random_adapter(home / name, seed, strength=0.3, invocation=TINY_INVOCATION, sizes=SIZES)
        for seed, name in enumerate(NAMES)
    }


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("tiny") / "tiny-f32.gguf")


@pytest.fixture(scope="module")
def engine(gguf: Path, folders: dict[str, Path]) -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine(gguf, context_tokens=6144, slots=4)
    engine.load_adapters(folders)
    yield engine
    engine.close()


def test_a_model_that_is_missing_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ModelError, match="there is no model") as caught:
        LlamaCppEngine(tmp_path / "none.gguf")
    assert not list(tmp_path.iterdir()), caught.value  # while the error, and what it holds, is still here


class Judge:
    """PEFT's own reading of a text, without any cache."""

    def __init__(self, folders: dict[str, Path]) -> None:
        first, *others = folders
        self._model = PeftModel.from_pretrained(tiny_llama(), folders[first], first)
        for name in others:
            self._model.load_adapter(str(folders[name]), name)
        self._model.eval()

    def next(self, text: str, adapter: str | None) -> torch.Tensor:
        """How probable each token is after each token of the text, shape (tokens, vocabulary)."""
        ids = torch.tensor([tokens(text)])
        with torch.inference_mode():
            if adapter is None:
                with self._model.disable_adapter():
                    return self._model(input_ids=ids).logits[0].softmax(-1)
            self._model.set_adapter(adapter)
            return self._model(input_ids=ids).logits[0].softmax(-1)

    def letters(self, text: str, adapter: str | None) -> list[float]:
        chances = self.next(text, adapter)[-1, [ord(letter[0]) for letter in LETTERS]].double()
        return (chances / chances.sum()).tolist()


@pytest.fixture(scope="module")
def judge(folders: dict[str, Path]) -> Judge:
    return Judge(folders)


def written(prompt: Prompt) -> str:
    messages = "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in prompt.messages)
    return f"{messages}<|im_start|>assistant\n{prompt.prefill}"


def check_greedy(judge: Judge, prompt: Prompt, adapter: str | None, text: str) -> None:
    """Every token is the likeliest one, or so close that rounding decides."""
    before = len(tokens(written(prompt)))
    chances = judge.next(written(prompt) + text, adapter)[before - 1 : -1]
    for character, likely in zip(text, chances, strict=True):
        assert likely[ord(character)] > likely.max() - 0.02, (adapter, text, character)


def ask(dialogue: GroupDialogue, cast: Cast) -> Iterator[tuple[str | None, Prompt, bool]]:
    """What the app asks during a dialogue: of whom, what, and whether it is the director's choice."""
    turns: list[Turn] = []
    for turn in (t for t in dialogue.turns if t.speaker != "yield"):
        so_far = Transcript(tuple(p.id for p in cast), turns=tuple(turns))
        if turn.speaker != "user":
            question = (Message("user", "(Who should speak next?)"),)
            yield "director", Prompt(shared(so_far, cast), question, "Next to speak:"), True
            directive = Directive(agent=turn.speaker, action=turn.action, tone=turn.tone, score=1.0)
            yield turn.speaker, speak(so_far, cast, directive, "adapter"), False
        speaker = PERSON if turn.speaker == "user" else turn.speaker
        turns.append(Turn(speaker, turn.says))


def check_dialogue(engine: LlamaCppEngine, judge: Judge, dialogue: GroupDialogue) -> list[Completion]:
    said = []
    for adapter, prompt, choice in ask(dialogue, CAST):
        request = Request(prompt, GREEDY, dialogue.id, adapter)
        if choice:
            expected = judge.letters(written(prompt), adapter)
            assert engine.choose(request, LETTERS) == pytest.approx(expected, abs=0.02)
        else:
            said.append(collect(engine.stream(request)))
            check_greedy(judge, prompt, adapter, said[-1].text)
    return said


TALK = (
    Message("system", "A person talks with a group."),
    Message("user", "I slept badly, and the letter has still not come."),
    Message("assistant", "Anchor: Waiting for a letter is long."),
)
PROMPT = Prompt(TALK, (Message("user", "(Beacon, the encourager: reframe, warm.)"),))


@pytest.mark.parametrize("adapter", [*NAMES, None])
def test_an_exported_adapter_says_what_peft_says(
    engine: LlamaCppEngine, judge: Judge, adapter: str | None
) -> None:
    chosen = engine.choose(Request(PROMPT, adapter=adapter), LETTERS)
    assert chosen == pytest.approx(judge.letters(written(PROMPT), adapter), abs=0.01)


def test_adapters_differ_from_the_base_and_from_one_another(engine: LlamaCppEngine) -> None:
    texts = {collect(engine.stream(Request(PROMPT, GREEDY, "", name))).text for name in (*NAMES, None)}
    assert len(texts) == len(NAMES) + 1


def test_a_change_of_speaker_reads_the_cue_and_no_more(engine: LlamaCppEngine) -> None:
    def cued(name: str) -> Prompt:
        return Prompt((*TALK, Message("user", "And now? " * 50)), (Message("user", f"({name}.)"),))

    cost = {}
    for name in ("anchor", "beacon", "director", None, "anchor", None):
        prompt = cued(str(name))
        done = collect(engine.stream(Request(prompt, GREEDY, "one talk", name)))
        cost[name] = done.prompt_tokens - done.cached_tokens
    assert max(cost.values()) < len(tokens(written(cued("director")))) - len(tokens(written(cued(""))[:-40]))


def test_a_dialogue_over_one_cache_is_what_no_cache_would_say(engine: LlamaCppEngine, judge: Judge) -> None:
    said = check_dialogue(engine, judge, group_dialogues()[0])
    assert all(done.cached_tokens > 0.7 * done.prompt_tokens for done in said[1:])


@pytest.mark.long
@pytest.mark.parametrize("number", range(20))
def test_twenty_dialogues_over_one_cache(engine: LlamaCppEngine, judge: Judge, number: int) -> None:
    check_dialogue(engine, judge, group_dialogues()[number * 6])


def test_dialogues_at_once_never_see_each_others_adapters(engine: LlamaCppEngine, judge: Judge) -> None:
    """More conversations than slots, every adapter at work in several of them."""

    def talk(number: int) -> list[tuple[str | None, Prompt, list[float]]]:
        dice, heard, seen = random.Random(number), list(TALK[:2]), []
        for turn in range(6):
            adapter = dice.choice([*NAMES, *NAMES, None])
            heard.append(
                Message("user", f"Talk {number}, turn {turn}: " + "and so on, " * dice.randrange(20))
            )
            prompt = Prompt(tuple(heard), (Message("user", f"({adapter})"),))
            collect(engine.stream(Request(prompt, GREEDY, f"talk {number}", adapter)))
            seen.append(
                (adapter, prompt, engine.choose(Request(prompt, GREEDY, f"talk {number}", adapter), LETTERS))
            )
        return seen

    with ThreadPoolExecutor(6) as pool:
        for seen in pool.map(talk, range(6)):
            for adapter, prompt, chosen in seen:
                assert chosen == pytest.approx(judge.letters(written(prompt), adapter), abs=0.02)


@pytest.mark.parametrize(
    "order", [("anchor", None), (None, "anchor"), ("anchor", "beacon"), ("anchor", "anchor")]
)
def test_what_was_read_under_an_adapter_is_never_taken_for_the_base(
    engine: LlamaCppEngine, judge: Judge, order: Sequence[str | None]
) -> None:
    """The second prompt goes on exactly where the first one's answer stood."""
    session = f"on and on {order}"
    first = collect(engine.stream(Request(PROMPT, GREEDY, session, order[0]))).text
    after = Prompt((*PROMPT.messages, Message("assistant", first)), (Message("user", "More."),))
    chosen = engine.choose(Request(after, GREEDY, session, order[1]), LETTERS)
    assert chosen == pytest.approx(judge.letters(written(after), order[1]), abs=0.02)


def test_a_prompt_without_a_system_message_is_right_too(engine: LlamaCppEngine, judge: Judge) -> None:
    bare = Prompt((Message("user", "Hello, you."),), (Message("user", "Speak."),))
    for adapter in ("anchor", None, "beacon"):
        chosen = engine.choose(Request(bare, GREEDY, "bare", adapter), LETTERS)
        assert chosen == pytest.approx(judge.letters(written(bare), adapter), abs=0.02)


def test_a_plain_lora_works_beside_activated_ones(
    engine: LlamaCppEngine, judge: Judge, gguf: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    plain = random_adapter(tmp_path / "plain", 77, strength=0.3, invocation=None, sizes=SIZES)
    engine = LlamaCppEngine(gguf, context_tokens=1024, slots=2)
    engine.load_adapters({"plain": plain, "anchor": folders["anchor"]})
    expected = Judge({"plain": plain}).letters(written(PROMPT), "plain")
    for adapter in ("plain", "anchor", "plain"):
        chosen = engine.choose(Request(PROMPT, session="s", adapter=adapter), LETTERS)
        right = expected if adapter == "plain" else judge.letters(written(PROMPT), adapter)
        assert chosen == pytest.approx(right, abs=0.02)
    engine.close()


def test_an_adapter_loaded_while_someone_speaks_lets_them_finish(
    gguf: Path, folders: dict[str, Path]
) -> None:
    engine = LlamaCppEngine(gguf, context_tokens=1024, slots=2)
    stream = engine.stream(Request(PROMPT, Sampling(max_tokens=40, temperature=0)))
    begun = next(stream).text
    engine.load_adapter("anchor", folders["anchor"])
    rest = collect(stream)
    assert (begun + rest.text) == collect(
        engine.stream(Request(PROMPT, Sampling(max_tokens=40, temperature=0)))
    ).text
    assert engine.adapters == ("anchor",)
    engine.close()


def test_long_conversations_make_room_for_one_another(gguf: Path, folders: dict[str, Path]) -> None:
    """Eight conversations that fill the context, in memory for two."""
    engine = LlamaCppEngine(gguf, context_tokens=1024, slots=8)
    engine.load_adapters({name: folders[name] for name in NAMES[:2]})

    def talk(number: int) -> int:
        said = f"This is talk {number}. " + "And so on it goes. " * 40
        prompt = Prompt((*TALK, Message("user", said)), (Message("user", "Speak."),))
        return sum(
            collect(engine.stream(Request(prompt, GREEDY, str(number), NAMES[(number + turn) % 2]))).tokens
            for turn in range(3)
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(8))) == [48] * 8
    engine.close()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / "adapter_config.json").unlink(), "adapter_config.json"),
        (lambda folder: (folder / "adapter_config.json").write_text("{"), "adapter_config.json"),
        (
            lambda folder: (folder / "adapter_config.json").write_text(
                '{"peft_type": "IA3", "r": 1, "lora_alpha": 1}'
            ),
            "IA3",
        ),
        (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"truncated"), "damaged"),
        (lambda folder: random_adapter(folder, 0), "does not fit"),
    ],
)
def test_an_adapter_that_does_not_fit_is_one_line_and_changes_nothing(
    engine: LlamaCppEngine, tmp_path: Path, spoil: object, complaint: str
) -> None:
    folder = random_adapter(tmp_path / "new", 5, invocation=TINY_INVOCATION, sizes=SIZES)
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(EngineError, match=complaint) as caught:
        engine.load_adapter("new", folder)
    assert "\n" not in str(caught.value)
    assert engine.adapters == NAMES
    assert engine.choose(Request(PROMPT, adapter="anchor"), LETTERS)


def test_a_full_engine_shows_the_place_in_line(gguf: Path) -> None:
    engine = LlamaCppEngine(gguf, context_tokens=1024, slots=1)
    stream = engine.stream(Request(PROMPT, Sampling(max_tokens=400, temperature=0), "first"))
    next(stream)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(lambda: collect(engine.stream(Request(PROMPT, GREEDY, "second"))))
        while engine.waiting("second") != 1:
            assert not second.done()
        stream.close()  # type: ignore[attr-defined]
        assert second.result(10).tokens == 16
    assert engine.waiting("second") == 0
    engine.close()
