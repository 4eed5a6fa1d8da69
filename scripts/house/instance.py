"""Start, talk to and stop a real, headless Home Assistant with a throw-away config."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
import json
import os
from pathlib import Path
import re
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
from typing import Any
from uuid import uuid4

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "intellisms"
FIXTURES = ROOT / "tests" / "fixtures"
DOMAIN = "intellisms"
USERNAME = "demo"
PASSWORD = "demo-demo"  # noqa: S105
EXTERNAL_URL = "https://home.example.org"

# Named one by one: default_config would want packages that have no wheel everywhere. What
# core's base platforms miss here (see requirements_demo.txt) is kept out of the log.
CONFIGURATION = """\
api:
auth:
automation: !include automations.yaml
blueprint:
config:
counter:
frontend:
history:
input_boolean:
logbook:
logger:
  default: warning
  filters:
    homeassistant.setup: [assist_]
  logs:
    custom_components.intellisms: debug
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
person:
recorder:
  commit_interval: 1
repairs:
script:
search:
system_health:
trace:
webhook:
websocket_api:
"""
# What .storage/http holds in 2026.11; the same in YAML would be a trial of five minutes.
HTTP_CONFIG = {
    "server_host": ["127.0.0.1"],
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": True,
    "ssl_profile": "intermediate_v6",
    "use_x_frame_options": True,
    "created_at": "2026-11-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}
ONBOARDING_LEFT_TO_DO = {"user"}
ONBOARDING_STEPS = {"user", "core_config", "analytics", "integration"}
STAND_INS = Path(__file__).parent / "stand_ins"
# A custom integration for `Instance.burn`.
BURNER = Path(__file__).parent / "burner"
# Writes down what happens to each message, and leads sending to the stand-in for the provider.
WITNESS = Path(__file__).parent / "witness"
# A camera, `doorbell:` in YAML.
DOORBELL = Path(__file__).parent / "doorbell"
# These would slow every start down, or keep the log out of its file.
NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE", "HA_DISABLE_LOG_FILE", "SUPERVISOR")
# With this Home Assistant asks whoever started it to start it again.
RESTART_EXIT_CODE = 100
# A path or a web address may hold our name too.
ABOUT_US = re.compile(rf"custom_components[./]{DOMAIN}|(?<![/\w.-]){DOMAIN}\b")
SAID_OF_ALL = "We found a custom integration"
# Seconds.
START_TIMEOUT = 120
ANSWER_TIMEOUT = 60
STOP_TIMEOUT = 60


class HouseError(Exception):
    """Home Assistant did not do what was asked of it."""


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(kw_only=True)
class Instance:
    """A Home Assistant of its own, on a loopback port."""

    config: Path
    port: int = field(default_factory=free_port)
    log_to_screen: bool = False
    token: str = ""
    session: aiohttp.ClientSession | None = None
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return the address of the frontend."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def http(self) -> aiohttp.ClientSession:
        """Return the client; HouseError before it is open."""
        if self.session is None:
            raise HouseError("the client is not open")
        return self.session

    # ---- life ---------------------------------------------------------------------

    def prepare(self, configuration: str = "", automations: list[Any] | None = None) -> None:
        """Write a config folder, with the integration in it."""
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        if not (self.config / "configuration.yaml").exists():
            (self.config / "configuration.yaml").write_text(CONFIGURATION + configuration)
        if automations is not None or not (self.config / "automations.yaml").exists():
            # JSON is YAML.
            (self.config / "automations.yaml").write_text(json.dumps(automations or [], indent=2))
        stable = HTTP_CONFIG | {"server_port": self.port}
        self._seed("http", 3, {"stable": stable, "pending": None, "yaml_migration_done": True})
        if not (storage / "onboarding").exists():
            # The step that is left out would install what nobody asked for.
            done = sorted(ONBOARDING_STEPS - ONBOARDING_LEFT_TO_DO)
            self._seed("onboarding", 4, {"done": done})
        self.copy_integration(INTEGRATION)

    def copy_integration(self, source: Path) -> None:
        """Put a custom integration in its place."""
        target = self.config / "custom_components" / source.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))

    def wait_for(self, domain: str) -> None:
        """Let the copy of our integration be set up only when another one is."""
        path = self.config / "custom_components" / DOMAIN / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["after_dependencies"].append(domain)
        path.write_text(json.dumps(manifest))

    def _seed(self, key: str, version: int, data: Mapping[str, Any]) -> None:
        stored = {"version": version, "minor_version": 1, "key": key, "data": data}
        (self.config / ".storage" / key).write_text(json.dumps(stored))

    async def start(self) -> None:
        """Start the process and wait until automations run."""
        await self.launch()
        await self.wait_until_running()

    async def launch(self) -> None:
        """Start the process and wait for nothing."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                raise HouseError(f"port {self.port} is taken") from None
        if self.session is None:
            self.session = aiohttp.ClientSession(base_url=self.url)
        environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        environment["PYTHONPATH"] = str(STAND_INS)
        output = None if self.log_to_screen else asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "homeassistant", "--skip-pip", "--config", str(self.config),
            env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, cwd=self.config,
        )  # fmt: skip

    async def wait_until_running(self) -> None:
        """Wait until Home Assistant says that it is running."""
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await self._is_running():
                    if self.process is None or self.process.returncode is not None:
                        raise HouseError(f"Home Assistant ended:\n{self.log()[-2000:]}")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise HouseError(f"Home Assistant did not start:\n{self.log()[-2000:]}") from None

    async def _is_running(self) -> bool:
        try:
            if not self.token:
                await self._onboard()
            state = (await self.get("/api/core/state"))["state"]
        except aiohttp.ClientError, OSError, KeyError, HouseError:
            return False
        return bool(state == "RUNNING")

    async def _onboard(self) -> None:
        """Create the owner, once, and log in."""
        client_id = f"{self.url}/"
        # The API does not tell: it is gone once all is done, and not there yet before.
        onboarding = json.loads((self.config / ".storage" / "onboarding").read_text())
        if "user" not in onboarding["data"]["done"]:
            code = (
                await self.post(
                    "/api/onboarding/users",
                    {
                        "client_id": client_id, "name": "Demo", "username": USERNAME,
                        "password": PASSWORD, "language": "en",
                    },
                )
            )["auth_code"]  # fmt: skip
        else:
            code = await self._log_in(client_id)
        form = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with self.http.post("/auth/token", data=form) as response:
            tokens = await response.json()
        # An access token ends after half an hour.
        self.token = tokens["access_token"]
        async with self.websocket() as ws:
            self.token = await ws.call(
                "auth/long_lived_access_token", client_name=f"house {uuid4()}", lifespan=1
            )

    async def _log_in(self, client_id: str) -> str:
        flow = await self.post(
            "/auth/login_flow",
            {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": client_id},
        )
        answer = await self.post(
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": client_id, "username": USERNAME, "password": PASSWORD},
        )
        return str(answer["result"])

    async def stop(self) -> None:
        """Stop as a person would."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Stop as a power cut would."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop and start again with the same config."""
        await self.stop()
        await self.start()

    async def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        finally:
            # Also for those who cannot wait: a second Ctrl-C.
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    async def wait(self) -> int:
        """Wait until Home Assistant ends by itself; return its exit code.

        A restart asked for in the browser brings the integration as it is by then.
        """
        while self.process is not None:
            code = await self.process.wait()
            if code != RESTART_EXIT_CODE:
                return code
            self.copy_integration(INTEGRATION)
            await self.start()
        raise HouseError("Home Assistant is not running")

    async def close(self) -> None:
        """Stop, and close the client."""
        try:
            await self._end(signal.SIGTERM)
        finally:
            if self.session:
                await self.session.close()
                self.session = None

    def log(self) -> str:
        """Return Home Assistant's log, that of the run before it too."""
        names = ("home-assistant.log.1", "home-assistant.log")
        logs = (self.config / name for name in names)
        return "".join(path.read_text(errors="replace") for path in logs if path.exists())

    def recorded(self) -> Counter[str]:
        """Count the recorder's events by type: all that fired, a start's first ones too. Blocks."""
        database = f"file:{self.config / 'home-assistant_v2.db'}?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as connection:
            counted = connection.execute(
                "SELECT event_types.event_type, COUNT(*) FROM events"
                " JOIN event_types USING (event_type_id) GROUP BY event_type_id"
            )
            return Counter(dict(counted))

    # ---- talking ------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        """Get JSON."""
        return await self._json("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        """Post JSON and get JSON."""
        return await self._json("POST", path, body)

    async def delete(self, path: str) -> Any:
        """Delete something."""
        return await self._json("DELETE", path)

    async def _json(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            if response.status >= 400:
                raise HouseError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def deliver(self, path: str, body: bytes, content_type: str = "application/json") -> int:
        """Post as the provider does and return the status."""
        headers = {"Content-Type": content_type}
        async with self.http.post(path, data=body, headers=headers) as response:
            await response.read()
            return response.status

    async def logbook(self, since: datetime) -> list[tuple[str, str]]:
        """Return the lines that have words of ours, each with its entity."""
        moment = since.isoformat().replace("+00:00", "Z")
        lines = await self.get(f"/api/logbook/{moment}")
        return [
            (line.get("entity_id", ""), line["message"])
            for line in lines
            if line.get("domain") == DOMAIN
        ]

    async def burn(self, threads: int) -> None:
        """Keep so many threads of Home Assistant's busy, with 0 none any more. Wants `BURNER`."""
        await self.post("/api/services/burner/burn", {"threads": threads})

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.get("/api/states")}

    @asynccontextmanager
    async def websocket(self) -> AsyncIterator[WebSocket]:
        """Open a websocket that is logged in."""
        async with self.http.ws_connect("/api/websocket", max_msg_size=0) as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self.token})
            answer = await connection.receive_json()
            if answer["type"] != "auth_ok":
                raise HouseError("the websocket refused the token")
            ws = WebSocket(connection)
            try:
                yield ws
            finally:
                await ws.close()

    # ---- setting up ---------------------------------------------------------------

    async def set_core_config(self, **changes: Any) -> None:
        """Change what stands under Settings > System > General and Network."""
        async with self.websocket() as ws:
            await ws.call("config/core/update", **changes)

    async def add_integration(self, number: str, name: str) -> str:
        """Walk the config flow as the frontend does; return the entry's id."""
        flow = await self.post("/api/config/config_entries/flow", {"handler": DOMAIN})
        created = await self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", {})
        if created["type"] != "create_entry":
            raise HouseError(f"the config flow did not create an entry: {created}")
        kind, subflow = created["next_flow"]
        if kind != "config_subentries_flow":
            raise HouseError(f"the config flow went on to {kind}")
        await self._walk_number_flow(subflow, number, name)
        return str(created["result"]["entry_id"])

    async def add_number(self, entry_id: str, number: str, name: str) -> None:
        """Add a virtual number as the frontend does."""
        path = "/api/config/config_entries/subentries/flow"
        flow = await self.post(path, {"handler": [entry_id, "virtual_number"]})
        await self._walk_number_flow(flow["flow_id"], number, name)

    async def add_contact(self, entry_id: str, name: str, *numbers: str) -> None:
        """Add a contact as the frontend does."""
        path = "/api/config/config_entries/subentries/flow"
        flow = await self.post(path, {"handler": [entry_id, "contact"]})
        answer = await self.post(
            f"{path}/{flow['flow_id']}", {"name": name, "numbers": list(numbers)}
        )
        if answer["type"] != "create_entry":
            raise HouseError(f"the contact was not added: {answer}")

    async def add_keys(self, entry_id: str, access_key: str, secret_key: str) -> None:
        """Type the keys for sending as the frontend does."""
        path = "/api/config/config_entries/flow"
        flow = await self.post(path, {"handler": DOMAIN, "entry_id": entry_id})
        step = await self.post(f"{path}/{flow['flow_id']}", {"next_step_id": "keys"})
        keys = {"access_key": access_key, "secret_key": secret_key}
        answer = await self.post(f"{path}/{step['flow_id']}", keys)
        if answer.get("reason") != "keys_accepted":
            raise HouseError("the keys were not taken")

    async def add_automation(self, automation: Mapping[str, Any]) -> None:
        """Add an automation as the editor does, once ours is there to check what it holds."""
        await self.post(f"/api/config/automation/config/{automation['id']}", automation)

    async def _walk_number_flow(self, flow_id: str, number: str, name: str) -> None:
        path = f"/api/config/config_entries/subentries/flow/{flow_id}"
        step = await self.get(path)
        if step["type"] == "form" and step["step_id"] == "user":
            step = await self.post(path, {})
        if step["type"] == "menu":
            step = await self.post(path, {"next_step_id": "number"})
        step = await self.post(path, {"number": number, "name": name})
        if step["type"] != "create_entry":
            raise HouseError(f"the number was not added: {step}")

    async def webhook_id(self) -> str:
        """Return the id that the provider's address ends in."""
        async with self.websocket() as ws:
            hooks = await ws.call("webhook/list")
        return str(next(hook["webhook_id"] for hook in hooks if hook["domain"] == DOMAIN))


class WebSocket:
    """Commands and subscriptions over one websocket."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        """Read the connection from now on."""
        self._connection = connection
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._reader = asyncio.create_task(self._read())

    async def call(self, command: str, **arguments: Any) -> Any:
        """Send a command and return its result."""
        return await self._send(command, arguments)

    async def subscribe(
        self, command: str, listener: Callable[[dict[str, Any]], None], **arguments: Any
    ) -> None:
        """Send a command whose events go to `listener`."""
        await self._send(command, arguments, listener)

    async def _send(
        self,
        command: str,
        arguments: Mapping[str, Any],
        listener: Callable[[dict[str, Any]], None] | None = None,
    ) -> Any:
        self._last_id += 1
        own_id = self._last_id
        self._answers[own_id] = asyncio.get_running_loop().create_future()
        if listener:
            self._listeners[own_id] = listener
        await self._connection.send_json({"id": own_id, "type": command, **arguments})
        try:
            return await asyncio.wait_for(self._answers[own_id], ANSWER_TIMEOUT)
        finally:
            del self._answers[own_id]

    async def _read(self) -> None:
        try:
            async for frame in self._connection:
                self._take(frame.json())
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(HouseError("the websocket was closed"))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            self._listeners[message["id"]](message["event"])
        elif message["type"] == "result" and (answer := self._answers.get(message["id"])):
            if message["success"]:
                answer.set_result(message["result"])
            else:
                answer.set_exception(HouseError(str(message["error"])))

    async def close(self) -> None:
        """Stop reading."""
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self._connection.close()


@asynccontextmanager
async def house(
    configuration: str = "",
    automations: list[Any] | None = None,
    integrations: tuple[Path, ...] = (),
    first: tuple[Path, ...] = (),
) -> AsyncIterator[Instance]:
    """Run a throw-away Home Assistant for the length of a block.

    The integrations in `first` are set up before ours, after a restart too.
    """
    with tempfile.TemporaryDirectory(prefix="intellisms-") as folder:
        instance = Instance(config=Path(folder))
        instance.prepare(configuration, automations)
        for source in (*integrations, *first):
            instance.copy_integration(source)
        for source in first:
            instance.wait_for(source.name)
        try:
            await instance.start()
            await instance.set_core_config(
                country="GB", time_zone="Europe/London", external_url=EXTERNAL_URL
            )
            yield instance
        except HouseError as err:
            raise HouseError("\n\n".join([str(err), *troubles_of_ours(instance.log())])) from err
        finally:
            await instance.close()


async def until[T](read: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Read again and again until it is as wanted, ten seconds at most; return the last."""
    value = await read()
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while not wanted(value):
                await asyncio.sleep(0.05)
                value = await read()
    return value


def troubles_of_ours(log: str) -> list[str]:
    """Return the warnings and errors in the log that we caused, tracebacks included."""
    entries = re.split(r"^(?=\d{4}-\d\d-\d\d )", log, flags=re.MULTILINE)
    return [
        entry.rstrip()
        for entry in entries
        if re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ", entry)
        and ABOUT_US.search(entry)
        and SAID_OF_ALL not in entry
    ]


def main(job: Callable[[], Awaitable[int]]) -> None:
    """Run a job as a command; a second Ctrl-C only cleans up faster."""
    try:
        sys.exit(asyncio.run(_as_coroutine(job)))
    except HouseError as err:
        sys.exit(f"failed: {err}")
    except KeyboardInterrupt, asyncio.CancelledError:
        sys.exit(128 + signal.SIGINT)


async def _as_coroutine(job: Callable[[], Awaitable[int]]) -> int:
    # Not as KeyboardInterrupt, which could strike in the midst of cleaning up.
    if task := asyncio.current_task():
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(ending, task.cancel)
    return await job()
