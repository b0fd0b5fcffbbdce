"""Puts what two clients said in one act side by side, and tells where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter

from judges.parity.forms import Form


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that one of the clients does otherwise, in one act. ``native`` and ``whatsmeow``: None for not at all.

    ``where`` leads from the kind of stanza through its children (``message/bot``) to an attribute (``iq …@type``), to
    the content (``…#``) or to the order of the children (``…[]``). `ORDER` is about the stanzas themselves.
    """

    act: str
    where: str
    native: str | None
    whatsmeow: str | None


ORDER = "order"

_Found = tuple[str, str | None, str | None]


def compare(act: str, native: Sequence[Form], whatsmeow: Sequence[Form]) -> list[Difference]:
    """The differences between what both said in an act, each once.

    Where answers stand among the other stanzas is not compared.
    """
    pairs = _pair_up(native, whatsmeow, _kind)
    found = [*_in_pairs("", pairs, _kind), *_in_order(ORDER, [pair for pair in pairs if not pair.is_answer])]
    return list(dict.fromkeys(Difference(act, *each) for each in found))


def _kind(form: Form) -> str:
    return form.kind


def _tag(form: Form) -> str:
    return form.tag


@dataclass(frozen=True, slots=True)
class _Pair:
    """What belongs together, with the place of each among its own; a single one has no partner."""

    ours: Form | None
    theirs: Form | None
    our_place: int
    their_place: int

    @property
    def either(self) -> Form:
        form = self.ours or self.theirs
        assert form is not None
        return form

    @property
    def is_answer(self) -> bool:
        return self.either.is_answer


def _pair_up(ours: Sequence[Form], theirs: Sequence[Form], kind: Callable[[Form], str]) -> list[_Pair]:
    """Put together what is equal, and of the rest what is of one kind, in its order."""
    pairs, our_rest, their_rest = [], [], list(enumerate(theirs))
    for place, form in enumerate(ours):
        equal = next((other for other in their_rest if other[1] == form), None)
        if equal is None:
            our_rest.append((place, form))
        else:
            their_rest.remove(equal)
            pairs.append(_Pair(form, form, place, equal[0]))
    for each in dict.fromkeys(kind(form) for _, form in (*our_rest, *their_rest)):
        sides = ([placed for placed in rest if kind(placed[1]) == each] for rest in (our_rest, their_rest))
        pairs += (
            _Pair(one, other, our_place, their_place)
            for (our_place, one), (their_place, other) in zip_longest(*sides, fillvalue=(-1, None))
        )
    return pairs


def _in_pairs(where: str, pairs: Sequence[_Pair], name: Callable[[Form], str]) -> Iterator[_Found]:
    for pair in pairs:
        yield from _differences(where + name(pair.either), pair.ours, pair.theirs)


def _in_order(where: str, pairs: Sequence[_Pair]) -> Iterator[_Found]:
    both = [(pair.our_place, pair.their_place, pair.either) for pair in pairs if pair.ours and pair.theirs]
    orders = [[form for *_, form in sorted(both, key=itemgetter(side))] for side in (0, 1)]
    if orders[0] != orders[1]:
        ours, theirs = (" · ".join(map(_name, order)) for order in orders)
        yield where, ours, theirs


def _differences(where: str, ours: Form | None, theirs: Form | None) -> Iterator[_Found]:
    if ours is None or theirs is None:
        yield where, _shown(ours), _shown(theirs)
        return
    our_attrs, their_attrs = dict(ours.attrs), dict(theirs.attrs)
    for name in sorted({*our_attrs, *their_attrs}):
        if our_attrs.get(name) != their_attrs.get(name):
            yield f"{where}@{name}", our_attrs.get(name), their_attrs.get(name)
    if ours.content != theirs.content:
        yield f"{where}#", ours.content, theirs.content
    pairs = _pair_up(ours.children, theirs.children, _tag)
    yield from _in_pairs(f"{where}/", pairs, _tag)
    yield from _in_order(f"{where}[]", pairs)


def _name(form: Form) -> str:
    """How a list of stanzas or children names one of them: what it is, and whom it is for."""
    return " ".join((form.kind, *(value for name, value in form.attrs if name == "jid")))


def _shown(form: Form | None) -> str | None:
    return None if form is None else str(form)
