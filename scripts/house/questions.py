"""Two questions to Anna: one is answered while its action waits, one after a restart."""

import asyncio
from dataclasses import dataclass
from typing import Any

from .provider_api import Taken
from .trip import Trip

NAME = "Heat the hut"
ASKED, ANSWERS = "There is frost at the hut. Heat it?", ["Heat", "Leave it"]
HEATED = "The hut is being heated"
AUTOMATION = {
    "id": "other_half",
    "alias": "other half",
    "triggers": [
        {
            "trigger": "intellisms.question_answered",
            "options": {"question": [NAME], "answer": [ANSWERS[0]]},
        }
    ],
    "actions": [{"action": "intellisms.reply", "data": {"message": HEATED}}],
}
# What the logbook has to tell, and of which entities; the answer's line goes on with the time.
LOGBOOK = {
    ("notify.anna", f"was asked “{ASKED}” by WhatsApp"),
    ("event.gate_message", f"received from Anna: the answer “{ANSWERS[0]}” after "),
}


@dataclass(frozen=True, kw_only=True)
class Questions(Trip):
    """Anna is asked, and taps; both times the question has the same name."""

    async def ask(self, *, wait: bool) -> tuple[Taken, asyncio.Task[dict[str, Any]]]:
        """Ask; return what went out, and what the action will answer."""
        data = {
            "entity_id": "notify.anna",
            "question": NAME,
            "message": ASKED,
            "answers": ANSWERS,
            "wait": wait,
        }
        sent = len(self.api.taken)
        path = "/api/services/intellisms/ask?return_response"
        asking = asyncio.create_task(self.instance.post(path, data))
        return await self.api.message(sent), asking
