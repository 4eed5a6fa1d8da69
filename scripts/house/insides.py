"""Look whether core still has what this integration uses of it beyond its API.

Nobody promises these places. Each was read in core, a comment in the file of ours says so, and
here are the lines of core that it rests on. They are looked for in the source, so that a
version that cannot be installed yet can be asked as well.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sys


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Lines of core, as `ast.unparse` writes them, somewhere in the files that a pattern names."""

    ours: str
    core: str
    lines: tuple[str, ...]
    # Before this version of core it was not there, and is not needed.
    since: tuple[int, int] = (2026, 7)


PLACES = (
    Place(
        ours="__init__.py",
        core="core.py",
        lines=(
            "running_tasks = self._tasks",
            "task.cancel('Home Assistant final writes shutdown stage')",
        ),
    ),
    Place(
        ours="__init__.py",
        core="config_entries.py",
        lines=("class ConfigSubentryFlowManager(", "entry_id, subentry_type = handler_key"),
    ),
    Place(
        ours="gone_choices.py",
        core="components/automation/*.py",
        lines=("HassKey(DOMAIN)", "automation.raw_config"),
    ),
    Place(
        ours="gone_choices.py",
        core="components/script/*.py",
        lines=("hass.data[DOMAIN] = component = EntityComponent", "script.raw_config"),
    ),
    Place(
        ours="cloudhook.py",
        core="components/cloud/*.py",
        lines=(
            "HassKey(DOMAIN)",
            "cloudhooks = cloud.client.cloudhooks",
            "cloudhooks.get(webhook_id)",
            "hook['cloudhook_url']",
            "on_change(cloudhooks.get(webhook_id))",
        ),
    ),
    Place(
        ours="const.py",
        core="components/automation/*.py",
        lines=(
            "EVENT_AUTOMATION_RELOADED = 'automation_reloaded'",
            "EVENT_AUTOMATION_TRIGGERED = 'automation_triggered'",
        ),
    ),
    Place(
        ours="entity.py",
        core="helpers/entity.py",
        lines=("'async_entity_id_changed' in cls.__dict__",),
        since=(2026, 11),
    ),
    Place(
        ours="event.py",
        core="helpers/restore_state.py",
        lines=(
            "self.entities: dict[str, RestoreEntity] = {}",
            "self.entities[entity.entity_id] = entity",
            "async_get(self.hass).async_restore_entity_added(self)",
            "async_get(self.hass).async_restore_entity_removed(",
        ),
    ),
    Place(
        ours="event.py",
        core="components/event/*.py",
        lines=("(state := (await self.async_get_last_state()))",),
    ),
    Place(
        ours="flows/first_message.py",
        core="data_entry_flow.py",
        lines=("result = await self._async_configure(flow_id, user_input)",),
    ),
    Place(
        ours="privacy.py",
        core="components/recorder/core.py",
        lines=(
            "self.exclude_event_types = exclude_event_types",
            "exclude_event_types = self.exclude_event_types",
            "event.event_type in exclude_event_types",
        ),
    ),
    Place(
        ours="privacy.py",
        core="helpers/recorder.py",
        lines=("DATA_INSTANCE: HassKey[Recorder] = HassKey('recorder_instance')",),
    ),
    Place(
        ours="receiving/endpoint.py",
        core="components/http/*.py",
        lines=("self.app = HomeAssistantApplication(",),
    ),
    Place(
        ours="receiving/journal_files.py",
        core="helpers/storage.py",
        lines=(
            "await self._async_write_data(data)",
            "except (json_util.SerializationError, WriteError) as err:",
        ),
    ),
    Place(
        ours="receiving/turns.py",
        core="components/automation/*.py",
        lines=(
            "hass.bus.async_fire(EVENT_AUTOMATION_RELOADED, context=service_call.context)",
            "reload_helper.execute_service",
        ),
    ),
    Place(
        ours="receiving/turns.py",
        core="helpers/service.py",
        lines=("class ReloadServiceHelper", "self._service_running = True"),
    ),
    Place(
        ours="sending/replies.py",
        core="components/automation/*.py",
        lines=(
            "trigger_context = Context(parent_id=parent_id)",
            "async_fire_internal(EVENT_AUTOMATION_TRIGGERED, event_data, context=trigger_context)",
            "self.action_script.async_run(variables, trigger_context, started_action)",
        ),
    ),
    Place(
        ours="sending/replies.py",
        core="components/script/*.py",
        lines=(
            "variables=variables, context=service.context, wait=False",
            "variables=service.data, context=service.context, wait=True",
        ),
    ),
    Place(
        ours="sending/agents.py",
        core="components/conversation/__init__.py",
        lines=("async def async_handle_sentence_triggers(", "async def async_handle_intents("),
    ),
    Place(
        ours="sending/agents.py",
        core="components/frontend/storage.py",
        lines=("async def async_user_store(hass: HomeAssistant, user_id: str) -> UserStore:",),
    ),
    Place(
        ours="sending/agents.py",
        core="core_config.py",
        lines=("cv.language(owner_store.data['language']['language'])",),
    ),
    Place(
        ours="sending/assist_choice.py",
        core="components/person/*.py",
        lines=("ATTR_USER_ID = 'user_id'", "(user_id := self._config.get(CONF_USER_ID))"),
    ),
)


def missing(homeassistant: Path) -> Iterator[str]:
    """Return what the source in this folder has no more, for the person at the screen."""
    version = _version(homeassistant)
    for place in PLACES:
        if version < place.since:
            continue
        source = "\n".join(_plain(path) for path in sorted(homeassistant.glob(place.core)))
        for line in place.lines:
            if line not in source:
                yield f"{place.core} has no more, on which {place.ours} rests: {line}"


def _plain(path: Path) -> str:
    return ast.unparse(ast.parse(path.read_text(encoding="utf-8")))


def _version(homeassistant: Path) -> tuple[int, int]:
    """Return the year and month of this core."""
    values = {
        node.target.id: node.value.value
        for node in ast.parse((homeassistant / "const.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    return int(str(values["MAJOR_VERSION"])), int(str(values["MINOR_VERSION"]))


if __name__ == "__main__":
    found = list(missing(Path(sys.argv[1])))
    for what in found:
        print(what)
    sys.exit(1 if found else 0)
