"""From what a person asks for to the provider's JSON, checked before anything goes out."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
import re

from .gsm import size_of
from .limits import (
    MAX_BUTTON_ID,
    MAX_BUTTON_TITLE,
    MAX_BUTTONS,
    MAX_ROW_ID,
    MAX_ROW_TITLE,
    MAX_ROWS,
    MAX_SENDER_ID,
    MAX_TEMPLATE_TITLE,
    MAX_WHATSAPP_TEXT,
    ContentError,
    ContentProblem,
    check_match,
    check_text,
)
from .sendable import (
    Answer,
    Buttons,
    Choices,
    Content,
    Picture,
    SendChannel,
    Sms,
    Voice,
    WhatsAppText,
    check_answers,
)
from .values import JsonObject

REQUEST_VERSION = "1.0.0"
RESPONSE_VERSION = "1.0.3"

_SENDER_ID = re.compile(r"[A-Za-z0-9 ._&-]+")
_NUMBER = re.compile(r"\+?[0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message to one recipient.

    `to` is a number with `+`. `sender` is a number likewise, or a sender id of up to 11 characters;
    with None the provider chooses.
    """

    to: str = field(repr=False)
    sender: str | None = field(default=None, repr=False)
    content: Content

    def __post_init__(self) -> None:
        """Check what the message is to and from."""
        check_match("to", self.to, _NUMBER)
        if self.sender is not None and not _NUMBER.fullmatch(self.sender):
            check_text("sender_id", self.sender, MAX_SENDER_ID)
            check_match("sender_id", self.sender, _SENDER_ID)

    def as_json(self) -> JsonObject:
        """Return the provider's `message`."""
        # The provider has voice as a kind of SMS.
        by_whatsapp = self.content.channel is SendChannel.WHATSAPP
        message: JsonObject = {
            "to": self.to.removeprefix("+"),
            "channel": "whatsapp" if by_whatsapp else "sms",
            "content": self.content.as_json(),
        }
        if self.sender is not None:
            message["from"] = self.sender.removeprefix("+")
        return message


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a person wants to say, before it is known by which channel it goes.

    One to three answers are buttons, unless one has a description; more are a list, which opens
    at a tap on `list_button`. By SMS they can be typed, after what `typed_answers` says about it;
    without that they go by WhatsApp only.
    """

    message: str | None = field(default=None, repr=False)
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    header: str | None = field(default=None, repr=False)
    footer: str | None = field(default=None, repr=False)
    picture_url: str | None = field(default=None, repr=False)
    list_button: str = field(default="", repr=False)
    typed_answers: str | None = field(default=None, repr=False)
    max_parts: int = 1

    @property
    def needs_whatsapp(self) -> bool:
        """Tell whether it has what goes by WhatsApp only."""
        return any(getattr(self, name) for name in self._by_whatsapp_only)

    @property
    def _by_whatsapp_only(self) -> tuple[str, ...]:
        around = ("header", "footer", "picture_url")
        return around if self.typed_answers else ("answers", *around)

    def content(self, channel: SendChannel) -> Content:
        """Return what goes out by a channel; ContentError where it cannot.

        Nothing is quietly dropped: what the channel does not carry is an error.
        """
        text = self.message or ""
        if channel is SendChannel.WHATSAPP:
            return self._by_whatsapp(text)
        for name in self._by_whatsapp_only:
            if getattr(self, name):
                # A person may have chosen a picture of theirs.
                field_name = name.removesuffix("_url")
                raise ContentError(ContentProblem.WRONG_CHANNEL, field=field_name, channel=channel)
        if channel is SendChannel.VOICE:
            return Voice(text=text)
        if self.typed_answers:
            check_text("message", text)
            numbered = (f"{place} {one.title}" for place, one in enumerate(self.answers, 1))
            text = f"{text}\n{self.typed_answers} {', '.join(numbered)}"
        return Sms(text=text, max_parts=self.max_parts)

    def _by_whatsapp(self, text: str) -> Content:
        header, footer = self.header or None, self.footer or None
        if len(self.answers) > MAX_BUTTONS or any(one.description for one in self.answers):
            if self.picture_url:
                # WhatsApp shows a picture above buttons, not above a list.
                raise ContentError(ContentProblem.TOO_MANY, field="answers", limit=MAX_BUTTONS)
            return Choices(
                text=text,
                button=self.list_button,
                answers=self.answers,
                header=header,
                footer=footer,
            )
        if self.answers:
            return Buttons(
                text=text,
                answers=self.answers,
                header=header,
                picture_url=self.picture_url or None,
                footer=footer,
            )
        for name in ("header", "footer"):
            if getattr(self, name):
                # WhatsApp shows them around answers only.
                raise ContentError(ContentProblem.NEEDS_ANSWERS, field=name)
        if self.picture_url:
            return Picture(text=self.message or None, picture_url=self.picture_url)
        return WhatsAppText(text=text)


def cut_to_fit(text: str, channel: SendChannel, *, max_parts: int) -> str:
    """Return a text that can go by SMS or WhatsApp; one that is too long ends in an ellipsis."""
    by_whatsapp = channel is SendChannel.WHATSAPP

    def is_too_long(some: str) -> bool:
        return len(some) > MAX_WHATSAPP_TEXT or (
            not by_whatsapp and size_of(some).parts > max_parts
        )

    if not is_too_long(text):
        return text
    # GSM's alphabet has no ellipsis, and a part with one would hold less than half.
    end = "…" if by_whatsapp else "..."
    lengths = range(min(len(text), MAX_WHATSAPP_TEXT) + 1)
    too_many = bisect_left(lengths, 1, key=lambda length: is_too_long(text[:length] + end))
    return text[: max(too_many - 1, 0)].rstrip() + end


def check_question(answers: Sequence[Answer], *, by_template: bool, prefix: int) -> None:
    """Refuse answers that could not be tapped, whichever way a question goes.

    By WhatsApp `prefix` characters come before each id. They are refused by SMS too, or it would
    depend on the hour whether a question can be asked.
    """
    are_buttons = by_template or len(answers) <= MAX_BUTTONS
    title = MAX_BUTTON_TITLE if are_buttons else MAX_ROW_TITLE
    check_answers(
        answers,
        MAX_ROWS,
        title=MAX_TEMPLATE_TITLE if by_template else title,
        answer_id=(MAX_BUTTON_ID if are_buttons else MAX_ROW_ID) - prefix,
    )
