"""How much one sender may say: whoever sends more than that in a minute may be guessing a code."""

from collections import Counter, deque
from time import monotonic

# Messages of one sender within the window.
MAX_MESSAGES = 60
WINDOW_SECONDS = 60
# Messages of all senders together: more than Home Assistant can publish within the window.
MAX_RECENT = 100_000


class Flood:
    """Counts what each sender said within the last minute.

    It keeps the messages of that minute in one row, of which each is a few bytes, however
    many senders are made up and however long they are.
    """

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._recent: deque[tuple[float, int]] = deque()
        self._said: Counter[int] = Counter()

    def admits(self, sender: str | None) -> bool:
        """Count a message, unless its sender has said too much; None is a sender as well."""
        now = monotonic()
        while self._recent and self._recent[0][0] <= now - WINDOW_SECONDS:
            _, who = self._recent.popleft()
            self._said[who] -= 1
            if not self._said[who]:
                del self._said[who]
        who = hash(sender)
        if self._said[who] >= MAX_MESSAGES or len(self._recent) >= MAX_RECENT:
            return False
        self._recent.append((now, who))
        self._said[who] += 1
        return True
