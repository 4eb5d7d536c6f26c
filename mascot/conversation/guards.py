"""What a persona must not say, caught before anyone sees it.

Text comes in as the model makes it and goes out sentence by sentence, each one only when every guard
has passed it, so nothing that was shown is ever taken back. It is read character by character: what goes
out, and what is counted, does not depend on how the model's pieces fall. A guard that catches something
is counted under its name:

    name          the persona's own name at the start ("Anchor: …"): taken off
    other_voice   a line for somebody else ("User: …", "Catalyst: …"): the utterance ends before it
    stage         what is done and not said, "(smiles)" or "*nods*": taken off
    leak          words of the card, the directive or the template: the sentence is dropped
    harm          a sentence in which someone would be hurt, as far as the caller can tell: dropped
    repetition    a sentence that was said before, nearly or word for word: dropped
    loop          a sentence that turns in circles: dropped
    cut           an unfinished sentence at the end of the tokens: dropped, or ended if it is all there is
    length        more sentences than an utterance may have: the utterance ends
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from mascot.conversation.personas import Cast, Persona
from mascot.conversation.text import first_sentence_end, is_abbreviation, jaccard, sentences, words

NEAR = 0.7
"""Word-set Jaccard from which two texts count as the same (our choice; the trial's bound)."""
_LEAK_WORDS = 6
"""So many words in a row out of the card or the directive are a leak."""
_TEMPLATE = re.compile(
    r"<\||</?think\b|\[/?INST\]|</?s>|<</?SYS|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
    r"|\bas an ai\b|\b(?:language model|stage direction)\b",
    re.I,
)
_STAGE = re.compile(r"^\s*\([^()]*\)|(?<!\*)\*[^*\s][^*]*\*(?!\*)")
"""What a persona does instead of saying it: "(smiles)" before a sentence, "*nods*" anywhere."""
_COLONS = ":："
_END_MARKS = ".!?…"
_OPENS = re.compile(rf"[\n\"“*(\[]|(?<=[{_END_MARKS}])")
"""What a line for somebody begins with."""
_ORPHANS = " *_>#-–—.,;:)]"
"""Marks that no sentence begins with: bullets, headings, what a dropped sentence left behind."""


class Guards:
    """The guards over one utterance. Feed it text; it gives back what may be shown.

    Args:
        speaker: who is speaking.
        cast: everyone at the table.
        earlier: what was said before, oldest first, the person's words included.
        secrets: texts that must not appear: the card's and the directive's lines.
        max_sentences: longest utterance.
        harmful: whether a sentence must not be said to a person in distress.
    """

    def __init__(
        self,
        speaker: Persona,
        cast: Cast,
        earlier: Sequence[str],
        secrets: Iterable[str] = (),
        max_sentences: int = 3,
        harmful: Callable[[str], bool] | None = None,
    ) -> None:
        self._harmful = harmful
        self.caught: Counter[str] = Counter()
        self.done = False
        """Nothing more will be let through; the model may stop."""
        self.said = ""
        """Everything let through so far."""
        self._own = re.compile(rf"^[\W_]*{_named([speaker])}", re.I)
        others = _named(cast, "user", "you", "human", "assistant", "system")
        # What stands before a name is looked for backwards from it: a pattern that begins with any run of
        # marks reads each run as often as it is long.
        self._voice = re.compile(rf"(?<![^\W_])(?={others})", re.I)
        self._earlier = [text for text in earlier if words(text)]
        self._known = [set(words(s)) for text in self._earlier for s in sentences(text)]
        self._secrets = {run for secret in secrets for run in _runs(words(secret), _LEAK_WORDS)}
        self._left = max_sentences
        self._held = ""
        self._begun = False

    def feed(self, text: str) -> str:
        """What may be shown now, given more text; often nothing, sometimes several sentences."""
        shown = ""
        for character in text:
            if self.done:
                break
            self._held += character
            if self._left == 0:
                self._mind_length()
            elif character in _COLONS:
                shown += self._mind_voices()
            elif character.isspace():
                shown += self._release(final=False)
        return shown

    def finish(self, complete: bool) -> str:
        """What may still be shown at the end; `complete` is False if the tokens ran out."""
        shown = "" if self.done else self._release(final=complete)
        rest = self._held.strip()
        if self._left == 0:
            self._mind_length()
        elif rest and not self.done:
            shown += self._last(rest, complete)
        self.done = True
        return shown

    def _mind_length(self) -> None:
        if not self.done and words(self._held):
            self.caught["length"] += 1
            self.done = True

    def _mind_voices(self) -> str:
        """At a colon: take off the speaker's own name, or end before a line for somebody else."""
        if not self._begun and (match := self._own.match(self._held)):
            self.caught["name"] += 1
            self._held = self._held[match.end() :]
            return ""
        named = (_opening(self._held, voice.start()) for voice in self._voice.finditer(self._held))
        line = next((start for start in named if start is not None), None)
        if line is None:
            return ""
        self.caught["other_voice"] += 1
        self.done = True
        rest = self._held[:line].strip()
        return self._last(rest, complete=True) if rest else ""

    def _release(self, final: bool) -> str:
        """The whole sentences of what is held."""
        shown = ""
        while self._left > 0 and (end := first_sentence_end(self._held, final)) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            shown += self._pass(sentence)
        return shown

    def _last(self, rest: str, complete: bool) -> str:
        """An end without an end mark: finished if the model meant to stop, dropped if it was cut off."""
        self._held = ""
        if rest.rstrip("\"'”’)]")[-1:] in (*_END_MARKS,) and (complete or _is_whole(rest)):
            return self._pass(rest)
        if complete:
            return self._pass(rest.rstrip(",;:–—- ") + ".")
        self.caught["cut"] += 1
        if self.said:
            return ""
        clause = re.split(r"[,;:–—-]\s", rest)
        kept = rest if len(clause) == 1 else rest[: rest.rindex(clause[-1])]
        return self._pass(kept.rstrip(",;:–—- ") + " …")

    def _pass(self, sentence: str) -> str:
        """The sentence with the space before it if no guard minds, otherwise nothing."""
        self._begun = True
        acted, staged = _STAGE.subn(" ", " ".join(sentence.split()))
        self.caught.update({"stage": staged} if staged else {})
        sentence = _unquoted(" ".join(acted.split()).lstrip(_ORPHANS))
        if not words(sentence):
            return ""
        fault = self._fault(sentence)
        if fault:
            self.caught[fault] += 1
            return ""
        self._known.append(set(words(sentence)))
        shown = (" " if self.said else "") + sentence
        self.said += shown
        self._left -= 1
        return shown

    def _fault(self, sentence: str) -> str | None:
        spoken = words(sentence)
        reach = [*words(self.said)[1 - _LEAK_WORDS :], *spoken]
        if _TEMPLATE.search(sentence) or self._secrets.intersection(_runs(reach, _LEAK_WORDS)):
            return "leak"
        if self._harmful is not None and self._harmful(sentence):
            return "harm"
        if any(count > 2 for count in Counter(_runs(spoken, 3)).values()):
            return "loop"
        known = set(spoken)
        if any(len(known & other) >= NEAR * len(known | other) for other in self._known):
            return "repetition"
        whole = f"{self.said} {sentence}"
        if any(jaccard(whole, text) >= NEAR for text in self._earlier):
            return "repetition"
        return None


def _named(personas: Iterable[Persona], *others: str) -> str:
    """A pattern for one of the names before a colon, however it is spaced or decorated."""
    names = [name for persona in personas for name in (persona.name, persona.id)]
    spaced = [r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", name))) for name in (*names, *others)]
    return rf"(?:the\s+)?(?:{'|'.join(spaced)})[\W_]{{0,3}}(?:\([^)\n]*\)\s*)?[{_COLONS}]"


def _opening(text: str, name: int) -> int | None:
    """Where the line begins that a name at this place opens: at the beginning of the text, behind an end mark
    or at a mark that opens one; None in the middle of a sentence."""
    start = name
    while start and (text[start - 1] == "_" or not text[start - 1].isalnum()):
        start -= 1
    if start == 0:
        return 0
    opens = _OPENS.search(text, start, name)
    return opens.start() if opens else None


def _is_whole(rest: str) -> bool:
    """Whether an end mark at the cut is one: not that of "Dr.", nor of the "3." of "3.5"."""
    return not is_abbreviation(rest) and not rest[-2:-1].isdigit()


def _unquoted(sentence: str) -> str:
    """Without a quotation mark that has lost its partner: the utterance as a whole was in quotes."""
    if sentence.count('"') % 2:
        sentence = sentence.removeprefix('"') if sentence.startswith('"') else sentence.removesuffix('"')
    if sentence.count("“") > sentence.count("”"):
        return sentence.removeprefix("“")
    return sentence.removesuffix("”") if sentence.count("”") > sentence.count("“") else sentence


def _runs(spoken: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(
        zip(*itertools.starmap(itertools.islice, ((spoken, i, None) for i in range(size))), strict=False)
    )
