"""The questions that are open, and those that were lately, in a file of their own.

What stands under `data` in `intellisms.<entry id>.questions`. `ending` is None while a question is
open, `code` is a digest, and `wrong_codes` counts the answers that came without it:

    {
        "questions": [
            {
                "id": "k5qxyz2abcdefghi",
                "name": "Open the gate?",
                "answers": [{"id": "open", "title": "Open"}, {"id": "leave", "title": "Leave it"}],
                "asked": [
                    {
                        "contact": "<subentry id>",
                        "channel": "whatsapp",
                        "by_template": false,
                        "entity_id": "notify.anna",
                    }
                ],
                "asked_at": "2026-11-03T09:00:00+00:00",
                "until": "2026-11-03T09:05:00+00:00",
                "code": null,
                "wrong_codes": 0,
                "ending": null,
                "ended_at": null
            }
        ]
    }
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN
from .delivery import Delivery
from .question import Ending, Question

MAX_OPEN = 100


class QuestionProblem(StrEnum):
    """Why a question cannot be asked."""

    # As many as may be are open.
    TOO_MANY = "too_many"
    # Two of its answers could not be told apart when they are typed.
    ALIKE = "alike"
    # A template to the same person is open that has a label in common, which a tap would not tell
    # apart.
    SAME_LABEL = "same_label"


class QuestionError(Exception):
    """A question cannot be asked; nothing of it is kept.

    `contact_id` is whom it cannot be asked, where it is about one of them.
    """

    def __init__(self, problem: QuestionProblem, contact_id: str | None = None) -> None:
        """Keep the reason."""
        super().__init__(problem.value)
        self.problem = problem
        self.contact_id = contact_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A question that is over, and why.

    `delivery` is the message that answered it, whose `answer` is an id of `question.answers`; None
    where nobody did. `waited` tells whether an action was waiting: then no trigger fires.
    """

    entry_id: str
    question: Question
    ending: Ending
    waited: bool
    delivery: Delivery | None = None


# Actions that wait and triggers listen here: any entry, any question.
SIGNAL_ENDED: SignalType[Ended] = SignalType(f"{DOMAIN}_question_ended")


class Questions:
    """The questions of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[], None]) -> None:
        """Prepare the file; `tell` is called when the disk takes it no more, or again."""

    @callback
    def async_open(self, question: Question, *, waited: bool) -> None:
        """Take answers to a question from now on; QuestionError if it cannot be asked.

        This comes before anything is sent, since a tap may come before the provider has answered.
        `waited` tells that an action waits for the answer: triggers pass the question over until
        `async_release`. At `until` it ends by itself, which `SIGNAL_ENDED` tells as all other ends.
        """
        raise NotImplementedError

    @callback
    def async_end(self, question_id: str, ending: Ending) -> None:
        """End an open question that nobody has answered, and tell; nothing if it is over."""
        raise NotImplementedError

    @callback
    def async_release(self, question_id: str) -> None:
        """Leave a question to the triggers, since nobody waits for its answer any more."""
        raise NotImplementedError

    def get(self, question_id: str) -> Question | None:
        """Return a question that is open, or was lately."""
        raise NotImplementedError

    @property
    def open(self) -> list[Question]:
        """Return the questions that are open, the newest last."""
        raise NotImplementedError
