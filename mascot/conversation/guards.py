"""What a persona must not say, caught before anyone sees it.

Text comes in as the model makes it and goes out sentence by sentence, each one only when every guard
has passed it, so nothing that was shown is ever taken back. A guard that catches something is counted
under its name:

    name          the persona's own name at the start ("Anchor: …"): taken off
    other_voice   a line for somebody else ("User: …", "Catalyst: …"): the utterance ends before it
    leak          words of the card, the directive or the template: the sentence is dropped
    repetition    a sentence that was said before, nearly or word for word: dropped
    loop          a sentence that turns in circles: dropped
    cut           an unfinished sentence at the end of the tokens: dropped, or ended if it is all there is
    length        more sentences than an utterance may have: the utterance ends
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mascot.conversation.personas import Cast, Persona
from mascot.conversation.text import first_sentence_end, jaccard, sentences, words

NEAR = 0.7
"""Word-set Jaccard from which two texts count as the same (our choice; the trial's bound)."""
_LEAK_WORDS = 6
"""So many words in a row out of the card or the directive are a leak."""
_TEMPLATE = re.compile(
    r"<\|[^>]*\|?>|</?think>|\[/?INST\]|</?s>|\bas an ai\b|\b(?:language model|stage direction)\b", re.I
)
_ORPHAN = re.compile(r"^[\s\"'“”*_>#\-–—.,;:]+")


class Guards:
    """The guards over one utterance. Feed it text; it gives back what may be shown.

    Args:
        speaker: who is speaking.
        cast: everyone at the table.
        earlier: what was said before, oldest first, the person's words included.
        secrets: texts that must not appear: the card's and the directive's lines.
        max_sentences: longest utterance.
    """

    def __init__(
        self,
        speaker: Persona,
        cast: Cast,
        earlier: Sequence[str],
        secrets: Iterable[str] = (),
        max_sentences: int = 3,
    ) -> None:
        self.caught: Counter[str] = Counter()
        self.done = False
        """Nothing more will be let through; the model may stop."""
        self.said = ""
        """Everything let through so far."""
        self._own = re.compile(
            rf"^\W*(?:the )?{re.escape(speaker.name)}\W{{0,3}}(?:\([^)]*\)\s*)?[:：]\W*", re.I
        )
        names = [re.escape(name) for persona in cast for name in (persona.name, persona.id)]
        anyone = "|".join([*names, "user", "you", "human", "assistant", "system"])
        self._voice = re.compile(
            rf"(?:^|[\n\"*(\[]|(?<=[.!?…])\s)\W*(?:the )?(?:{anyone})"
            r"\W{0,3}(?:\([^)\n]*\)\s*)?[:：]",
            re.I,
        )
        self._earlier = [text for text in earlier if words(text)]
        self._known = [set(words(s)) for text in self._earlier for s in sentences(text)]
        self._secrets = {run for secret in secrets for run in _runs(words(secret), _LEAK_WORDS)}
        self._left = max_sentences
        self._held = ""
        self._begun = False

    def feed(self, text: str) -> str:
        """What may be shown now, given more text; often nothing, sometimes several sentences."""
        if self.done:
            return ""
        self._held += text
        return self._release(final=False)

    def finish(self, complete: bool) -> str:
        """What may still be shown at the end; `complete` is False if the tokens ran out."""
        if self.done:
            return ""
        self._open(final=True)
        shown = self._release(final=complete)
        rest = self._held.strip()
        if rest and not self.done:
            shown += self._last(rest, complete)
        self.done = True
        return shown

    def _release(self, final: bool) -> str:
        if not self._open(final):
            return ""
        voice = self._voice.search(self._held)
        if voice is not None:
            self.caught["other_voice"] += 1
            self._held = self._held[: voice.start()]
        shown = ""
        ended = final or voice is not None
        while not self.done and (end := first_sentence_end(self._held, ended)) is not None:
            sentence, self._held = self._held[:end].strip(), self._held[end:]
            shown += self._pass(sentence)
        if voice is not None and not self.done:
            self.done = True
            rest = self._held.strip()
            shown += self._last(rest, complete=True) if rest else ""
        return shown

    def _open(self, final: bool) -> bool:
        """Take off name prefixes and stray marks, once enough is there to see them."""
        if self._begun:
            return True
        while match := self._own.match(self._held):
            self.caught["name"] += 1
            self._held = self._held[match.end() :]
        if final or len(self._held) >= 40 or first_sentence_end(self._held) is not None:
            self._held = _ORPHAN.sub("", self._held)
            self._begun = True
        return self._begun

    def _last(self, rest: str, complete: bool) -> str:
        """An end without an end mark: finished if the model meant to stop, dropped if it was cut off."""
        if complete:
            self._held = ""
            return self._pass(rest if rest[-1] in '.!?…"”' else rest.rstrip(",;:- ") + ".")
        self.caught["cut"] += 1
        if self.said:
            return ""
        clause = re.split(r"[,;:–—-]\s", rest)
        kept = rest if len(clause) == 1 else rest[: rest.rindex(clause[-1])]
        return self._pass(kept.rstrip(",;:–—- ") + " …")

    def _pass(self, sentence: str) -> str:
        """The sentence with the space before it if no guard minds, otherwise nothing."""
        sentence = re.sub(r"\s+", " ", sentence).strip()
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
        if self._left == 0:
            self.done = True
            if words(self._held):
                self.caught["length"] += 1
        return shown

    def _fault(self, sentence: str) -> str | None:
        spoken = words(sentence)
        if _TEMPLATE.search(sentence) or self._secrets.intersection(_runs(spoken, _LEAK_WORDS)):
            return "leak"
        if any(count > 2 for count in Counter(_runs(spoken, 3)).values()):
            return "loop"
        known = set(spoken)
        if any(len(known & other) >= NEAR * len(known | other) for other in self._known):
            return "repetition"
        whole = f"{self.said} {sentence}"
        if any(jaccard(whole, text) >= NEAR for text in self._earlier):
            return "repetition"
        return None


def _runs(spoken: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(
        zip(*itertools.starmap(itertools.islice, ((spoken, i, None) for i in range(size))), strict=False)
    )
