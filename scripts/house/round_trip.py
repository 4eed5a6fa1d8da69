"""The way out and back in front of a person: buttons sent, a tap, what it led to, and an answer."""

from dataclasses import dataclass
from datetime import UTC, datetime
import json

from .provider_api import ACCESS_KEY, SECRET_KEY, ProviderApi, Taken
from .trip import Trip

ANNA = "447710012399"
QUESTION, ANSWER = "Open the gate?", "The gate is opening."
BUTTON = {"id": "demo_open", "text": "Open it"}
# What must not be in the log.
SECRETS = (ACCESS_KEY, SECRET_KEY, ANNA, QUESTION, ANSWER)
AUTOMATION = {
    "id": "tapped",
    "alias": "tapped",
    "triggers": [
        {
            "trigger": "event",
            "event_type": "intellisms_message_received",
            "event_data": {"button_id": BUTTON["id"]},
        }
    ],
    "actions": [
        {
            "action": "intellisms.send_message",
            "target": {"entity_id": "notify.anna"},
            "data": {"message": ANSWER},
        }
    ],
}


def configuration(api: ProviderApi) -> str:
    """Return the YAML that leads the integration to the stand-in."""
    return f"witness:\n  api_url: {api.url}\n"


@dataclass(frozen=True, kw_only=True)
class RoundTrip(Trip):
    """Anna writes by WhatsApp, is asked, taps, and is told."""

    entry_id: str

    async def prepare(self) -> None:
        """Add Anna, and the keys as a person types them."""
        await self.instance.add_contact(self.entry_id, "Anna", f"+{ANNA}")
        await self.instance.add_keys(self.entry_id, ACCESS_KEY, SECRET_KEY)

    async def write(self) -> int:
        """Let Anna write, without which WhatsApp takes no buttons; return the answer's status."""
        text = {"type": "text", "text": {"body": "Hello"}}
        message = {
            "to": self.number,
            "from": ANNA,
            "messageid": "round-trip",
            "channel": "whatsapp",
            "sent": datetime.now(UTC).isoformat(timespec="seconds"),
            "content": {"format": "wa_msgobject_v2", "msgobject": text},
        }
        return await self.instance.deliver(self.door, json.dumps({"messages": [message]}).encode())

    async def ask(self) -> Taken:
        """Send the question; return what went out."""
        data = {"entity_id": "notify.anna", "message": QUESTION, "answers": [BUTTON, "Leave it"]}
        await self.instance.post("/api/services/intellisms/send_message", data)
        return await self.api.message(0)

    async def answer(self) -> str:
        """Return the text that the automation sent."""
        return (await self.api.message(1)).words
