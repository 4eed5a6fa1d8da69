"""A stranger's words in our dialogs."""

MAX_SHOWN = 200


def quoted(text: str | None) -> str:
    """Return words for a code span, so that the dialog shows them and does not run them."""
    shown = " ".join((text or "").replace("`", "'").split()) or "?"
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1]}…"
