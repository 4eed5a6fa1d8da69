"""A way out and back: what is sent, and what a contact does with it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from .instance import Instance
from .provider_api import ProviderApi, Taken, tap


@dataclass(frozen=True, kw_only=True)
class Trip:
    """What leads to Home Assistant and to the provider."""

    instance: Instance
    api: ProviderApi
    door: str
    # The virtual number, digits only.
    number: str

    async def tap(self, taken: Taken) -> int:
        """Let whoever was sent buttons tap the first one; return the answer's status."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return await self.instance.deliver(self.door, tap(taken, 0, to=self.number, sent=now))
