"""What scripts/bench posts is taken: measured is the work, not a refusal."""

from collections import Counter

from custom_components.intellisms.protocol import Message, parse
from custom_components.intellisms.receiving.endpoint import MAX_BODY
from scripts.house.bench_others import MESSAGES, very_long_post
from tests.simulator import SAYS


def test_the_very_long_post() -> None:
    body = very_long_post("44771012346")
    assert len(body) < MAX_BODY
    messages = [one for one in parse(body) if isinstance(one, Message)]
    assert len(messages) == MESSAGES
    assert len({message.message_id for message in messages}) == MESSAGES
    assert max(Counter(message.sender for message in messages).values()) == SAYS
