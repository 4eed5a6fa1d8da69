"""How many parts a text is."""

from hypothesis import given, strategies as st
import pytest

from custom_components.intellisms.protocol import size_of

GSM = st.text(st.sampled_from("aZ09 @£é€[]~\n"), max_size=700)


@pytest.mark.parametrize(
    ("text", "parts", "left"),
    [
        ("", 1, 160),
        ("a" * 160, 1, 0),
        ("a" * 161, 2, 2 * 153 - 161),
        ("a" * 306, 2, 0),
        ("a" * 307, 3, 152),
        # A character of the extension table takes the room of two, and is never split.
        ("€" * 80, 1, 0),
        ("€" * 81, 2, 153 - 2 * 5),
        ("a" * 152 + "€" + "a" * 10, 2, 153 - 12),
        # One other character, and all of it takes more.
        ("ж" * 70, 1, 0),
        ("ж" * 71, 2, 2 * 67 - 71),
        ("a" * 70 + "\u2019", 2, 2 * 67 - 71),
        ("😀" * 35, 1, 0),
        ("😀" * 36, 2, 67 - 6),
        ("a" * 66 + "😀" + "a" * 10, 2, 67 - 12),
    ],
)
def test_parts(text: str, parts: int, left: int) -> None:
    size = size_of(text)
    assert (size.parts, size.left) == (parts, left)


def test_what_makes_a_text_expensive() -> None:
    size = size_of("It\u2019s \u201chere\u201d: 5 €, it\u2019s [open]")
    assert size.expensive == "\u2019\u201c\u201d"
    assert size.double == "€[]"
    assert not size.is_gsm
    assert size_of("It's here: é à Ω").is_gsm
    assert not size_of("ç").is_gsm
    assert "\u2019" not in repr(size)


@given(st.text(max_size=400) | GSM)
def test_the_last_part_has_room_for_what_is_left(text: str) -> None:
    size = size_of(text)
    assert size.left >= 0
    assert size_of(text + "a" * size.left).parts == size.parts
    assert size_of(text + "a" * (size.left + 1)).parts == size.parts + 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_is_never_fewer_parts(text: str, more: str) -> None:
    assert size_of(text).parts <= size_of(text + more).parts


@given(GSM)
def test_characters_are_the_networks(text: str) -> None:
    assert size_of(text).characters == len(text) + sum(text.count(one) for one in "€[]~")
