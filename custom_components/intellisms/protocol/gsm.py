"""How many parts a text message is sent in: each is paid for.

A text of GSM's own characters (3GPP TS 23.038, 6.2.1) has 160 of them in one part, or 153 in
each of several. A single other character makes all of it UCS-2: 70, or 67. What counts twice is
never split: a character of GSM's extension table, and one beyond Unicode's first 65,536.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
# Characters of a part that is alone, and of each of several.
GSM_ALONE, GSM_JOINED = 160, 153
UCS2_ALONE, UCS2_JOINED = 70, 67


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How long a text is as an SMS.

    `characters` are counted as the network does. `left` is how many more simple ones the last
    part has room for. `expensive` are the characters outside of GSM's alphabet, each once, in their
    order: without them a part would hold more than twice as much. `double` are those of the
    extension table, likewise.
    """

    parts: int
    characters: int
    left: int
    expensive: str = field(repr=False)
    double: str = field(repr=False)

    @property
    def is_gsm(self) -> bool:
        """Tell whether the text is of GSM's own characters only."""
        return not self.expensive


def size_of(text: str) -> Size:
    """Return how long a text is as an SMS; an empty one is one part."""
    expensive = _each_once(one for one in text if one not in _BASIC and one not in _EXTENSION)
    if expensive:
        alone, joined = UCS2_ALONE, UCS2_JOINED
        lengths = [2 if one > "\uffff" else 1 for one in text]
    else:
        alone, joined = GSM_ALONE, GSM_JOINED
        lengths = [2 if one in _EXTENSION else 1 for one in text]
    characters = sum(lengths)
    parts, left = 1, alone - characters
    if left < 0:
        parts, left = _packed(lengths, joined)
    return Size(
        parts=parts,
        characters=characters,
        left=left,
        expensive=expensive,
        double=_each_once(one for one in text if one in _EXTENSION),
    )


def _packed(lengths: Iterable[int], room: int) -> tuple[int, int]:
    """Return how many parts with so much room characters need, and what the last has left."""
    parts, left = 1, room
    for length in lengths:
        if length > left:
            parts, left = parts + 1, room
        left -= length
    return parts, left


def _each_once(characters: Iterable[str]) -> str:
    return "".join(dict.fromkeys(characters))
