"""The main job in front of a person: from each of the provider's posts to a running automation."""

import argparse
import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import sys
from typing import Any

from . import at_the_door, questions
from .assist_talk import ASK, OFF, ON, STRANGER, AssistTalk
from .at_the_door import AtTheDoor
from .instance import (
    DOORBELL,
    FIXTURES,
    PASSWORD,
    USERNAME,
    WITNESS,
    HouseError,
    Instance,
    WebSocket,
    house,
    main,
    troubles_of_ours,
    until,
)
from .provider_api import ProviderApi, Taken, provider_api
from .questions import Questions
from .round_trip import (
    ANNA,
    ANSWER,
    AUTOMATION,
    BUTTON,
    SECRETS,
    RoundTrip,
    configuration,
)

EVENT = "intellisms_message_received"
STATUS = "intellisms_message_status"
RAN = "automation_triggered"
END = "intellisms_demo_end"
NUMBER = "44771012346"
SECOND_NUMBER = "+44 7710 12347"
# Who sends the samples, and who half of them here: all from one would be nearly a flood.
SENDER, OTHER_SENDER = b"44771012345", b"44771012344"

# What each sample has to become: (channel, type) of its messages, or status words.
EXPECTED: dict[str, list[tuple[str, str]]] = {
    "form_text": [("sms", "text")],
    "form_with_numbers": [("sms", "text")],
    "messages_and_reports": [("sms", "text"), ("status", "delivered")],
    "mms": [("sms", "mms")],
    "mms_without_subject": [("sms", "mms")],
    "other_notification": [],
    "several_messages": [("sms", "text"), ("whatsapp", "button"), ("whatsapp", "order")],
    "sms_binary": [("sms", "binary")],
    "sms_emoji": [("sms", "text")],
    "sms_text": [("sms", "text")],
    "status_report": [("status", "delivered")],
    "status_reports": [
        ("status", "sent"),
        ("status", "read"),
        ("status", "rejected_response_window"),
    ],
    "subscription_event": [],
    "whatsapp_audio": [("whatsapp", "audio")],
    "whatsapp_button": [("whatsapp", "button")],
    "whatsapp_button_payload": [("whatsapp", "button")],
    "whatsapp_button_reply": [("whatsapp", "reply")],
    "whatsapp_contacts": [("whatsapp", "contacts")],
    "whatsapp_document": [("whatsapp", "document")],
    "whatsapp_edit": [("whatsapp", "edit")],
    "whatsapp_forwarded": [("whatsapp", "text")],
    "whatsapp_group": [("whatsapp", "text")],
    "whatsapp_image": [("whatsapp", "image")],
    "whatsapp_list_reply": [("whatsapp", "list_reply")],
    "whatsapp_location": [("whatsapp", "location")],
    "whatsapp_order": [("whatsapp", "order")],
    "whatsapp_reaction": [("whatsapp", "reaction")],
    "whatsapp_reaction_removed": [("whatsapp", "reaction")],
    "whatsapp_reply": [("whatsapp", "reply")],
    "whatsapp_request_welcome": [("whatsapp", "request_welcome")],
    "whatsapp_revoke": [("whatsapp", "revoke")],
    "whatsapp_sticker": [("whatsapp", "sticker")],
    "whatsapp_system": [("whatsapp", "system")],
    "whatsapp_text": [("whatsapp", "text")],
    "whatsapp_unsupported": [("whatsapp", "unsupported")],
    "whatsapp_user_id": [("whatsapp", "text")],
    "whatsapp_video": [("whatsapp", "video")],
}
# These say what nobody said: no entity changes.
NOTICES = {
    "whatsapp_reaction_removed",
    "whatsapp_request_welcome",
    "whatsapp_revoke",
    "whatsapp_system",
    "whatsapp_unsupported",
}

# Each opens the gate, so that what ran is seen from outside; the samples that must run them.
AUTOMATIONS = {
    "text": (
        {"channel": "sms", "type": "text", "text": "Message Text"},
        {"sms_text", "form_text", "several_messages", "messages_and_reports"},
    ),
    "button": (
        {"type": "button", "button_text": "BUTTON_TEXT"},
        {"whatsapp_button", "whatsapp_button_payload", "several_messages"},
    ),
    "reply": (
        {"type": "reply", "button_id": "BUTTON1"},
        {"whatsapp_reply", "whatsapp_button_reply"},
    ),
}
CONFIGURATION = "".join(["counter:\n", *(f"  gate_opened_by_{name}:\n" for name in AUTOMATIONS)])


@dataclass
class Watcher:
    """What Home Assistant did since the last look."""

    events: list[tuple[str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)

    async def start(self, ws: WebSocket) -> None:
        """Listen to everything that a post may cause."""
        for event in (EVENT, STATUS, RAN, "state_changed"):
            await ws.subscribe("subscribe_events", self._saw, event_type=event)

    def _saw(self, event: dict[str, Any]) -> None:
        data = event["data"]
        kind = event["event_type"]
        if kind == EVENT:
            self.events.append((data["channel"], data["type"]))
        elif kind == STATUS:
            self.events.append(("status", data["status"]))
        elif kind == RAN:
            self.ran.append(data["name"])
        elif data["new_state"]:
            self.changed.append(data["entity_id"])

    def take(self) -> Watcher:
        """Return what was seen and begin anew."""
        seen = Watcher(self.events, self.changed, self.ran)
        self.events, self.changed, self.ran = [], [], []
        return seen


class Demo:
    """One run; collects what is off."""

    def __init__(self, instance: Instance, api: ProviderApi) -> None:
        """Begin with nothing off."""
        self.instance = instance
        self.api = api
        self.off: list[str] = []
        self.webhook_id = ""
        self.doors: tuple[str, ...] = ()
        self.opened: dict[str, int] = {}
        # What must have fired in all, by event type.
        self.due: Counter[str] = Counter()
        # What has to be dead, and what has to be alive, after the restart.
        self.never_fetched = ""
        self.open_question: Taken | None = None

    def check(self, what: str, seen: object, wanted: object) -> None:
        """Note what is not as it should be."""
        if seen != wanted:
            self.off.append(f"{what}: {seen} instead of {wanted}")
            say(f"  OFF: {self.off[-1]}")

    async def run(self) -> None:
        """Set up, post everything, restart, post it again."""
        instance = self.instance
        entry_id = await instance.add_integration(NUMBER, "Gate")
        self.webhook_id = await instance.webhook_id()
        self.doors = tuple(f"/api/{door}/{self.webhook_id}" for door in ("intellisms", "webhook"))
        say("set up through the config flow: virtual number Gate\n")
        async with instance.websocket() as ws:
            watcher = Watcher()
            await watcher.start(ws)
            await self.post_all(ws, watcher, first=True)
            await self.second_number(ws, watcher, entry_id)
            await self.round_trip(ws, watcher, entry_id)
            await self.at_the_door(ws, watcher)
            await self.questions(ws, watcher)
            await self.assist(ws, watcher, entry_id)
        self.opened = await self.counters()
        before = await self.last_messages()
        say("\nrestarting Home Assistant; the same posts again must fire nothing\n")
        await instance.restart()
        after = await self.last_messages()
        for entity in sorted(before.keys() | after.keys()):
            came_back, was = after.get(entity, ""), before.get(entity, "")
            # An event comes back with the time of receipt, a moment before core's own time.
            if not (entity.startswith("event.") and _is_moment(came_back, was)):
                self.check(f"{entity} after the restart", came_back, was)
        async with instance.websocket() as ws:
            watcher = Watcher()
            await watcher.start(ws)
            await self.post_all(ws, watcher, first=False)
            await self.other_half(ws, watcher)
        await self.check_recorder()
        self.check_log()

    async def post_all(self, ws: WebSocket, watcher: Watcher, *, first: bool) -> None:
        """Post every sample, through both doors in turn, and show what it did."""
        say(f"{'sample':30}{'status':8}{'event':44}{'changed':9}automations")
        samples = sorted(path for path in FIXTURES.iterdir() if path.suffix in (".json", ".txt"))
        unmatched = {path.stem for path in samples} ^ EXPECTED.keys()
        self.check("samples and expectations without the other", sorted(unmatched), [])
        for index, path in enumerate(samples):
            form = path.suffix == ".txt"
            sender = (SENDER, OTHER_SENDER)[index // 2 % 2]
            status = await self.instance.deliver(
                self.doors[index % 2],
                path.read_bytes().replace(SENDER, sender),
                "application/x-www-form-urlencoded" if form else "application/json",
            )
            seen = await self.settled(ws, watcher)
            shown = ", ".join("/".join(event) for event in seen.events) or "-"
            ours = [
                entity for entity in seen.changed if ".gate" in entity and "opened" not in entity
            ]
            ran = ", ".join(seen.ran) or "-"
            say(f"{path.stem:30}{status:<8}{shown:44}{len(ours):<9}{ran}")
            expected = EXPECTED.get(path.stem, []) if first else []
            runs = Counter(
                name for name, (_, stems) in AUTOMATIONS.items() if first and path.stem in stems
            )
            messages = [event for event in expected if event[0] != "status"]
            self.due[EVENT] += len(messages)
            self.due[STATUS] += len(expected) - len(messages)
            self.due[RAN] += runs.total()
            self.check(f"{path.stem}: status", status, 200)
            self.check(f"{path.stem}: events", seen.events, expected)
            self.check(f"{path.stem}: automations", dict(Counter(seen.ran)), dict(runs))
            changes = bool(messages) and path.stem not in NOTICES
            self.check(f"{path.stem}: entities changed", bool(ours), changes)
        before, self.opened = self.opened, await self.counters()
        opened = Counter(self.opened) - Counter(before)
        wanted = {name: len(stems) for name, (_, stems) in AUTOMATIONS.items() if first}
        by = ", ".join(f"{times} by {name}" for name, times in opened.items())
        say(f"\nthe gate opened: {opened.total()} times{by and f' ({by})'}")
        self.check("the gate opened", dict(opened), wanted)

    async def counters(self) -> dict[str, int]:
        """Return how often each automation has opened the gate."""
        states = await self.instance.states()
        return {
            name: int(states[f"counter.gate_opened_by_{name}"]["state"]) for name in AUTOMATIONS
        }

    async def settled(self, ws: WebSocket, watcher: Watcher) -> Watcher:
        """Return what was seen once Home Assistant has told all of it."""
        # What an answer to a later command follows was sent before it; automations take a turn.
        for _ in range(3):
            await ws.call("auth/current_user")
        return watcher.take()

    async def second_number(self, ws: WebSocket, watcher: Watcher, entry_id: str) -> None:
        """Add a number without a restart and post to it."""
        await self.instance.add_number(entry_id, SECOND_NUMBER, "Alarm")
        await self.settled(ws, watcher)
        body = (FIXTURES / "sms_text.json").read_bytes().replace(b"44771012346", b"44771012347")
        status = await self.instance.deliver(self.doors[0], body)
        seen = await self.settled(ws, watcher)
        state = (await self.instance.states()).get("sensor.alarm_last_message", {}).get("state")
        say(f"\na second number, added while running: {status}, Last message: {state}")
        self.due += {EVENT: 1, RAN: 1}
        self.check("second number: status", status, 200)
        self.check("second number: events", seen.events, [("sms", "text")])
        self.check("second number: automations", seen.ran, ["text"])
        self.check("second number: Last message", state, "Message Text")

    async def round_trip(self, ws: WebSocket, watcher: Watcher, entry_id: str) -> None:
        """Ask by buttons, tap one, and be told."""
        trip = RoundTrip(**self.ways(), entry_id=entry_id)
        await trip.prepare()
        say("\nthe way out and back, with the keys that were typed:")
        self.check("round trip: Anna writes", await trip.write(), 200)
        await self.settled(ws, watcher)
        asked = await trip.ask()
        say(f"  buttons sent      {', '.join(asked.buttons)}")
        self.check("round trip: buttons", asked.buttons, [BUTTON["text"], "Leave it"])
        status = await trip.tap(asked)
        say(f"  tap posted        {status}")
        said = await trip.answer()
        seen = await self.settled(ws, watcher)
        say(f"  automation ran    {', '.join(seen.ran)}")
        say(f"  text sent         {said}")
        self.due += {EVENT: 2, RAN: 1}
        self.check("round trip: tap", status, 200)
        self.check("round trip: events", seen.events, [("whatsapp", "reply")])
        self.check("round trip: automations", seen.ran, [AUTOMATION["alias"]])
        self.check("round trip: text", said, ANSWER)
        self.check("round trip: sent", len(self.api.taken), 2)
        self.check("round trip: not as documented", self.api.wrong, [])

    async def at_the_door(self, ws: WebSocket, watcher: Watcher) -> None:
        """Send a picture with buttons, answer the tap, and follow the answer to the eye."""
        door, began = self.door(), datetime.now(UTC)
        await door.prepare()
        say("\nsomebody is at the door:")
        shown, path = await door.show()
        fetched = [await door.fetch(each) for each in (path, path, f"{path[:-1]}_")]
        say(f"  picture fetched   {fetched[0]}; again {fetched[1]}; a guess {fetched[2]}")
        self.check("picture: fetched, again, guessed", fetched, ["image/png", "404", "404"])
        await self.settled(ws, watcher)
        sent = len(self.api.taken)
        self.check("picture: tap", await door.tap(shown), 200)
        answer = await self.api.message(sent)
        seen = await self.settled(ws, watcher)
        say(f"  automation ran    {', '.join(seen.ran)}")
        say(f"  reply sent        {answer.words}")
        self.due += {EVENT: 1, RAN: 1}
        self.check("picture: events", seen.events, [("whatsapp", "reply")])
        self.check("picture: automations", seen.ran, ["let in"])
        self.check("picture: reply", answer.words, at_the_door.ANSWER)
        await self.follow(ws, watcher, door, answer)
        await self.logbook(began, at_the_door.LOGBOOK)
        # Nobody fetches this one.
        _, self.never_fetched = await door.show()
        self.check("picture: not as documented", self.api.wrong, [])

    async def follow(self, ws: WebSocket, watcher: Watcher, door: AtTheDoor, answer: Taken) -> None:
        """See in the entity, and by the trigger, how far a message has come."""
        for status in at_the_door.STATUSES:
            self.check(f"{status}: status", await door.report(answer, status), 200)
            seen = await self.settled(ws, watcher)
            state = await door.last_delivery()
            say(f"  {status:18}Last delivery: {state}; automation ran: {', '.join(seen.ran)}")
            self.due += {STATUS: 1, RAN: 1}
            self.check(f"{status}: events", seen.events, [("status", status)])
            self.check(f"{status}: automations", seen.ran, ["followed"])
            self.check(f"{status}: Last delivery", state, status)

    async def logbook(self, since: datetime, wanted: set[tuple[str, str]]) -> None:
        """Find how lines begin, each of an entity, in what the logbook tells since then."""
        lines = await until(
            lambda: self.instance.logbook(since), lambda lines: not _missing(lines, wanted)
        )
        for entity, line in lines:
            say(f"  logbook           {entity}: {line}")
        self.check("not in the logbook", _missing(lines, wanted), set())

    async def questions(self, ws: WebSocket, watcher: Watcher) -> None:
        """Ask and be answered by the action itself; ask once more, for after the restart."""
        both, began = Questions(**self.ways()), datetime.now(UTC)
        await self.instance.add_automation(questions.AUTOMATION)
        await self.settled(ws, watcher)
        say("\nquestions:")
        taken, asking = await both.ask(wait=True)
        self.check("question: tap", await both.tap(taken), 200)
        told = (await asking)["service_response"]
        seen = await self.settled(ws, watcher)
        say(f"  asked and waited  {told['from_name']} answered {told['answer']}")
        self.due += {EVENT: 1}
        self.check("question: answer", (told["answered"], told["answer"]), (True, "Heat"))
        self.check("question: events", seen.events, [("whatsapp", "reply")])
        self.check("question: automations beside the action", seen.ran, [])
        await self.logbook(began, questions.LOGBOOK)
        self.open_question, asking = await both.ask(wait=False)
        reason = (await asking)["service_response"]["reason"]
        say(f"  asked once more   {reason}")
        self.check("question: nobody waits", reason, "not_waited")

    async def other_half(self, ws: WebSocket, watcher: Watcher) -> None:
        """Answer after the restart what was asked before it, and fetch what was offered before it."""
        say("\nafter the restart:")
        fetched = await self.door().fetch(self.never_fetched)
        say(f"  old picture       {fetched}")
        self.check("picture: fetched after the restart", fetched, "404")
        if self.open_question is None:
            raise HouseError("nothing was asked")
        sent = len(self.api.taken)
        status = await Questions(**self.ways()).tap(self.open_question)
        self.check("other half: tap", status, 200)
        said = (await self.api.message(sent)).words
        seen = await self.settled(ws, watcher)
        say(f"  tapped, so ran    {', '.join(seen.ran)}")
        say(f"  reply sent        {said}\n")
        self.due += {EVENT: 1, RAN: 1}
        self.check("other half: events", seen.events, [("whatsapp", "reply")])
        self.check("other half: automations", seen.ran, [questions.AUTOMATION["alias"]])
        self.check("other half: reply", said, questions.HEATED)
        self.check("other half: not as documented", self.api.wrong, [])

    def ways(self) -> dict[str, Any]:
        """Return what leads to Home Assistant and to the provider."""
        return {
            "instance": self.instance, "api": self.api, "door": self.doors[0], "number": NUMBER,
        }  # fmt: skip

    def door(self) -> AtTheDoor:
        """Return who is at the door."""
        return AtTheDoor(**self.ways())

    async def assist(self, ws: WebSocket, watcher: Watcher, entry_id: str) -> None:
        """Let Anna talk to the house, and a stranger try to."""
        talk = AssistTalk(**self.ways(), entry_id=entry_id, contact=ANNA, name="Anna")
        await talk.prepare()
        say("\nAssist by text:")
        sent = len(self.api.taken)
        for number, (said, state) in enumerate({ON: "on", OFF: "off"}.items(), 1):
            self.check(f"assist: {state}, status", await talk.say(said), 200)
            answer = await talk.answer(sent + number)
            say(f"  {said:20}{answer}")
            self.check(f"assist: {state}, answered", bool(answer), wanted=True)
            self.check(f"assist: {state}", await talk.lamp(), state)
        self.check("assist: stranger, status", await talk.say(ON, STRANGER), 200)
        # What the stranger said would be done before this is answered.
        await talk.say(ASK)
        say(f"  {ASK:20}{await talk.answer(sent + 3)}")
        await self.settled(ws, watcher)
        say("  a stranger          no answer")
        self.due += {EVENT: 4}
        self.check("assist: stranger", await talk.lamp(), "off")
        self.check("assist: sent", len(self.api.taken) - sent, 3)
        self.check("assist: not as documented", self.api.wrong, [])

    async def last_messages(self) -> dict[str, str]:
        """Return what the sensors of both numbers show."""

        async def read() -> dict[str, str]:
            return {
                entity: state["state"]
                for entity, state in (await self.instance.states()).items()
                if ".gate_" in entity or ".alarm_" in entity
            }

        return await until(read, bool)

    async def check_recorder(self) -> None:
        """Count what fired in all: during the restart nobody else could listen."""
        # The recorder writes in order: with this one in, all before it are.
        await self.instance.post(f"/api/events/{END}")
        recorded = await until(
            lambda: asyncio.to_thread(self.instance.recorded), lambda found: END in found
        )
        fired = {kind: recorded[kind] for kind in (EVENT, STATUS, RAN)}
        say(f"in all {fired[EVENT]} messages fired, and {fired[RAN]} automations ran")
        self.check("fired in all, the restart included", fired, dict(self.due))

    def check_log(self) -> None:
        """Look for what we should not have caused."""
        log = self.instance.log()
        self.check("the log is there", bool(log), wanted=True)
        for trouble in troubles_of_ours(log):
            self.off.append(f"the log: {trouble}")
        for secret in (
            self.webhook_id,
            NUMBER,
            "Message Text",
            "BUTTON_TEXT",
            *SECRETS,
            self.never_fetched,
            at_the_door.SAID,
            at_the_door.ANSWER,
            questions.ASKED,
            questions.HEATED,
            ON,
            OFF,
            ASK,
            STRANGER,
        ):
            self.check(f"the log holds {secret}", secret in log, wanted=False)


def _missing(lines: list[tuple[str, str]], wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which beginnings no line of its entity has."""
    return {
        (whose, beginning)
        for whose, beginning in wanted
        if not any(entity == whose and line.startswith(beginning) for entity, line in lines)
    }


def _is_moment(after: str, before: str) -> bool:
    """Tell whether two times are the same but for a moment."""
    try:
        apart = datetime.fromisoformat(before) - datetime.fromisoformat(after)
    except ValueError:
        return False
    return timedelta(0) <= apart < timedelta(seconds=1)


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def automations() -> list[dict[str, Any]]:
    """Return the automations of the demo, as the editor would write them."""
    return [
        {
            "id": name,
            "alias": name,
            "mode": "queued",
            "triggers": [{"trigger": "event", "event_type": EVENT, "event_data": data}],
            "actions": [
                {
                    "action": "counter.increment",
                    "target": {"entity_id": f"counter.gate_opened_by_{name}"},
                }
            ],
        }
        for name, (data, _) in AUTOMATIONS.items()
    ] + [AUTOMATION]


async def demo() -> int:
    """Run the demo; 0 when nothing is off."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running for a browser")
    arguments = parser.parse_args()
    say("starting Home Assistant 2026.11 with a throw-away config ...")
    async with (
        provider_api() as api,
        house(
            CONFIGURATION + at_the_door.CONFIGURATION + configuration(api),
            automations(),
            integrations=(DOORBELL,),
            first=(WITNESS,),
        ) as instance,
    ):
        run = Demo(instance, api)
        await run.run()
        say("\noff:" if run.off else "\nall as it should be")
        for what in run.off:
            say(f"  {what}")
        if arguments.keep:
            await keep(run)
    return 1 if run.off else 0


async def keep(run: Demo) -> None:
    """Say where to look, and wait for Ctrl-C."""
    url = run.instance.url
    say(f"\nbrowser:      {url}  (user {USERNAME}, password {PASSWORD})")
    for name, door in zip(("own door", "webhook"), run.doors, strict=True):
        say(f"{name + ':':14}{url}{door}")
    say("Ctrl-C ends it.")
    with suppress(asyncio.CancelledError):
        await run.instance.wait()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main(demo)
