"""A status report together with whom the message was sent to: what its event tells."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

from homeassistant.core import Context

from ..protocol import StatusReport


class Recipient(TypedDict):
    """What an event says of whom a message was sent to."""

    to_name: str | None
    to_device_id: str | None
    person_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldReport:
    """A status report as it is published, in the contract's terms."""

    entry_id: str
    report: StatusReport
    recipient: Recipient = field(repr=False)
    context: Context = field(default_factory=Context, repr=False)

    def as_event(self) -> dict[str, Any]:
        """Return the event's data: flat, always the same keys, absent values None."""
        report = self.report
        return {
            "entry_id": self.entry_id,
            "message_id": report.message_id,
            "to": report.to,
            **self.recipient,
            "status": report.status,
            "status_code": report.status_code,
            "status_text": report.status_text,
            "category": report.category,
            "user_key": report.user_key,
        }
