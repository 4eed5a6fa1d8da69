"""Somebody is at the door: the picture to Anna, her tap, the answer to it, and her eye upon that."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from .provider_api import Taken, report
from .trip import Trip

CAMERA, CONFIGURATION = "camera.doorbell", "doorbell:\n"
NOTIFY, LAST_DELIVERY = "notify.anna", "sensor.anna_last_delivery"
SAID, ANSWER = "Somebody is at the door", "The door is open"
LET_IN = {"id": "demo_let_in", "text": "Let in"}
AUTOMATIONS = (
    {
        "id": "let_in",
        "alias": "let in",
        "triggers": [
            {"trigger": "intellisms.button_tapped", "options": {"button": [LET_IN["id"]]}}
        ],
        "actions": [{"action": "intellisms.reply", "data": {"message": ANSWER}}],
    },
    {
        "id": "followed",
        "alias": "followed",
        "mode": "queued",
        "triggers": [
            {
                "trigger": "intellisms.delivery_changed",
                "target": {"entity_id": NOTIFY},
                "options": {"status": ["delivered", "read"]},
            }
        ],
        "actions": [],
    },
)
# What a report says, and the provider's code for it.
STATUSES = {"delivered": 4, "read": 14}
# What the logbook has to tell, and of which entities.
LOGBOOK = {
    (NOTIFY, f"was sent “{SAID}” by WhatsApp"),
    ("event.gate_message", f"received from Anna: a tap on “{LET_IN['text']}”"),
    (NOTIFY, f"was sent “{ANSWER}” by WhatsApp"),
    (NOTIFY, "has received a message"),
    (NOTIFY, "has read a message"),
}


@dataclass(frozen=True, kw_only=True)
class AtTheDoor(Trip):
    """The snapshot of a camera on its way out, and what comes back."""

    async def prepare(self) -> None:
        """Add the automations as the editor does."""
        for automation in AUTOMATIONS:
            await self.instance.add_automation(automation)

    async def show(self) -> tuple[Taken, str]:
        """Send what the camera shows; return what went out, and the path that its link leads to."""
        data = {
            "entity_id": NOTIFY,
            "message": SAID,
            "picture": CAMERA,
            "answers": [LET_IN, "Not now"],
        }
        sent = len(self.api.taken)
        await self.instance.post("/api/services/intellisms/send_message", data)
        taken = await self.api.message(sent)
        link: str = taken.object["interactive"]["header"]["image"]["link"]
        return taken, urlsplit(link).path

    async def fetch(self, path: str) -> str:
        """Fetch a picture as the provider does; return its kind, or the status without one."""
        async with self.instance.http.get(path) as response:
            content = await response.read()
            if response.status != HTTPStatus.OK:
                return str(response.status)
            return response.content_type if content.startswith(b"\x89PNG") else "no picture"

    async def report(self, taken: Taken, status: str) -> int:
        """Let the provider tell how far a message has come; return the answer's status."""
        return await self.instance.deliver(self.door, report(taken, status, STATUSES[status]))

    async def last_delivery(self) -> str:
        """Return what the sensor shows."""
        return str((await self.instance.states())[LAST_DELIVERY]["state"])
