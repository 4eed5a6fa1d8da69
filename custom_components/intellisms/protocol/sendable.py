"""What can be sent. Content that exists keeps the limits: else its class raises `ContentError`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import ClassVar, override

from .gsm import size_of
from .limits import (
    MAX_BUTTON_ID,
    MAX_BUTTON_TITLE,
    MAX_BUTTONS,
    MAX_BUTTONS_BODY,
    MAX_CAPTION,
    MAX_FOOTER,
    MAX_HEADER,
    MAX_LIST_BODY,
    MAX_LIST_BUTTON,
    MAX_ROW_DESCRIPTION,
    MAX_ROW_ID,
    MAX_ROW_TITLE,
    MAX_ROWS,
    MAX_TEMPLATE_BUTTONS,
    MAX_TEMPLATE_NAME,
    MAX_TEMPLATE_PARAMETER,
    MAX_WHATSAPP_TEXT,
    ContentError,
    ContentProblem,
    check_count,
    check_link,
    check_match,
    check_text,
    check_unlike,
)
from .values import JsonObject

_TEMPLATE_NAME = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:_[A-Za-z]{2,4})?")
_PARAMETER_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# WhatsApp refuses a parameter with a line break, a tab, or more than four spaces in a row.
_BROKEN_PARAMETER = re.compile(r"[\n\r\t]| {5}")


class SendChannel(StrEnum):
    """The ways a message can be sent."""

    SMS = "sms"
    VOICE = "voice"
    WHATSAPP = "whatsapp"


class SentType(StrEnum):
    """What is sent; where the same can be received it has the same word."""

    TEXT = "text"
    BUTTONS = "buttons"
    LIST = "list"
    IMAGE = "image"
    TEMPLATE = "template"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person can tap: a button or a row; `description` is for rows only."""

    id: str = field(repr=False)
    title: str = field(repr=False)
    description: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What is sent; `text` is what it says, None where only the provider knows."""

    channel: ClassVar[SendChannel] = SendChannel.WHATSAPP
    type: ClassVar[SentType] = SentType.TEXT

    text: str | None = field(default=None, repr=False)

    def as_json(self) -> JsonObject:
        """Return the provider's `content`."""
        return {"format": "wa_msgobject_v2", "msgobject": self._message_object()}

    def _message_object(self) -> JsonObject:
        """Return WhatsApp's message object."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Sms(Content):
    """A text message, in at most `max_parts` parts."""

    channel: ClassVar[SendChannel] = SendChannel.SMS

    text: str = field(repr=False)
    max_parts: int = 1

    def __post_init__(self) -> None:
        """Check the text; the provider would cut what is longer."""
        check_text("message", self.text)
        if (parts := size_of(self.text).parts) > self.max_parts:
            raise ContentError(ContentProblem.TOO_MANY_PARTS, parts=parts, limit=self.max_parts)

    @override
    def as_json(self) -> JsonObject:
        return {"msgtype": "text", "text": self.text, "maxconcat": self.max_parts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice(Content):
    """A call in which the text is read out."""

    channel: ClassVar[SendChannel] = SendChannel.VOICE

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check the text; no limit is documented."""
        check_text("message", self.text)

    @override
    def as_json(self) -> JsonObject:
        return {"msgtype": "voice", "text": self.text}


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatsAppText(Content):
    """A text by WhatsApp."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check the text."""
        check_text("message", self.text, MAX_WHATSAPP_TEXT)

    @override
    def _message_object(self) -> JsonObject:
        return {"type": "text", "text": {"body": self.text}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Buttons(Content):
    """A text with one to three buttons; above it a heading or the picture behind a link."""

    type: ClassVar[SentType] = SentType.BUTTONS

    text: str = field(repr=False)
    answers: tuple[Answer, ...] = field(repr=False)
    header: str | None = field(default=None, repr=False)
    picture_url: str | None = field(default=None, repr=False)
    footer: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the text, the buttons and what stands around them."""
        check_text("message", self.text, MAX_BUTTONS_BODY)
        check_answers(self.answers, MAX_BUTTONS, title=MAX_BUTTON_TITLE, answer_id=MAX_BUTTON_ID)
        _check_around(self.header, self.footer)
        if self.picture_url is not None:
            check_link("picture_url", self.picture_url)
            if self.header is not None:
                # WhatsApp shows one or the other.
                raise ContentError(ContentProblem.TOO_MANY, field="header, picture", limit=1)

    @override
    def _message_object(self) -> JsonObject:
        buttons = [
            {"type": "reply", "reply": {"id": answer.id, "title": answer.title}}
            for answer in self.answers
        ]
        interactive = _interactive("button", self, {"buttons": buttons})
        if self.picture_url is not None:
            header = {"type": "image", "image": {"link": self.picture_url}}
            interactive["interactive"]["header"] = header
        return interactive


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices(Content):
    """A text with a list of up to ten rows, which opens at a tap on `button`."""

    type: ClassVar[SentType] = SentType.LIST

    text: str = field(repr=False)
    button: str = field(repr=False)
    answers: tuple[Answer, ...] = field(repr=False)
    header: str | None = field(default=None, repr=False)
    footer: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the text, the rows and what stands around them."""
        check_text("message", self.text, MAX_LIST_BODY)
        check_text("list_button", self.button, MAX_LIST_BUTTON)
        check_answers(self.answers, MAX_ROWS, title=MAX_ROW_TITLE, answer_id=MAX_ROW_ID)
        for place, answer in enumerate(self.answers, 1):
            if answer.description is not None:
                check_text(f"answers {place}", answer.description, MAX_ROW_DESCRIPTION)
        _check_around(self.header, self.footer)

    @override
    def _message_object(self) -> JsonObject:
        rows = [_row(answer) for answer in self.answers]
        action = {"button": self.button, "sections": [{"rows": rows}]}
        return _interactive("list", self, action)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture(Content):
    """The picture behind a public link, with its caption as `text`."""

    type: ClassVar[SentType] = SentType.IMAGE

    picture_url: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check the link and the caption."""
        check_link("picture_url", self.picture_url)
        if self.text is not None:
            check_text("message", self.text, MAX_CAPTION)

    @override
    def _message_object(self) -> JsonObject:
        image = {"link": self.picture_url}
        if self.text is not None:
            image["caption"] = self.text
        return {"type": "image", "image": image}


@dataclass(frozen=True, kw_only=True, slots=True)
class Template(Content):
    """A text that WhatsApp has approved, with what stands in its gaps.

    `parameters` fill the gaps in their order, or by name where the template names its gaps.
    `answers` are the ids that its quick replies come back with, in their order.
    """

    type: ClassVar[SentType] = SentType.TEMPLATE

    name: str = field(repr=False)
    language: str = field(repr=False)
    parameters: tuple[str, ...] | Mapping[str, str] = field(default=(), repr=False)
    picture_url: str | None = field(default=None, repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Check the names and what is put into the template."""
        check_text("name", self.name, MAX_TEMPLATE_NAME)
        check_match("name", self.name, _TEMPLATE_NAME)
        check_text("language", self.language)
        check_match("language", self.language, _LANGUAGE)
        for place, (name, text) in enumerate(self._gaps(), 1):
            if name is not None:
                check_match(f"parameters {place}", name, _PARAMETER_NAME)
            check_text(f"parameters {place}", text, MAX_TEMPLATE_PARAMETER)
            if _BROKEN_PARAMETER.search(text):
                raise ContentError(ContentProblem.INVALID, field=f"parameters {place}")
        if self.picture_url is not None:
            check_link("picture_url", self.picture_url)
        check_count("answers", self.answers, MAX_TEMPLATE_BUTTONS)
        for place, answer_id in enumerate(self.answers, 1):
            check_text(f"answers {place}", answer_id, MAX_BUTTON_ID)
        check_unlike(self.answers)

    @override
    def _message_object(self) -> JsonObject:
        components: list[JsonObject] = []
        if self.picture_url is not None:
            image = {"type": "image", "image": {"link": self.picture_url}}
            components.append({"type": "header", "parameters": [image]})
        if self.parameters:
            texts = [_parameter(name, text) for name, text in self._gaps()]
            components.append({"type": "body", "parameters": texts})
        for index, answer_id in enumerate(self.answers):
            payload = [{"type": "payload", "payload": answer_id}]
            # WhatsApp's examples have the index as text.
            components.append(
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": str(index),
                    "parameters": payload,
                }
            )
        template: JsonObject = {"name": self.name, "language": {"code": self.language}}
        if components:
            template["components"] = components
        return {"type": "template", "template": template}

    def _gaps(self) -> Iterable[tuple[str | None, str]]:
        """Return what fills the gaps, each with the gap's name if it has one."""
        if isinstance(self.parameters, Mapping):
            return self.parameters.items()
        return [(None, text) for text in self.parameters]


def _parameter(name: str | None, text: str) -> JsonObject:
    """Return WhatsApp's object for what fills a gap of a template."""
    named = {} if name is None else {"parameter_name": name}
    return {"type": "text", **named, "text": text}


def _interactive(kind: str, content: Buttons | Choices, action: JsonObject) -> JsonObject:
    """Return WhatsApp's object for what can be tapped."""
    interactive = {"type": kind, "body": {"text": content.text}, "action": action}
    if content.header is not None:
        interactive["header"] = {"type": "text", "text": content.header}
    if content.footer is not None:
        interactive["footer"] = {"text": content.footer}
    return {"type": "interactive", "interactive": interactive}


def _row(answer: Answer) -> JsonObject:
    """Return WhatsApp's object for a row of a list."""
    row = {"id": answer.id, "title": answer.title}
    return row if answer.description is None else {**row, "description": answer.description}


def check_answers(answers: Sequence[Answer], most: int, *, title: int, answer_id: int) -> None:
    """Refuse answers that are too many, too long, or cannot be told apart."""
    if not answers:
        raise ContentError(ContentProblem.EMPTY, field="answers")
    check_count("answers", answers, most)
    for place, answer in enumerate(answers, 1):
        check_text(f"answers {place}", answer.title, title)
        check_text(f"answers {place} id", answer.id, answer_id)
    check_unlike([answer.title.strip().casefold() for answer in answers])
    check_unlike([answer.id for answer in answers])


def _check_around(header: str | None, footer: str | None) -> None:
    """Refuse a heading or a last line that is there but cannot be shown."""
    for name, text, limit in (("header", header, MAX_HEADER), ("footer", footer, MAX_FOOTER)):
        if text is not None:
            check_text(name, text, limit)
