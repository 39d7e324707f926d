"""What a question asks for, and whether a sentence of the sources has it and tells who it was.

None of it asks a model: it looks at the sentence's words and at who speaks in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragtool.amounts import is_amount_missing, other_counts
from ragtool.beside import names_somebody, tells_of_somebody, with_name, with_what_tells
from ragtool.checking import (
    asked_role,
    asks_speaker,
    asks_who,
    is_person_missing,
    is_question,
    which_role,
)
from ragtool.quoting import (
    chain_of,
    has_no_speaker,
    in_own_words,
    lacks_role,
    leaves_open_speaker,
    leaves_open_who,
    names_nobody,
    opens_with_somebody,
    speaks_as_body,
)
from ragtool.records import Evidence
from ragtool.titles import SHARED
from ragtool.words import words


class Asked:
    """What one question asks for in its evidence.

    speaker: whether it asks who said something. who: whether it asks that, or who it was.
    """

    def __init__(self, question: str, evidence: Sequence[Evidence]) -> None:
        self._question = question
        self._chunks = [one.chunk for one in evidence]
        self.speaker = asks_speaker(question)
        self.who = self.speaker or asks_who(question)
        self._role = asked_role(question)
        role = which_role(question)
        self._which = None if role in SHARED else role

    def is_met_by(self, one: Evidence) -> bool:
        """Whether the sentence has what is asked for, but for who it was: an amount, a
        statement, as many as the question counts, and, where it asks which of those who
        carry a role, no words of an office or a company."""
        return not (
            is_amount_missing(self._question, one.text)
            or other_counts(self._question, one.text)
            or is_question(one.text)
            or self._is_another(one)
        )

    def is_left_open_by(self, one: Evidence) -> bool:
        """Whether the sentence by itself does not tell who it was, where the question asks
        who, or whether it was whom the question names."""
        chain = chain_of(one, self._question)
        return (
            (self.who and leaves_open_who(one, chain))
            or (self.speaker and names_nobody(one, chain))
            or self._lacks_whom(one)
        )

    def shown(self, one: Evidence) -> tuple[Evidence, ...]:
        """The sentence, in reading order with those near it up to one that tells what it leaves
        open, or, where the question asks who, whose name it hides.

        Empty where the question asks who and none near tells, or where somebody else speaks.
        """
        chain = chain_of(one, self._question)
        if self._lacks_whom(one):
            return (
                with_what_tells(one, lambda near: not self._lacks_whom(near), chunks=self._chunks)
                if has_no_speaker(one, chain)
                else ()
            )
        opens = opens_with_somebody(one, chain)
        if self.is_left_open_by(one) and not opens:
            return with_what_tells(one, names_somebody, chunks=self._chunks)
        if self.who:
            return with_name(one, chain, chunks=self._chunks)
        if leaves_open_speaker(one, chain) and not opens:
            return with_what_tells(one, tells_of_somebody, chunks=self._chunks) or (one,)
        return (one,)

    def _is_another(self, one: Evidence) -> bool:
        """Whether the question asks which minister, and a guild speaks."""
        if self._which is None or self._which in words(one.text):
            return False
        return speaks_as_body(one, chain_of(one, self._question))

    def _lacks_whom(self, one: Evidence) -> bool:
        """Whether the question names somebody, or his role, and the sentence does not."""
        chain = chain_of(one, self._question)
        return is_person_missing(self._question, in_own_words(one, chain)) or (
            self._role is not None and lacks_role(one, chain, self._role)
        )
