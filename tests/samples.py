"""The provider's posts, one file each in `tests/fixtures`, as bytes."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "fixtures"

NAMES = sorted(path.name for path in _FOLDER.iterdir())


def sample(name: str) -> bytes:
    """Return a post exactly as it is on the wire."""
    return (_FOLDER / name).read_bytes()
