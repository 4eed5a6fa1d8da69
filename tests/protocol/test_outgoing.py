"""What goes out: the provider's JSON, and what is refused before."""

from collections.abc import Callable
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.intellisms.protocol import (
    Answer,
    Buttons,
    Choices,
    Content,
    ContentError,
    ContentProblem,
    Draft,
    Outgoing,
    Picture,
    SendChannel,
    Sms,
    Template,
    Voice,
    WhatsAppText,
    cut_to_fit,
    size_of,
)

LINK = "https://media.example.com/1.jpg"
YES, NO = Answer(id="yes", title="Yes"), Answer(id="no", title="No")
ROW = Answer(id="3", title="Three", description="The third")


def answers(count: int, **fields: Any) -> tuple[Answer, ...]:
    return tuple(Answer(**{"id": f"{n}", "title": f"Title {n}"} | fields) for n in range(count))


def message_object(content: Content) -> Any:
    posted = content.as_json()
    assert posted["format"] == "wa_msgobject_v2"
    return posted["msgobject"]


# ---- the provider's JSON --------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "channel", "posted"),
    [
        (Sms(text="Hi"), "sms", {"msgtype": "text", "text": "Hi", "maxconcat": 1}),
        (
            Sms(text="a" * 161, max_parts=6),
            "sms",
            {"msgtype": "text", "text": "a" * 161, "maxconcat": 6},
        ),
        (Voice(text="Hi"), "sms", {"msgtype": "voice", "text": "Hi"}),
        (
            WhatsAppText(text="Hi"),
            "whatsapp",
            {"format": "wa_msgobject_v2", "msgobject": {"type": "text", "text": {"body": "Hi"}}},
        ),
    ],
)
def test_a_message(content: Content, channel: str, posted: Any) -> None:
    outgoing = Outgoing(to="+447700900123", sender="+44771012346", content=content)
    assert outgoing.as_json() == {
        "to": "447700900123",
        "from": "44771012346",
        "channel": channel,
        "content": posted,
    }


@pytest.mark.parametrize(("sender", "posted"), [("Home 1", "Home 1"), ("60777", "60777")])
def test_who_it_is_from(sender: str, posted: str) -> None:
    outgoing = Outgoing(to="+447700900123", sender=sender, content=Sms(text="Hi"))
    assert outgoing.as_json()["from"] == posted
    assert "from" not in Outgoing(to="+447700900123", content=Sms(text="Hi")).as_json()


def test_buttons() -> None:
    content = Buttons(text="Open?", answers=(YES, NO), header="Gate", footer="Home")
    assert message_object(content) == {
        "type": "interactive",
        "interactive": {
            "type": "button",
            "header": {"type": "text", "text": "Gate"},
            "body": {"text": "Open?"},
            "footer": {"text": "Home"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
                    {"type": "reply", "reply": {"id": "no", "title": "No"}},
                ]
            },
        },
    }


def test_a_picture_above_buttons() -> None:
    content = message_object(Buttons(text="Open?", answers=(YES,), picture_url=LINK))
    assert content["interactive"]["header"] == {"type": "image", "image": {"link": LINK}}


def test_a_list() -> None:
    content = Choices(text="Which?", button="Choose", answers=(YES, ROW))
    assert message_object(content) == {
        "type": "interactive",
        "interactive": {
            "type": "list",
            "body": {"text": "Which?"},
            "action": {
                "button": "Choose",
                "sections": [
                    {
                        "rows": [
                            {"id": "yes", "title": "Yes"},
                            {"id": "3", "title": "Three", "description": "The third"},
                        ]
                    }
                ],
            },
        },
    }


def test_a_picture() -> None:
    assert message_object(Picture(picture_url=LINK)) == {"type": "image", "image": {"link": LINK}}
    captioned = message_object(Picture(picture_url=LINK, text="Look"))
    assert captioned["image"] == {"link": LINK, "caption": "Look"}


def test_a_template() -> None:
    plain = Template(name="alarm_1", language="en_GB")
    assert message_object(plain) == {
        "type": "template",
        "template": {"name": "alarm_1", "language": {"code": "en_GB"}},
    }
    assert plain.text is None
    full = Template(
        name="alarm", language="de", parameters=("Gate", "5"), picture_url=LINK, answers=("a", "b")
    )
    assert message_object(full)["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": LINK}}]},
        {
            "type": "body",
            "parameters": [{"type": "text", "text": "Gate"}, {"type": "text", "text": "5"}],
        },
        *(
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": index,
                "parameters": [{"type": "payload", "payload": payload}],
            }
            for index, payload in (("0", "a"), ("1", "b"))
        ),
    ]


def test_a_template_that_names_its_gaps() -> None:
    named = Template(name="alarm", language="de", parameters={"place": "Gate", "minutes": "5"})
    assert message_object(named)["template"]["components"] == [
        {
            "type": "body",
            "parameters": [
                {"type": "text", "parameter_name": "place", "text": "Gate"},
                {"type": "text", "parameter_name": "minutes", "text": "5"},
            ],
        }
    ]


# ---- what is refused ------------------------------------------------------------

LONG = "x" * 5000

REFUSED: list[tuple[Callable[[], object], str, dict[str, str]]] = [
    (lambda: Sms(text=" \n"), "empty", {"field": "message"}),
    (lambda: Sms(text="a" * 161), "too_many_parts", {"parts": "2", "limit": "1"}),
    (lambda: Sms(text="ж" * 135, max_parts=2), "too_many_parts", {"parts": "3", "limit": "2"}),
    (lambda: Sms(text="\ud83d"), "invalid", {"field": "message"}),
    (lambda: Voice(text=""), "empty", {"field": "message"}),
    (lambda: WhatsAppText(text="x" * 4097), "too_long", {"field": "message", "limit": "4096"}),
    (
        lambda: Buttons(text="x" * 1025, answers=(YES,)),
        "too_long",
        {"field": "message", "limit": "1024"},
    ),
    (lambda: Buttons(text="Hi", answers=()), "empty", {"field": "answers"}),
    (
        lambda: Buttons(text="Hi", answers=answers(4)),
        "too_many",
        {"field": "answers", "limit": "3"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(YES, Answer(id="b", title="x" * 21))),
        "too_long",
        {"field": "answers 2", "limit": "20"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(Answer(id="x" * 257, title="b"),)),
        "too_long",
        {"field": "answers 1 id", "limit": "256"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(YES, NO, Answer(id="b", title="yes "))),
        "twice",
        {"field": "answers 3"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(YES, Answer(id="yes", title="b"))),
        "twice",
        {"field": "answers 2"},
    ),
    (lambda: Buttons(text="Hi", answers=answers(1, title="")), "empty", {"field": "answers 1"}),
    (lambda: Buttons(text="Hi", answers=answers(1, id="")), "empty", {"field": "answers 1 id"}),
    (
        lambda: Buttons(text="Hi", answers=(YES,), header="x" * 61),
        "too_long",
        {"field": "header", "limit": "60"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(YES,), footer="x" * 61),
        "too_long",
        {"field": "footer", "limit": "60"},
    ),
    (
        lambda: Buttons(text="Hi", answers=(YES,), header="a", picture_url=LINK),
        "too_many",
        {"field": "header, picture", "limit": "1"},
    ),
    (
        lambda: Choices(text=LONG, button="b", answers=(YES,)),
        "too_long",
        {"field": "message", "limit": "4096"},
    ),
    (lambda: Choices(text="Hi", button="", answers=(YES,)), "empty", {"field": "list_button"}),
    (
        lambda: Choices(text="Hi", button="x" * 21, answers=(YES,)),
        "too_long",
        {"field": "list_button", "limit": "20"},
    ),
    (
        lambda: Choices(text="Hi", button="b", answers=answers(11)),
        "too_many",
        {"field": "answers", "limit": "10"},
    ),
    (
        lambda: Choices(text="Hi", button="b", answers=answers(1, title="x" * 25)),
        "too_long",
        {"field": "answers 1", "limit": "24"},
    ),
    (
        lambda: Choices(text="Hi", button="b", answers=answers(1, description="x" * 73)),
        "too_long",
        {"field": "answers 1", "limit": "72"},
    ),
    (
        lambda: Choices(text="Hi", button="b", answers=answers(1, id="x" * 201)),
        "too_long",
        {"field": "answers 1 id", "limit": "200"},
    ),
    (
        lambda: Picture(picture_url=LINK, text="x" * 1025),
        "too_long",
        {"field": "message", "limit": "1024"},
    ),
    *(
        (lambda link=link: Picture(picture_url=link), "not_https", {"field": "picture_url"})
        for link in ("http://a.example/1.jpg", "1.jpg", "https://", "https://[::1", f"{LINK} x")
    ),
    (lambda: Template(name="A b", language="en"), "invalid", {"field": "name"}),
    (
        lambda: Template(name="x" * 513, language="en"),
        "too_long",
        {"field": "name", "limit": "512"},
    ),
    (lambda: Template(name="a", language="English"), "invalid", {"field": "language"}),
    *(
        (
            lambda broken=broken: Template(name="a", language="en", parameters=("ok", broken)),
            "invalid",
            {"field": "parameters 2"},
        )
        for broken in ("a\nb", "a\tb", "a     b")
    ),
    (
        lambda: Template(name="a", language="en", parameters=("",)),
        "empty",
        {"field": "parameters 1"},
    ),
    *(
        (
            lambda name=name: Template(name="a", language="en", parameters={"ok": "a", name: "b"}),
            "invalid",
            {"field": "parameters 2"},
        )
        for name in ("", "1", "Place", "a place", "{{place}}")
    ),
    *(
        (
            lambda text=text: Template(name="a", language="en", parameters={"place": text}),
            why,
            {"field": "parameters 1", **more},
        )
        for text, why, more in (
            (" ", "empty", {}),
            ("a\nb", "invalid", {}),
            ("x" * 1025, "too_long", {"limit": "1024"}),
        )
    ),
    (
        lambda: Template(name="a", language="en", answers=("a",) * 2),
        "twice",
        {"field": "answers 2"},
    ),
    (
        lambda: Template(name="a", language="en", answers=tuple("abcdefghijk")),
        "too_many",
        {"field": "answers", "limit": "10"},
    ),
    (
        lambda: Template(name="a", language="en", picture_url="ftp://a"),
        "not_https",
        {"field": "picture_url"},
    ),
    (lambda: Outgoing(to="GB.1349", content=Sms(text="Hi")), "invalid", {"field": "to"}),
    (
        lambda: Outgoing(to="+447700900123", sender="x" * 12, content=Sms(text="Hi")),
        "too_long",
        {"field": "sender_id", "limit": "11"},
    ),
    (
        lambda: Outgoing(to="+447700900123", sender="Häuser", content=Sms(text="Hi")),
        "invalid",
        {"field": "sender_id"},
    ),
]


@pytest.mark.parametrize(("make", "problem", "placeholders"), REFUSED)
def test_what_can_never_work_is_refused(
    make: Callable[[], object], problem: str, placeholders: dict[str, str]
) -> None:
    with pytest.raises(ContentError) as caught:
        make()
    assert caught.value.problem == f"content_{problem}"
    assert caught.value.placeholders == placeholders
    assert str(caught.value) == caught.value.problem


def test_every_reason_to_refuse_is_tried() -> None:
    tried = {f"content_{problem}" for _, problem, _ in REFUSED}
    assert tried == set(ContentProblem) - {
        ContentProblem.WRONG_CHANNEL,
        ContentProblem.NEEDS_ANSWERS,
    }


def test_what_just_fits() -> None:
    Buttons(text="x" * 1024, answers=answers(3, title="x" * 20)[:1], header="x" * 60)
    Choices(text="x" * 4096, button="x" * 20, answers=answers(10, description="x" * 72))
    WhatsAppText(text="x" * 4096)
    Picture(picture_url=LINK, text="x" * 1024)


# ---- what a person asks for -----------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "content"),
    [
        (Draft(message="Hi"), WhatsAppText(text="Hi")),
        (Draft(message="Hi", answers=(YES, NO)), Buttons(text="Hi", answers=(YES, NO))),
        (
            Draft(message="Hi", answers=(YES,), header="A", footer=""),
            Buttons(text="Hi", answers=(YES,), header="A"),
        ),
        (
            Draft(message="Hi", answers=(YES,), picture_url=LINK),
            Buttons(text="Hi", answers=(YES,), picture_url=LINK),
        ),
        (
            Draft(message="Hi", answers=answers(4), list_button="Choose"),
            Choices(text="Hi", answers=answers(4), button="Choose"),
        ),
        (
            Draft(message="Hi", answers=(ROW,), list_button="Choose", header="A", footer="B"),
            Choices(text="Hi", answers=(ROW,), button="Choose", header="A", footer="B"),
        ),
        (Draft(message="Hi", picture_url=LINK), Picture(text="Hi", picture_url=LINK)),
        (Draft(message="", picture_url=LINK), Picture(picture_url=LINK)),
    ],
)
def test_by_whatsapp(draft: Draft, content: Content) -> None:
    assert draft.content(SendChannel.WHATSAPP) == content
    assert draft.needs_whatsapp == (draft != Draft(message="Hi"))


def test_by_sms_and_voice() -> None:
    draft = Draft(message="x" * 200, max_parts=3)
    assert draft.content(SendChannel.SMS) == Sms(text="x" * 200, max_parts=3)
    assert draft.content(SendChannel.VOICE) == Voice(text="x" * 200)


@pytest.mark.parametrize(
    ("said", "channel", "sent"),
    [
        ("A" * 306, SendChannel.SMS, "A" * 306),
        ("A" * 307, SendChannel.SMS, "A" * 303 + "..."),
        ("€" * 200, SendChannel.SMS, "€" * 151 + "..."),
        ("日" * 135, SendChannel.SMS, "日" * 131 + "..."),
        ("A" * 10_000, SendChannel.SMS, "A" * 303 + "..."),
        ("A" * 100 + " " * 300, SendChannel.SMS, "A" * 100 + "..."),
        ("A" * 4096, SendChannel.WHATSAPP, "A" * 4096),
        ("A" * 4097, SendChannel.WHATSAPP, "A" * 4095 + "…"),
    ],
)
def test_what_is_cut(said: str, channel: SendChannel, sent: str) -> None:
    cut = cut_to_fit(said, channel, max_parts=2)
    assert cut == sent
    assert Draft(message=cut, max_parts=2).content(channel).text == sent


@given(st.text(min_size=1), st.sampled_from([SendChannel.SMS, SendChannel.WHATSAPP]))
def test_what_is_cut_fits(said: str, channel: SendChannel) -> None:
    cut = cut_to_fit(said * 40, channel, max_parts=1)
    assert cut == said * 40 or cut.endswith(("...", "…"))
    assert channel is SendChannel.WHATSAPP or size_of(cut).parts == 1


@pytest.mark.parametrize("channel", [SendChannel.SMS, SendChannel.VOICE])
@pytest.mark.parametrize(
    ("name", "value"),
    [("answers", (YES,)), ("header", "A"), ("footer", "A"), ("picture_url", LINK)],
)
def test_nothing_is_quietly_dropped(channel: SendChannel, name: str, value: Any) -> None:
    with pytest.raises(ContentError) as caught:
        Draft(message="Hi", **{name: value}).content(channel)
    assert caught.value.problem is ContentProblem.WRONG_CHANNEL
    field = name.removesuffix("_url")
    assert caught.value.placeholders == {"field": field, "channel": channel}


@pytest.mark.parametrize(
    ("fields", "problem", "field"),
    [
        ({"header": "A"}, ContentProblem.NEEDS_ANSWERS, "header"),
        ({"footer": "A", "picture_url": LINK}, ContentProblem.NEEDS_ANSWERS, "footer"),
        ({"answers": answers(4), "picture_url": LINK}, ContentProblem.TOO_MANY, "answers"),
        ({"answers": answers(4)}, ContentProblem.EMPTY, "list_button"),
        ({"message": None}, ContentProblem.EMPTY, "message"),
    ],
)
def test_what_whatsapp_cannot_show(
    fields: dict[str, Any], problem: ContentProblem, field: str
) -> None:
    with pytest.raises(ContentError) as caught:
        Draft(**{"message": "Hi"} | fields).content(SendChannel.WHATSAPP)
    assert (caught.value.problem, caught.value.placeholders["field"]) == (problem, field)


# ---- whatever is typed ----------------------------------------------------------

words = st.text(max_size=30)
typed = st.builds(
    Draft,
    message=st.none() | words | st.text(min_size=150, max_size=350),
    answers=st.lists(
        st.builds(Answer, id=words, title=words, description=st.none() | words), max_size=5
    ).map(tuple),
    header=st.none() | words,
    footer=st.none() | words,
    picture_url=st.none() | words | st.just(LINK),
    list_button=words,
    max_parts=st.integers(1, 6),
)


@given(typed, st.sampled_from(SendChannel))
def test_whatever_is_typed_is_sent_whole_or_refused(draft: Draft, channel: SendChannel) -> None:
    try:
        content = draft.content(channel)
    except ContentError as error:
        said = [draft.message, draft.header, draft.footer, draft.picture_url, draft.list_button]
        for value in error.placeholders.values():
            assert value.isascii()
            assert all(len(text) < 12 or text not in value for text in said if text)
        return
    posted = json.dumps(Outgoing(to="+447700900123", content=content).as_json())
    json.loads(posted).__repr__().encode()
    for text in (draft.message, draft.header, draft.footer, draft.picture_url):
        assert not text or json.dumps(text) in posted
    for answer in draft.answers:
        assert json.dumps(answer.title) in posted
    if isinstance(content, Sms):
        assert size_of(content.text).parts <= draft.max_parts


@given(st.text(min_size=12, max_size=30))
def test_nothing_that_is_said_is_in_a_repr(text: str) -> None:
    answer = Answer(id=text, title=text, description=text)
    for one in (
        Draft(message=text, answers=(answer,), header=text, footer=text, picture_url=text),
        Outgoing(to="+447700900123", sender="+44771012346", content=Voice(text=f"a{text}a")),
    ):
        assert text not in repr(one)
        assert "7700900123" not in repr(one)
