"""What sending adds to receiving: without keys, with keys, and while the provider's API hangs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from .instance import HouseError, Instance
from .provider_api import ACCESS_KEY, SECRET_KEY, Play, ProviderApi

# As many as are on their way at a time.
RECIPIENTS = [f"+44770090020{number}" for number in range(4)]
HEAD = [
    "sending", "CPU ms", "/ (b)", "loop ms", "/ (b)", "200, p50 ms", "/ (b)", "set-up ms",
]  # fmt: skip

# What a message costs, as cells of the table.
type Measure = Callable[[], Awaitable[list[str]]]


async def rows(
    instance: Instance, api: ProviderApi, entry_id: str, measure: Measure
) -> list[list[str]]:
    """Measure an account without keys, with them, and with nobody answering."""
    without = await measure()
    await instance.add_contact(entry_id, "Alice", RECIPIENTS[0])
    await instance.add_keys(entry_id, ACCESS_KEY, SECRET_KEY)
    with_keys = await measure()
    api.plays[None] = Play.HANG
    async with _messages_that_hang(instance, api):
        hanging = await measure()
    return [
        ["without keys", *without],
        ["with keys", *with_keys],
        [f"with {len(RECIPIENTS)} messages that hang, and the balance", *hanging],
    ]


@asynccontextmanager
async def _messages_that_hang(instance: Instance, api: ProviderApi) -> AsyncIterator[None]:
    """Keep as many messages under way as there can be, each until it is given up."""
    message = {"numbers": RECIPIENTS, "message": "Hello"}

    async def send() -> None:
        while True:
            # That nobody answered is an error, and a restart cuts it short.
            with suppress(HouseError, OSError):
                await instance.post("/api/services/intellisms/send_message", message)
            await asyncio.sleep(1)

    sending = asyncio.create_task(send())
    try:
        await api.taken_are(len(RECIPIENTS))
        yield
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
