"""A picture goes out with buttons, is fetched once, and a tap is answered, delivered and read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .instance import EXTERNAL_URL, ROOT, Instance, WebSocket, until
from .provider_api import ProviderApi, Taken, report, tap

PICTURE = ROOT / "custom_components" / "intellisms" / "brand" / "icon.png"
QUESTION, ANSWER = "Somebody is at the door.", "The door is open."
BUTTON = {"id": "demo_let_in", "text": "Let in"}
DELIVERY = "sensor.anna_last_delivery"
# What must not be in the log.
SECRETS = (QUESTION, ANSWER)
# What *Activity* says of what Anna did.
LINES = ("has received a message", "has read a message")
ANSWERED, FOLLOWED = "answered", "followed"
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {
        "id": ANSWERED,
        "alias": ANSWERED,
        "triggers": [
            {"trigger": "intellisms.button_tapped", "options": {"button": [BUTTON["id"]]}}
        ],
        "actions": [{"action": "intellisms.reply", "data": {"message": ANSWER}}],
    },
    {
        "id": FOLLOWED,
        "alias": FOLLOWED,
        "mode": "queued",
        "triggers": [{"trigger": "intellisms.delivery_changed"}],
        # The samples report of messages that nobody here has sent.
        "conditions": "{{ trigger.report.channel == 'whatsapp' }}",
        "actions": [{"stop": "It is told."}],
    },
)


def configuration(folder: Path = PICTURE.parent) -> str:
    """Return the YAML that makes a folder one of media."""
    return f"homeassistant:\n  media_dirs:\n    local: {folder}\nmedia_source:\n"


@dataclass(frozen=True, kw_only=True)
class DoorScene:
    """Anna, who has written by WhatsApp, is shown who is at the door."""

    instance: Instance
    api: ProviderApi
    door: str
    # The virtual number, digits only.
    number: str

    async def show(self) -> Taken:
        """Send the picture with two buttons; return what went out."""
        before = len(self.api.taken)
        data = {
            "entity_id": "notify.anna",
            "message": QUESTION,
            "picture": f"media-source://media_source/local/{PICTURE.name}",
            "answers": [BUTTON, "Not now"],
        }
        await self.instance.post("/api/services/intellisms/send_message", data)
        return await self._taken(before)

    def path(self, shown: Taken) -> str:
        """Return where the picture can be fetched."""
        link: str = shown.object["interactive"]["header"]["image"]["link"]
        return link.removeprefix(EXTERNAL_URL)

    async def fetch(self, path: str) -> tuple[int, bytes]:
        """Fetch a page as whoever has its address; return the status and what is there."""
        async with self.instance.http.get(path) as response:
            return response.status, await response.read()

    async def tap(self, shown: Taken) -> Taken:
        """Let Anna tap the first button; return the answer that went out."""
        before = len(self.api.taken)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        await self.instance.deliver(self.door, tap(shown, 0, to=self.number, sent=now))
        return await self._taken(before)

    async def tell(self, taken: Taken, status: str, code: int) -> str:
        """Post a report; return what *Last delivery* shows then."""
        await self.instance.deliver(self.door, report(taken, status, code))
        return str((await self.instance.states())[DELIVERY]["state"])

    async def lines(self, ws: WebSocket, since: datetime) -> list[str]:
        """Return which of the lines are under *Activity*, once all are."""

        async def read() -> list[str]:
            shown = await ws.call("logbook/get_events", start_time=since.isoformat())
            said = {one.get("message") for one in shown}
            return [line for line in LINES if line in said]

        return await until(read, lambda found: len(found) == len(LINES))

    async def _taken(self, before: int) -> Taken:
        """Return what goes out after so many others."""
        await self.api.taken_are(before + 1)
        return self.api.taken[before]
