"""A stranger's words in our dialogs and lines."""

MAX_SHOWN = 200


def quoted(text: str | None) -> str:
    """Return words for a code span, so that the dialog shows them and does not run them."""
    return one_line((text or "").replace("`", "'"), MAX_SHOWN) or "?"


def one_line(text: str, limit: int) -> str:
    """Return words without line breaks, and at most `limit` characters of them."""
    shown = " ".join(text.split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
