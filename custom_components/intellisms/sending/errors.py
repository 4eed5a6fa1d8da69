"""What a person is told when not everything was sent."""

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..protocol import KEYS_REFUSED, SendError, SendOutcome
from .data import Sent

# Why a message was not sent, and the translation key that says it; the provider's other words
# are shown as they are.
_KEYS: dict[str, str] = {
    SendError.INVALID_NUMBER: "send_invalid_number",
    SendError.INSUFFICIENT_CREDIT: "send_no_credit",
    SendError.DAILY_ALLOWANCE_EXCEEDED: "send_daily_allowance",
    SendError.CANNOT_CONNECT: "send_cannot_connect",
    SendError.HOURLY_LIMIT: "send_hourly_limit",
    SendError.OWN_NUMBER: "send_own_number",
    SendError.STOPPED: "send_stopped",
    SendError.UNEXPECTED: "send_unexpected",
    **dict.fromkeys(KEYS_REFUSED, "send_keys_refused"),
}
REFUSED = "send_refused"
MAY_HAVE_BEEN_SENT = "send_may_have_been_sent"
SEVERAL_REASONS = "send_several_reasons"
TRANSLATION_KEYS = frozenset({*_KEYS.values(), REFUSED, MAY_HAVE_BEEN_SENT, SEVERAL_REASONS})


class SendingError(HomeAssistantError):
    """Some messages were not sent, or may not have been; `sent` tells of each, of those that went too.

    Core logs its text: it names who is meant by entity ids and places in a list, never by
    numbers or names.
    """

    def __init__(self, sent: tuple[Sent, ...]) -> None:
        """Say who it is about, and why; what is the same for all in a sentence."""
        self.sent = sent
        self.failed = failed = tuple(one for one in sent if not one.is_sent)
        # What nobody has a sentence for is told by the provider's word.
        reasons = {
            (_key(one), one.result.error if _key(one) == REFUSED else None) for one in failed
        }
        key, error = next(iter(reasons)) if len(reasons) == 1 else (SEVERAL_REASONS, None)
        placeholders = {
            "who": ", ".join(one.letter.label for one in failed),
            "error": error or "",
            "failed": "; ".join(f"{one.letter.label}: {_reason(one)}" for one in failed),
            "sent": str(len(sent) - len(failed)),
            "all": str(len(sent)),
        }
        super().__init__(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
        )


def _key(sent: Sent) -> str:
    """Return the translation key of why one was not sent."""
    if sent.result.outcome is SendOutcome.MAY_HAVE_BEEN_SENT:
        return MAY_HAVE_BEEN_SENT
    return _KEYS.get(sent.result.error or "", REFUSED)


def _reason(sent: Sent) -> str:
    """Return why one was not sent, in a word, and that first which must not be sent again unseen."""
    error = sent.result.error or ""
    if sent.result.outcome is SendOutcome.MAY_HAVE_BEEN_SENT:
        return f"{sent.result.outcome} ({error})"
    return error
