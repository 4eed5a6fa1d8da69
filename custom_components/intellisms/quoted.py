"""A stranger's words in our dialogs, lines and states."""

import re

# Characters.
MAX_SHOWN = 200
MAX_SENDER_SHOWN = 90
# What nobody is called.
_NUMBER = re.compile(r"\+?[0-9]+")
# What could be taken for one of the marks around it.
_MARKS = str.maketrans(dict.fromkeys('“”„‟"«»', "'"))


def shown_sender(name: str | None, sender: str | None) -> str | None:
    """Return a contact's name or a number as it is, anything else in quotation marks.

    Whoever sends a text may choose to be called as a contact is.
    """
    if name or not sender or _NUMBER.fullmatch(sender):
        return name or sender
    # Some characters are not seen but turn the writing round, marks and all.
    seen = "".join(each for each in sender if each.isprintable() or each.isspace())
    return f"“{one_line(seen.translate(_MARKS), MAX_SENDER_SHOWN)}”"


def quoted(text: str | None) -> str:
    """Return words for a code span, so that the dialog shows them and does not run them."""
    return one_line((text or "").replace("`", "'"), MAX_SHOWN) or "?"


def one_line(text: str, limit: int) -> str:
    """Return words without line breaks, and at most `limit` characters of them."""
    return fitting(" ".join(text.split()), limit)


def fitting(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; one that is cut ends in an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
