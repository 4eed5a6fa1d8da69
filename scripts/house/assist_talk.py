"""A contact talks to the house by WhatsApp, and so does a stranger, to whom it says nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
import json
from typing import Any

from .trip import Trip

AGENT = "conversation.home_assistant"
LAMP, NAME = "input_boolean.porch", "Porch"
STRANGER = "447710012398"
ON, OFF, ASK = "turn on the porch", "turn off the porch", "what time is it"

_ids = count(1)


@dataclass(frozen=True, kw_only=True)
class AssistTalk(Trip):
    """Assist is chosen for a contact, who then says what is to be done."""

    entry_id: str
    # The contact's number, digits only, and name.
    contact: str
    name: str

    async def prepare(self) -> None:
        """Make a lamp that Assist may move, and choose Assist as the frontend does."""
        async with self.instance.websocket() as ws:
            await ws.call("input_boolean/create", name=NAME)
            await ws.call(
                "homeassistant/expose_entity",
                assistants=["conversation"],
                entity_ids=[LAMP],
                should_expose=True,
            )
            known = await ws.call("config_entries/subentries/list", entry_id=self.entry_id)
        [subentry_id] = [one["subentry_id"] for one in known if one["title"] == self.name]
        path = "/api/config/config_entries/subentries/flow"
        handler = {"handler": [self.entry_id, "contact"], "subentry_id": subentry_id}
        flow = await self.instance.post(path, handler)
        fields: dict[str, Any] = {"name": self.name, "numbers": [f"+{self.contact}"]}
        await self.instance.post(
            f"{path}/{flow['flow_id']}", {**fields, "assist": {"agent": AGENT}}
        )

    async def say(self, text: str, sender: str | None = None) -> int:
        """Let somebody say something, the contact unless named; return the answer's status."""
        message = {
            "to": self.number,
            "from": sender or self.contact,
            "messageid": f"assist-talk-{next(_ids)}",
            "channel": "whatsapp",
            "sent": datetime.now(UTC).isoformat(timespec="seconds"),
            "content": {
                "format": "wa_msgobject_v2",
                "msgobject": {"type": "text", "text": {"body": text}},
            },
        }
        return await self.instance.deliver(self.door, json.dumps({"messages": [message]}).encode())

    async def answer(self, place: int) -> str:
        """Return what was sent as so manieth of all, from 1."""
        return (await self.api.message(place - 1)).words

    async def lamp(self) -> str:
        """Return whether the lamp is on."""
        return str((await self.instance.states())[LAMP]["state"])
