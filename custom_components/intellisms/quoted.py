"""A stranger's words in our dialogs, lines and states."""

import re

MAX_SHOWN_CHARACTERS = 200
MAX_SENDER_CHARACTERS = 90
# A sender of this form is a number, which nobody takes for a contact's name.
_NUMBER = re.compile(r"\+?[0-9]+")
# Inside our quotation marks these characters could be taken for the closing one.
_MARKS = str.maketrans(dict.fromkeys('“”„‟"«»', "'"))


def shown_sender(name: str | None, sender: str | None) -> str | None:
    """Return a contact's name or a number as it is, anything else in quotation marks.

    Whoever sends a text may choose to be called as a contact is.
    """
    if name or not sender or _NUMBER.fullmatch(sender):
        return name or sender
    # Some characters are not seen but change the direction of writing, so that our own
    # quotation marks would be drawn elsewhere.
    seen = "".join(each for each in sender if each.isprintable() or each.isspace())
    return f"“{one_line(seen.translate(_MARKS), MAX_SENDER_CHARACTERS)}”"


def quoted(text: str | None) -> str:
    """Return words to put between backticks, so that a dialog shows them and renders no Markdown.

    They are on one line, and `?` where there are none: an empty code span would end elsewhere.
    """
    return one_line((text or "").replace("`", "'"), MAX_SHOWN_CHARACTERS) or "?"


def one_line(text: str, limit: int) -> str:
    """Return words on one line, in at most `limit` characters, the last of them `…` if cut."""
    return fitting(" ".join(text.split()), limit)


def fitting(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; one that is cut ends in an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
