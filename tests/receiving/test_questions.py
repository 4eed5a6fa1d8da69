"""Which question a message answers, and what the answer is worth; what is kept of questions."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, EventBus, HomeAssistant, ServiceCall
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.asking import Question
from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.protocol import Answer, ChannelName
from custom_components.intellisms.receiving.questions import (
    MAX_OPEN,
    MAX_OVER,
    QuestionError,
    QuestionProblem,
)
from tests.asked import LEAVE, NAME, NO, OPEN, YES, asked, sms_question, tap, told
from tests.disk import Card
from tests.household import (
    ANNA,
    BEN,
    CARL,
    GATE,
    SHOP,
    STRANGER,
    account,
    button,
    contact,
    edit,
    forwarded,
    image,
    in_a_group,
    posted,
    reply,
    text,
    virtual_number,
    whatsapp,
)
from tests.running import Post, automate_by, pass_time, receive, set_up, when

type Spoil = Callable[[dict[str, Any]], None]
type Events = list[Event[dict[str, Any]]]

# Posts tell the time in whole seconds.
NOW = "2026-11-03T09:00:00+00:00"
NOTHING = (None, None, None)
WHATSAPP = "whatsapp"


def is_open(entry: MockConfigEntry, question: Question) -> bool:
    """Tell whether a question waits for an answer."""
    return question in entry.runtime_data.questions.open


async def check(
    entry: MockConfigEntry, messages: Events, body: str, expected: tuple[str | None, ...]
) -> None:
    """Check what the event of a post tells of a question."""
    messages.clear()
    receive(entry, body)
    assert told(messages[-1]) == expected


# ---- taps ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "post",
    [
        lambda payload: reply("Open", payload),
        lambda payload: whatsapp(
            "interactive", {"type": "button_reply", "button_reply": {"id": payload, "title": "x"}}
        ),
        lambda payload: whatsapp(
            "interactive", {"type": "list_reply", "list_reply": {"id": payload, "title": "Open"}}
        ),
        lambda payload: whatsapp("button", {"payload": payload, "text": "Open"}),
    ],
    ids=["reply", "reply of Meta", "row of a list", "button of a template"],
)
async def test_the_first_tap_answers(
    house: MockConfigEntry,
    own_door: Post,
    messages: Events,
    post: Callable[[str], str],
) -> None:
    question = asked(house, "Anna", "Ben")

    assert await own_door(post(question.payload(OPEN))) == HTTPStatus.OK

    assert messages[0].data["question"] == {"id": question.id, "name": NAME}
    assert told(messages[0]) == (question.id, "open", "accepted")
    assert not is_open(house, question)


async def test_a_tap_that_is_posted_again_is_told_once(
    house: MockConfigEntry, door: Post, messages: Events
) -> None:
    body = tap(asked(house, "Anna"))

    for _ in range(2):
        assert await door(body) == HTTPStatus.OK

    assert [told(event)[2] for event in messages] == ["accepted"]


async def test_who_was_not_asked_does_not_answer(house: MockConfigEntry, messages: Events) -> None:
    question = asked(house, "Anna")
    for sender in (BEN, STRANGER):
        await check(
            house, messages, tap(question, sender=sender), (question.id, "open", "not_asked")
        )
    await check(house, messages, tap(question), (question.id, "open", "accepted"))
    await check(house, messages, tap(question, sender=BEN), (question.id, "open", "not_asked"))


async def test_a_contact_answers_by_any_of_their_numbers(
    hass: HomeAssistant, messages: Events
) -> None:
    entry = await set_up(hass, account([virtual_number(), contact("Anna", ANNA, BEN)]))
    question = asked(entry, "Anna")

    await check(entry, messages, tap(question, sender=BEN), (question.id, "open", "accepted"))


async def test_only_the_first_answer_counts(house: MockConfigEntry, messages: Events) -> None:
    question = asked(house, "Anna", "Ben")
    for sender, answer, state in (
        (BEN, LEAVE, "accepted"),
        (ANNA, OPEN, "repeated"),
        (BEN, OPEN, "repeated"),
    ):
        body = tap(question, answer, sender=sender)
        await check(house, messages, body, (question.id, answer.id, state))


@pytest.mark.parametrize("passed", [299, 300, 301])
async def test_a_tap_after_the_time_is_late(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: Events,
    freezer: FrozenDateTimeFactory,
    passed: float,
) -> None:
    question = asked(house, "Anna")
    # The clock's own timer may not have run by then.
    freezer.tick(passed)

    state = "accepted" if passed < 300 else "late"
    await check(house, messages, tap(question), (question.id, "open", state))

    await pass_time(hass, freezer, 1)
    assert not is_open(house, question)


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("forgotten", "is:aaaaaaaaaaaaaaaa:open:wide", ("aaaaaaaaaaaaaaaa", "open:wide", "late")),
        ("a person's own", "is:open", NOTHING),
        ("a person's own too", "is:aaaaaaaaaaaaaaa1:open", NOTHING),
        ("no answer", "is:aaaaaaaaaaaaaaaa:", NOTHING),
        ("something before", " is:aaaaaaaaaaaaaaaa:open", NOTHING),
        ("capitals", "IS:aaaaaaaaaaaaaaaa:open", NOTHING),
    ],
)
async def test_a_tap_that_answers_no_question_that_is_known(
    house: MockConfigEntry,
    messages: Events,
    name: str,
    payload: str,
    expected: tuple[str | None, ...],
) -> None:
    await check(house, messages, reply("Open", payload), expected)
    if expected[0]:
        assert messages[0].data["question"] == {"id": expected[0], "name": None}, name


async def test_a_tap_that_cannot_be(house: MockConfigEntry, messages: Events) -> None:
    question = asked(house, "Anna")
    payload = question.payload(OPEN)
    await check(house, messages, reply("?", f"{payload} "), (question.id, "open ", "late"))
    await check(
        house, messages, posted(tap(question), channel="sms"), (question.id, "open", "not_asked")
    )
    for beside in ({"context": {"forwarded": True}}, {"group_id": "GROUP_ID"}):
        body = whatsapp("button", {"payload": payload, "text": "Open"}, **beside)
        await check(house, messages, body, (question.id, "open", "not_asked"))
    # What is typed is no tap.
    for channel in ("sms", WHATSAPP):
        await check(house, messages, text(payload, channel=channel), NOTHING)
    assert is_open(house, question)


async def test_who_was_asked_by_sms_cannot_tap(house: MockConfigEntry, messages: Events) -> None:
    question = sms_question(house, "Anna")
    await check(house, messages, tap(question), (question.id, "open", "not_asked"))


@pytest.mark.parametrize("sent", [None, "2019-01-01T00:00:00Z"])
async def test_a_tap_counts_whenever_it_was_sent(
    house: MockConfigEntry, messages: Events, sent: str | None
) -> None:
    question = asked(house, "Anna", code="4711")
    await check(
        house, messages, posted(tap(question), sent=sent), (question.id, "open", "accepted")
    )


# ---- labels of templates -----------------------------------------------------------------


def label(words: str, **fields: Any) -> str:
    """Return the post of a tap of which only the label comes."""
    return button(words, **fields)


@pytest.mark.parametrize(
    "post",
    [label, lambda words: whatsapp("button", {"payload": words, "text": words})],
    ids=["alone", "as an id too"],
)
async def test_the_label_of_a_template_answers_the_open_one(
    house: MockConfigEntry, messages: Events, post: Callable[[str], str]
) -> None:
    other = asked(house, "Anna", answers=(YES, NO), template=True)
    question = asked(house, "Anna", template=True)
    asked(house, "Anna")

    await check(house, messages, post("Maybe"), NOTHING)
    await check(house, messages, post("open"), (question.id, "open", "accepted"))
    await check(house, messages, post("Leave it"), (question.id, "leave", "repeated"))
    await check(house, messages, post("Yes"), (other.id, "yes", "accepted"))


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (lambda: label("Open", age=timedelta(seconds=30)), True),
        (lambda: label("Open", age=timedelta(seconds=31)), False),
        (lambda: posted(label("Open"), sent=None), False),
        (lambda: label("Open", sender=BEN), False),
        (lambda: label("Open", to=SHOP), False),
        (lambda: posted(label("Open"), channel="sms"), False),
        (lambda: whatsapp("button", {"payload": "mine", "text": "Open"}), False),
        (lambda: whatsapp("button", {"text": "Open"}, group_id="GROUP_ID"), False),
    ],
    ids=[
        "just before",
        "before",
        "at no time",
        "of another",
        "to another number",
        "by SMS",
        "with an id",
        "in a group",
    ],
)
async def test_which_labels_answer(
    house: MockConfigEntry,
    messages: Events,
    freezer: FrozenDateTimeFactory,
    post: Callable[[], str],
    *,
    expected: bool,
) -> None:
    freezer.move_to(NOW)
    question = asked(house, "Anna", template=True)
    answer = (question.id, "open", "accepted") if expected else NOTHING
    await check(house, messages, post(), answer)
    assert is_open(house, question) is not expected


async def test_two_templates_with_a_label_in_common(
    house: MockConfigEntry, messages: Events
) -> None:
    first = asked(house, "Anna", "Ben", template=True)
    maybe = Answer(id="maybe", title=" OPEN ")
    for who in (("Ben",), ("Carl", "Anna")):
        with pytest.raises(QuestionError) as caught:
            asked(house, *who, answers=(YES, maybe), template=True)
        assert caught.value.problem is QuestionProblem.SAME_LABEL
    assert house.runtime_data.questions.open == [first]
    # To others, by other means, and when the first is over.
    asked(house, "Carl", answers=(YES, maybe), template=True)
    asked(house, "Anna", answers=(YES, maybe))
    receive(house, label("Leave it"))
    second = asked(house, "Anna", answers=(YES, maybe), template=True)
    await check(house, messages, label("Open"), (second.id, "maybe", "accepted"))


# ---- words -------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [ChannelName.SMS, ChannelName.WHATSAPP])
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Open", "open"),
        (" OPEN\u200b ", "open"),
        ("1", "open"),
        ("\uff12", "leave"),
        ("leave  it", "leave"),
        ("LEAVE", "leave"),
        ("0", None),
        ("3", None),
        ("-1", None),
        ("Open it", None),
        ("Do not open", None),
        ("1 2", None),
        ("", None),
        ("\ud800", None),
        ("\ufdfa" * 4000, None),
    ],
)
async def test_what_can_be_typed(
    house: MockConfigEntry,
    messages: Events,
    channel: ChannelName,
    said: str,
    answer: str | None,
) -> None:
    question = asked(house, "Anna", by=channel)
    expected = (question.id, answer, "accepted") if answer else NOTHING
    await check(house, messages, text(said, channel=channel), expected)
    assert is_open(house, question) is (answer is None)


@pytest.mark.parametrize("by", [ChannelName.SMS, ChannelName.WHATSAPP])
@pytest.mark.parametrize(
    ("post", "by_which"),
    [
        (lambda: text("Open"), "sms"),
        (lambda: text("Open", channel="whatsapp"), "whatsapp"),
        (lambda: text("Open", age=timedelta(seconds=30)), "sms"),
        (lambda: text("Open", age=timedelta(seconds=31)), ""),
        (lambda: text("Open", age=timedelta(seconds=-30)), "sms"),
        (lambda: text("Open", age=timedelta(seconds=-31)), ""),
        (lambda: posted(text("Open"), sent=None), ""),
        (lambda: posted(text("Open"), channel=None), ""),
        (lambda: text("Open", sender=BEN), ""),
        (lambda: text("Open", sender=STRANGER), ""),
        (lambda: forwarded("Open"), ""),
        (lambda: in_a_group("Open"), ""),
        (lambda: edit("Open"), ""),
        (lambda: image("https://example.com/a.jpg", "Open"), ""),
        (lambda: button("Open"), ""),
        (lambda: reply("Open", "mine"), ""),
    ],
    ids=[
        "sms",
        "whatsapp",
        "just before",
        "before",
        "soon",
        "from the future",
        "at no time",
        "by no channel",
        "of another",
        "of a stranger",
        "forwarded",
        "in a group",
        "edited",
        "a caption",
        "a template of somebody else",
        "a button of somebody else",
    ],
)
async def test_whose_words_answer(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: Events,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    by: ChannelName,
    post: Callable[[], str],
    by_which: str,
) -> None:
    freezer.move_to(NOW)
    await automate_by(hass, when("message_received", sender="anyone", indirect=True))
    question = asked(house, "Anna", by=by)
    body = post()
    if by_which == by:
        await check(house, messages, body, (question.id, "open", "accepted"))
    else:
        await check(house, messages, body, NOTHING)
    await hass.async_block_till_done()
    # What answers nothing is a message as any other. An edit is one only for those who ask for it.
    is_message = by_which != by and '"edit"' not in body
    assert len(runs) == is_message
    assert is_open(house, question) is (by_which != by)


async def test_answers_that_could_not_be_told_apart(
    house: MockConfigEntry, messages: Events
) -> None:
    two, one = Answer(id="2", title="Two"), Answer(id="1", title="One")
    # The action asks none of these by SMS. Who has buttons can tap, but what is typed is neither.
    question = asked(house, "Anna", answers=(two, one))
    await check(house, messages, text("2", channel=WHATSAPP), NOTHING)
    await check(house, messages, text("two", channel=WHATSAPP), (question.id, "2", "accepted"))


# ---- codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("4711 Open", "open"),
        ("Open 4711", "open"),
        ("1 4711", "open"),
        ("4711  leave\u00a0it", "leave"),
        ("leave it 4711", "leave"),
        ("Open", None),
        ("4711", None),
        ("4712 Open", None),
        ("Open4711", None),
        ("4711 4711", None),
        ("4711 Open 4711", None),
        ("Open 4711 please", None),
        ("Open \ud800", None),
    ],
)
async def test_a_code_has_to_be_typed_with_the_answer(
    house: MockConfigEntry, messages: Events, said: str, answer: str | None
) -> None:
    question = sms_question(house, "Anna", code="4711")
    expected = (question.id, answer, "accepted") if answer else NOTHING
    await check(house, messages, text(said), expected)
    assert is_open(house, question) is (answer is None)


async def test_nobody_can_go_through_all_codes(
    house: MockConfigEntry, messages: Events, caplog: pytest.LogCaptureFixture
) -> None:
    other = sms_question(house, "Ben", code="4711")
    question = sms_question(house, "Anna", code="4711")
    for guess in ("hello", "Open", "9999", "4711", "Hello 4711"):
        # None of these is an answer, with whichever code.
        await check(house, messages, text(guess), NOTHING)
    for number in range(4):
        await check(house, messages, text(f"Open {number:04}"), NOTHING)
    assert logged(caplog) == 0
    await check(house, messages, text("0004 1"), NOTHING)
    assert logged(caplog) == 1

    await check(house, messages, text("Open 4711"), NOTHING)
    await check(house, messages, text("Open 4712"), NOTHING)
    assert logged(caplog) == 1
    assert is_open(house, question)
    # Of another question that is nothing; and a tap needs no code.
    await check(house, messages, text("Open 4711", sender=BEN), (other.id, "open", "accepted"))
    tapped = asked(house, "Anna", code="4711")
    await check(house, messages, tap(tapped), (tapped.id, "open", "accepted"))


def logged(caplog: pytest.LogCaptureFixture) -> int:
    """Return how often it was logged that a question takes no typed answer."""
    return caplog.text.count("takes no typed answer")


# ---- several questions, and what comes after ----------------------------------------------


async def test_words_go_to_the_newest_question(
    house: MockConfigEntry, messages: Events, freezer: FrozenDateTimeFactory
) -> None:
    gate = sms_question(house, "Anna", "Ben")
    by_whatsapp = asked(house, "Anna")
    cat = sms_question(house, "Anna", answers=(YES, NO))
    sms_question(house, "Carl")

    # It answers the older one, but whoever types that may not know.
    await check(house, messages, text("Open"), NOTHING)
    await check(house, messages, text("1"), (cat.id, "yes", "accepted"))
    # The same once more is not meant for the older one.
    await check(house, messages, text("1"), (cat.id, "yes", "repeated"))
    freezer.tick(31)
    await check(house, messages, text("1"), (gate.id, "open", "accepted"))
    await check(house, messages, text("2", sender=BEN), (gate.id, "leave", "repeated"))
    assert is_open(house, by_whatsapp)


async def test_words_that_come_a_moment_too_late_do_not_answer_an_older_question(
    house: MockConfigEntry, messages: Events, freezer: FrozenDateTimeFactory
) -> None:
    gate = sms_question(house, "Anna")
    cat = sms_question(house, "Anna", answers=(YES, NO), timeout=timedelta(seconds=60))
    freezer.tick(89)
    await check(house, messages, text("1"), (cat.id, "yes", "late"))
    await check(house, messages, text("Open"), (gate.id, "open", "accepted"))
    gate = sms_question(house, "Anna")
    sms_question(house, "Anna", answers=(YES, NO), timeout=timedelta(seconds=1))
    freezer.tick(32)
    await check(house, messages, text("1"), (gate.id, "open", "accepted"))


async def test_words_go_to_the_question_of_the_number_they_were_sent_to(
    house: MockConfigEntry, messages: Events
) -> None:
    gate = sms_question(house, "Anna")
    shop = sms_question(house, "Anna", number="Shop", answers=(YES, NO), code="4711")
    cat = sms_question(house, "Anna", number="Shop", answers=(YES, NO))

    await check(house, messages, text("1", to=STRANGER), NOTHING)
    await check(house, messages, text("1", to=GATE), (gate.id, "open", "accepted"))
    await check(house, messages, text("1", to=SHOP), (cat.id, "yes", "accepted"))
    # The older form may not say where it was sent to.
    nowhere = posted(text("yes 4711"), to=None)
    await check(house, messages, nowhere, (shop.id, "yes", "accepted"))
    # A tap says by itself what it answers.
    tapped = asked(house, "Anna", number="Shop")
    await check(house, messages, tap(tapped), (tapped.id, "open", "accepted"))


async def test_two_questions_with_the_same_labels_do_not_mix(
    house: MockConfigEntry, messages: Events
) -> None:
    first, second = asked(house, "Anna"), asked(house, "Anna")
    await check(house, messages, tap(first, LEAVE), (first.id, "leave", "accepted"))
    await check(house, messages, tap(second), (second.id, "open", "accepted"))
    await check(house, messages, tap(first), (first.id, "open", "repeated"))


@pytest.mark.parametrize("template", [False, True])
async def test_words_that_come_too_late(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: Events,
    freezer: FrozenDateTimeFactory,
    *,
    template: bool,
) -> None:
    by = ChannelName.WHATSAPP if template else ChannelName.SMS
    question = asked(house, "Anna", "Ben", by=by, template=template)

    def said(sender: str) -> str:
        return label("Open", sender=sender) if template else text("Open", sender=sender)

    await pass_time(hass, freezer, 300)
    await check(house, messages, said(ANNA), (question.id, "open", "late"))
    await check(house, messages, said(CARL), NOTHING)
    await pass_time(hass, freezer, 299)
    await check(house, messages, said(BEN), (question.id, "open", "late"))
    # By now they are new words.
    await pass_time(hass, freezer, 1)
    await check(house, messages, said(ANNA), NOTHING)


async def test_what_is_over_is_forgotten_in_the_end(
    house: MockConfigEntry, messages: Events, freezer: FrozenDateTimeFactory
) -> None:
    def answered() -> Question:
        question = asked(house, "Anna")
        receive(house, tap(question))
        freezer.tick(10)
        return question

    first = answered()
    for _ in range(MAX_OVER - 1):
        answered()
    await check(house, messages, tap(first), (first.id, "open", "repeated"))
    last = answered()
    await check(house, messages, tap(first), (first.id, "open", "late"))
    freezer.tick(timedelta(days=8))
    answered()
    await check(house, messages, tap(last), (last.id, "open", "late"))


async def test_as_many_as_may_be_are_open(
    house: MockConfigEntry, messages: Events, freezer: FrozenDateTimeFactory
) -> None:
    questions = [asked(house, "Anna", timeout=timedelta(days=7)) for _ in range(MAX_OPEN)]
    with pytest.raises(QuestionError) as caught:
        asked(house, "Anna")
    assert caught.value.problem is QuestionProblem.TOO_MANY
    await check(house, messages, tap(questions[0]), (questions[0].id, "open", "accepted"))
    asked(house, "Anna", timeout=timedelta(minutes=1))
    # What is over by the clock makes room too.
    freezer.tick(61)
    asked(house, "Anna")


# ---- publishing ----------------------------------------------------------------------------


@pytest.mark.parametrize("waited", [False, True])
async def test_a_fault_before_the_bus_leaves_the_question_open(
    hass: HomeAssistant,
    house: MockConfigEntry,
    own_door: Post,
    messages: Events,
    runs: list[ServiceCall],
    *,
    waited: bool,
) -> None:
    await automate_by(hass, when("question_answered", question=[NAME]))
    question = asked(house, "Anna", waited=waited)
    body = tap(question)
    with patch.object(EventBus, "async_fire", side_effect=RuntimeError):
        assert await own_door(body) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert is_open(house, question)

    assert await own_door(body) == HTTPStatus.OK
    assert told(messages[-1]) == (question.id, "open", "accepted")
    # It is told once, to the action if that waits.
    await hass.async_block_till_done()
    assert len(runs) == (not waited)


async def test_a_simulated_message_answers_as_a_real_one(
    hass: HomeAssistant, house: MockConfigEntry, messages: Events
) -> None:
    question = asked(house, "Anna")
    gate = next(one for one in house.runtime_data.directory if one.name == "Gate")
    answer = await hass.services.async_call(
        DOMAIN,
        "simulate_message",
        {
            "virtual_number": gate.device_id,
            "from": "Anna",
            "button_text": "Open",
            "button_id": question.payload(OPEN),
        },
        blocking=True,
        return_response=True,
    )
    assert answer
    assert answer["answer_state"] == "accepted"
    assert told(messages[0]) == (question.id, "open", "accepted")
    assert not is_open(house, question)


@pytest.mark.parametrize("keep_off_disk", [False, True])
async def test_a_last_message_comes_back_with_its_question(
    hass: HomeAssistant, house: MockConfigEntry, *, keep_off_disk: bool
) -> None:
    hass.config_entries.async_update_entry(house, options={"keep_off_disk": keep_off_disk})
    question = asked(house, "Anna")
    receive(house, tap(question))
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()

    shown = hass.states.get("event.gate_message")
    assert shown
    assert shown.attributes["question"] == {"id": question.id, "name": NAME}
    assert shown.attributes["answer"] == (None if keep_off_disk else "open")
    assert shown.attributes["answer_state"] == "accepted"


# ---- the file ------------------------------------------------------------------------------


async def test_questions_outlive_a_restart(
    hass: HomeAssistant, house: MockConfigEntry, messages: Events
) -> None:
    by_tap = asked(house, "Anna", template=True)
    by_words = sms_question(house, "Ben", answers=(YES, NO), code="4711")
    over = asked(house, "Anna", "Carl")
    receive(house, tap(over))
    for number in range(3):
        receive(house, text(f"yes {number:04}", sender=BEN))
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()

    assert house.runtime_data.questions.open == [by_tap, by_words]
    await check(house, messages, tap(over, sender=CARL), (over.id, "open", "repeated"))
    await check(house, messages, label("Open"), (by_tap.id, "open", "accepted"))
    for guess in (text("yes 0003", sender=BEN), text("yes", sender=BEN)):
        await check(house, messages, guess, NOTHING)
    await check(house, messages, text("4711 YES", sender=BEN), (by_words.id, "yes", "accepted"))


async def test_what_is_written_and_when(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    key = f"{DOMAIN}.{house.entry_id}.questions"
    assert key not in hass_storage
    question = asked(house, "Anna", "Ben", code="4711")
    asked(house, "Carl", code="4711")
    await pass_time(hass, freezer, 1)
    await hass.async_block_till_done()

    kept, other = hass_storage[key]["data"]["questions"]
    assert kept["id"] == question.id
    assert kept["ending"] is None
    assert kept["code"] != other["code"]
    stored = json.dumps(hass_storage[key])
    for secret in ("4711 ", '"4711"', ANNA, BEN, GATE, "Anna"):
        assert secret not in stored

    receive(house, tap(question))
    await pass_time(hass, freezer, 1)
    await hass.async_block_till_done()
    assert hass_storage[key]["data"]["questions"][0]["ending"] == "answered"


def rewrite(path: Path, change: Spoil) -> None:
    """Change a file."""
    file = json.loads(path.read_text())
    change(file)
    path.write_text(json.dumps(file))


def set_aside(path: Path) -> int:
    """Return how often a file was set aside."""
    return len(list(path.parent.glob(f"{path.name}.unreadable.*")))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.update(version=99),
        lambda file: file.update(data=[]),
        lambda file: file["data"].clear(),
        lambda file: file["data"].update(questions={"1": {}}),
        *(
            lambda file, key=key, value=value: file["data"]["questions"][0].update({key: value})
            for key, value in (
                ("id", None),
                ("name", 5),
                ("answers", None),
                ("answers", [{"id": "open"}]),
                ("answers", [{"id": 1, "title": "Open"}]),
                ("asked", ["Anna"]),
                ("asked", [{"contact": None, "number": "1", "channel": "sms"}]),
                ("asked_at", "yesterday"),
                ("until", "2026-11-03T09:00:00"),
                ("code", 4711),
                ("wrong_codes", None),
                ("ending", "gone"),
                ("ending", "answered"),
                ("ended_at", "2026-11-03T09:00:00+00:00"),
            )
        ),
    ],
)
async def test_a_file_that_cannot_be_used_is_set_aside(
    hass: HomeAssistant,
    storage_folder: Path,
    house: MockConfigEntry,
    messages: Events,
    spoil: Spoil,
) -> None:
    lost = asked(house, "Anna")
    assert await hass.config_entries.async_unload(house.entry_id)
    path = storage_folder / f"{DOMAIN}.{house.entry_id}.questions"
    rewrite(path, spoil)

    assert await hass.config_entries.async_setup(house.entry_id)
    await hass.async_block_till_done()

    assert set_aside(path) == 1
    assert house.runtime_data.memory.set_aside == 1
    await check(house, messages, tap(lost), (lost.id, "open", "late"))
    question = asked(house, "Anna")
    await check(house, messages, tap(question), (question.id, "open", "accepted"))


async def test_a_disk_that_does_not_take_the_file(
    hass: HomeAssistant,
    house: MockConfigEntry,
    card: Card,
    messages: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    asked(house, "Ben")
    await pass_time(hass, freezer, 1)
    await hass.async_block_till_done()
    card.refused = {"questions"}
    question = asked(house, "Anna")
    await pass_time(hass, freezer, 1)
    await hass.async_block_till_done()

    def disk_fails() -> bool:
        issues = ir.async_get(hass).issues.values()
        return any(issue.translation_key == "disk" for issue in issues)

    assert disk_fails()
    # A reload forgets nothing.
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    await check(house, messages, tap(question), (question.id, "open", "accepted"))

    card.refused.clear()
    await pass_time(hass, freezer, 60)
    await hass.async_block_till_done()
    assert not disk_fails()
