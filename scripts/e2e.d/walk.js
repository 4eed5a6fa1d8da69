// The browser's part of scripts/e2e: each step is printed, a picture is taken, the first failure ends it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const house = JSON.parse(process.env.HOUSE);
const GATE = "44771012346";
const ALICE = "44771012345";
const BOB = "44771012349";
const OFFICE = "44771012348";
const BARN = "44771012350";
const STRANGER = "44771099999";
const SECRETS = [
  GATE, ALICE, BARN, STRANGER, "Gate", "Alice", "Are you at home?", "To the new address", "Open",
  "example.org", "/api/intellisms",
];

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

const profile = mkdtempSync(join(tmpdir(), "intellisms-e2e-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  viewport: SIZES.desktop,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(30_000);

// Each press of a person's, wherever it lands; a page that is loaded anew counts from 0.
await page.addInitScript(() => {
  window.clicks = 0;
  window.addEventListener("pointerdown", () => (window.clicks += 1), true);
});

const goto = (path) => page.goto(house.url + path);
const clicks = () => page.evaluate(() => window.clicks);
const command = (message) =>
  page.evaluate((m) => document.querySelector("home-assistant").hass.callWS(m), message);
const state = (entity) =>
  page.evaluate((id) => document.querySelector("home-assistant").hass.states[id]?.state, entity);
// The page has no states yet when it has just been opened.
const becomes = (entity, wanted) =>
  page.waitForFunction(
    ([id, value]) => document.querySelector("home-assistant").hass?.states?.[id]?.state === value,
    [entity, wanted],
  );
const button = (name) => page.getByRole("button", { name, exact: true }).last();
const option = (name) => page.getByRole("option", { name }).first();
// A field of a trigger, a condition or an action, by its heading.
const field = (heading) =>
  page.locator("ha-settings-row").filter({
    has: page.locator("[slot=heading]", { hasText: new RegExp(`^\\s*${heading}\\s*$`) }),
  });
const tick = (heading) => field(heading).locator("ha-checkbox").click();


// Choose a device in the target picker of the trigger or condition that is open.
async function aim(device) {
  await page.locator("ha-automation-sidebar ha-target-picker").getByText("Add target").click();
  await option(new RegExp(`^${device}`)).click();
}

async function picture(name, folder = house.images) {
  // Icons are fetched when they are first shown.
  await page.waitForLoadState("networkidle");
  // What moves in Home Assistant's dialogs has to have stopped.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null))),
  );
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

// What no page shows, but somebody should see.
const look = (name) => picture(name, house.lookedAt);

// The picture is public; an address is a secret even where it leads nowhere.
const hideAddresses = () =>
  page.locator("code").evaluateAll((codes) =>
    codes.forEach((code) => {
      code.textContent = code.textContent.replace(/[0-9a-f]{64}/, "5f0c…");
    }),
  );

async function integrationPage(on = page) {
  await on.goto(`${house.url}/config/integrations/integration/intellisms`);
  await on.getByText("Add contact").first().waitFor();
}

const entryButton = (name) =>
  page.locator("ha-config-entry-row").first().getByRole("button", { name }).first().click();

async function finish(title) {
  await page.getByText(`Created configuration for ${title}.`).waitFor();
  await button("Finish").click();
}

async function accept(whom) {
  await integrationPage();
  await entryButton("Configure");
  await page.getByRole("radio", { name: whom }).click();
  await page.getByRole("radio", { name: whom, checked: true }).waitFor();
}

async function saveOptions() {
  await button("Submit").click();
  await page.getByText("Options successfully saved.").waitFor();
}

// The way that README tells. What an editor shows before the words for choices are loaded, it does
// not replace.
async function choose(name, description) {
  await page.evaluate(() =>
    document.querySelector("home-assistant").hass.loadBackendTranslation("selector"),
  );
  await page.getByText("By type", { exact: true }).click();
  await page.getByRole("button", { name: "IntelliSMS" }).last().click();
  await page.getByText(description).last().click();
  await page.locator("ha-automation-sidebar").getByText(name, { exact: true }).first().waitFor();
}

async function shows(icon, host) {
  const drawn = page.locator(`${host} ha-icon`).first();
  await drawn.locator("svg path[d^=M]").first().waitFor();
  assert.equal(await drawn.evaluate((element) => element.icon), icon);
}

async function act(name) {
  await page.getByText("Add action").first().click();
  for (const branch of ["Helpers", "Input boolean", "Gate open"]) {
    await page.getByRole("treeitem", { name: branch, exact: true }).click();
  }
  await page.getByRole("button", { name: `${name} input boolean` }).click();
}

// Find what a trigger, an action or a condition is called in the dialog that is open.
async function find(words) {
  await page.locator("input:visible").last().fill(words);
  await page.getByText(words, { exact: true }).filter({ visible: true }).last().click();
}

// Type into a field. A form forgets what is typed before its defaults, or what was chosen, are there.
async function write(heading, words) {
  const box = field(heading).getByRole("textbox");
  do {
    await box.fill(words);
    await page.waitForTimeout(500);
  } while ((await box.inputValue()) !== words);
}

// Type a list into a field.
async function list(heading, words) {
  for (const [index, word] of words.entries()) {
    await field(heading).getByText("Add", { exact: true }).click();
    await field(heading).getByRole("textbox").nth(index).fill(word);
  }
}

async function saveQueued(name) {
  await page.getByRole("button", { name: "Menu", exact: true }).first().click();
  await page.getByText("Change mode", { exact: true }).first().click();
  await page.getByRole("radio", { name: "Queued" }).click();
  await button("Change mode").click();
  await page.getByText("Save", { exact: true }).last().click();
  await page.locator("ha-dialog input:visible, ha-wa-dialog input:visible").first().fill(name);
  await page.locator("ha-dialog-footer").getByText("Save", { exact: true }).last().click();
  const entity_id = `automation.${name.toLowerCase().replaceAll(" ", "_")}`;
  await becomes(entity_id, "on");
  const { config } = await command({ type: "automation/config", entity_id });
  assert.equal(config.mode, "queued");
  return config;
}

const itemId = (automation) =>
  page.evaluate(
    (id) => document.querySelector("home-assistant").hass.states[id].attributes.id,
    automation,
  );

async function traces(automation, notTriggered) {
  const about = { domain: "automation", item_id: await itemId(automation) };
  const all = await command({ type: "trace/list", ...about });
  const meant = all.filter((trace) => Boolean(trace.not_triggered) === notTriggered);
  return Promise.all(
    meant.map(({ run_id }) => command({ type: "trace/get", ...about, run_id })),
  );
}

const runs = async (automation) =>
  (await traces(automation, false)).map((trace) => trace.script_execution);

// Why it did not run, as its traces say.
const reasons = async (automation) =>
  (await traces(automation, true)).flatMap((trace) =>
    Object.values(trace.trace).flat().flatMap((done) => done.result?.reason ?? []),
  );

async function edit(automation) {
  await goto(`/config/automation/edit/${await itemId(automation)}`);
  await page.locator("ha-automation-trigger-row ha-trigger-icon").first().click();
  const { config } = await command({ type: "automation/config", entity_id: automation });
  return config;
}

// Save what is being edited; return the only trigger once all of it is there.
async function save(automation, isThere) {
  await page.getByText("Save", { exact: true }).last().click();
  for (;;) {
    // While it is loaded anew, there is no such automation.
    const now = await command({ type: "automation/config", entity_id: automation }).catch(() => null);
    if (now && isThere(now.config.triggers[0])) return now.config.triggers[0];
    await page.waitForTimeout(100);
  }
}

async function downloaded(item) {
  const [download] = await Promise.all([page.waitForEvent("download"), item.click()]);
  const dump = readFileSync(await download.path(), "utf8");
  // The last part of the address is its secret.
  for (const secret of [...SECRETS, door.split("/").at(-1)]) {
    assert.ok(!dump.includes(secret), `diagnostics hold ${secret}`);
  }
  return JSON.parse(dump);
}

async function deliver(path, message) {
  const content = { to: GATE, from: ALICE, channel: "sms", sent: new Date().toISOString() };
  const response = await fetch(house.url + path, {
    method: "POST",
    body: JSON.stringify({ messages: [{ ...content, messageid: crypto.randomUUID(), ...message }] }),
  });
  return response.status;
}

// What the stand-in for the provider was sent, once it is so many; the last of them.
async function sent(number) {
  for (let waited = 0; ; waited += 50) {
    const all = await (await fetch(`${house.backstage}/sent`)).json();
    assert.ok(all.length <= number, `${all.length} messages were sent`);
    if (all.length === number) return all.at(-1);
    assert.ok(waited < 10_000, "nothing was sent");
    await page.waitForTimeout(50);
  }
}

// Tap a button of a message that was sent.
function tapped(message, place) {
  const interactive = message.object.interactive.action.buttons[place].reply;
  const content = { format: "wa_msgobject_v2", msgobject: { type: "reply", interactive } };
  return deliver(door, { channel: "whatsapp", content });
}

// Tell how far a message that was sent has come.
async function report(message, status, status_code) {
  const about = { notificationtype: "status", messageid: message.id, to: message.to };
  const notification = { ...about, status, status_code, category: "success" };
  const body = JSON.stringify({ notifications: [notification] });
  assert.equal((await fetch(house.url + door, { method: "POST", body })).status, 200);
}

const call = (domain, service, entity_id) =>
  command({ type: "call_service", domain, service, target: { entity_id } });

// Open the form of an action.
async function perform(name) {
  // The page remembers what was performed last.
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("panel-dev-action")) localStorage.removeItem(key);
    }
  });
  await goto("/config/tools/action");
  await button("Action").click();
  await page.locator("input:visible").last().fill(`IntelliSMS: ${name}`);
  await option(name).click();
}

async function performFor(whom, name) {
  await perform(name);
  await page.getByText("Add target").first().click();
  await option(new RegExp(`^${whom}`)).click();
}

const text = (words) => ({ content: { msgtype: "text", text: words } });
const tap = (label) => ({
  channel: "whatsapp",
  content: {
    format: "wa_msgobject_v2",
    msgobject: { type: "button", button: { text: label } },
  },
});

async function step(name, walk) {
  const began = Date.now();
  await walk();
  console.log(`${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

let door = "";
let gateId = "";
let aliceId = "";
let waiting = null;

const steps = {
  "log in": async () => {
    await goto("/config/integrations/dashboard");
    await page.locator('input[name="username"]').fill(house.username);
    await page.locator('input[name="password"]').fill(house.password);
    await page.keyboard.press("Enter");
    await page.getByText("Add integration").first().waitFor();
  },

  "add the integration": async () => {
    await goto("/config/integrations/dashboard/add?domain=intellisms");
    await button("OK").click();
    await button("Submit").click();
    await page.getByText("Connect IntelliSMS").waitFor();
  },

  "copy the address": async () => {
    const address = await page.locator("code").filter({ hasText: "/api/intellisms/" }).innerText();
    assert.match(address.trim(), /^https:\/\/home\.example\.org\/api\/intellisms\/[0-9a-f]{64}$/);
    door = new URL(address.trim()).pathname;
    await hideAddresses();
    await picture("setup_address");
    const browsed = await fetch(house.url + door);
    assert.match(await browsed.text(), /right address/);
  },

  "send a text while it waits": async () => {
    await page.getByText("I am sending a text to my number now").click();
    await page.getByText("Send any text to your IntelliSMS number now").waitFor();
    assert.equal(await deliver(door, text("Hello from Alice")), 200);
    await page.getByText("It works").waitFor();
  },

  "keep the sender as a contact": async () => {
    await page.getByRole("textbox", { name: "Name of the number" }).fill("Gate");
    await page.getByRole("textbox", { name: "Name of the sender" }).fill("Alice");
    await picture("setup_caught");
    await button("Submit").click();
    await page.getByText("It works").waitFor({ state: "hidden" });
    await becomes("sensor.gate_last_message", "Hello from Alice");
    assert.equal(await state("sensor.gate_last_sender"), "Alice");
  },

  "wait in another tab for a text to another number": async () => {
    waiting = await browser.newPage();
    await integrationPage(waiting);
    await waiting.getByText("Add virtual number").first().click();
    await waiting.getByText("A number of the same IntelliSMS account").waitFor();
    await waiting.getByText("I am sending a text to my number now").click();
    await waiting.getByText("Send any text to your IntelliSMS number now").waitFor();
    await page.bringToFront();
  },

  "see the device page change": async () => {
    const devices = await command({ type: "config/device_registry/list" });
    gateId = devices.find((device) => device.name === "Gate").id;
    aliceId = devices.find((device) => device.name === "Alice").id;
    await goto(`/config/devices/device/${gateId}`);
    await page.getByText("Hello from Alice").first().waitFor();
    assert.equal(await deliver(door, text("Are you at home?")), 200);
    await page.getByText("Are you at home?").first().waitFor();
    await picture("device");
    await integrationPage();
    await page.getByText("Alice").first().waitFor();
  },

  "build an automation by clicks": async () => {
    const offers = (name) => page.getByText(name).last();
    const begin = async () => {
      await goto(`/config/devices/device/${aliceId}`);
      await page.getByText("Add to…").first().click();
      await page.getByText("Create as a new trigger").first().click();
      await offers("Button tapped").waitFor({ timeout: 10_000 });
    };
    // The editor's dialog does not open where the editor is there before its own words are.
    await begin().catch(begin);
    await offers("Message received").waitFor();
    await picture("by_target");
    await page.getByText("Button tapped").last().click();
    await shows("mdi:gesture-tap-button", "ha-automation-trigger-row ha-trigger-icon");
    await tick("Buttons");
    await field("Buttons").getByText("Add", { exact: true }).click();
    await field("Buttons").getByRole("textbox").fill("Open");
    await picture("editor_trigger");
    await act("Turn on");
    const { triggers } = await saveQueued("Open the gate");
    const presses = await clicks();
    console.log(`  from the device page to the automation that is running: ${presses} clicks`);
    assert.ok(presses <= 18, `${presses} clicks`);
    assert.deepEqual(triggers[0].target, { device_id: aliceId });
    const { button: buttons, sender, max_age } = triggers[0].options;
    assert.deepEqual([buttons, sender, max_age.minutes], [["Open"], "known", 5]);
  },

  "run an automation by a tap": async () => {
    assert.equal(await deliver(door, { ...tap("Open"), from: STRANGER }), 200);
    const sent = new Date(Date.now() - 3_600_000).toISOString();
    assert.equal(await deliver(door, { ...tap("Open"), sent }), 200);
    assert.equal(await deliver(door, tap("Open")), 200);
    await becomes("input_boolean.gate_open", "on");
    assert.deepEqual(await runs("automation.open_the_gate"), ["finished"]);
    assert.deepEqual(await reasons("automation.open_the_gate"), ["too_old"]);
    await goto(`/config/devices/device/${aliceId}`);
    await page.getByRole("link", { name: "Open the gate" }).waitFor();
  },

  "clear every field, and see that a stranger opens nothing": async () => {
    const gate = "automation.open_the_gate";
    await edit(gate);
    const cleared = {
      target: () => page.locator("ha-target-picker-item-row ha-icon-button").first().click(),
      button: () => tick("Buttons"),
      max_age: () => tick("Not older than"),
    };
    const ran = (await runs(gate)).length;
    for (const [key, clear] of Object.entries(cleared)) {
      await clear();
      const trigger = await save(gate, (now) => !(key in now) && !(key in now.options));
      assert.equal(trigger.options.sender, "known");
      for (const said of [tap("Open"), text("Open")]) {
        assert.equal(await deliver(door, { ...said, from: STRANGER }), 200);
      }
      assert.equal((await runs(gate)).length, ran, key);
    }
    await picture("editor_cleared");
  },

  "build an automation with a condition": async () => {
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    await choose("Message received", "When a text message (SMS)");
    await shows("mdi:message-arrow-left", "ha-automation-trigger-row ha-trigger-icon");
    await aim("Alice");
    for (const [heading, word] of [["Channels", "WhatsApp"], ["Types", "Voice message"]]) {
      await tick(heading);
      await field(heading).getByText("Add", { exact: true }).click();
      await option(word).waitFor();
      await page.keyboard.press("Escape");
      await tick(heading);
    }
    await tick("Text");
    await field("Text").getByRole("textbox").fill("close");
    await field("Compare").getByRole("button", { name: "Is", exact: true }).click();
    await page.getByText("Starts with", { exact: true }).last().click();
    await page.getByText("Add condition").first().click();
    await choose("Last message", "If the last");
    await shows("mdi:message-question", "ha-automation-condition-row ha-condition-icon");
    await aim("Gate");
    await aim("Alice");
    await tick("Within the last");
    await field("Within the last").getByRole("spinbutton", { name: "mm" }).fill("5");
    await picture("editor_last_message");
    await act("Turn off");
    const { conditions } = await saveQueued("Close the gate");
    const { target, options } = conditions[0];
    assert.deepEqual([target.device_id, options.within.minutes], [[gateId, aliceId], 5]);
    assert.equal(await deliver(door, { ...text("Close it"), from: STRANGER }), 200);
    assert.equal(await deliver(door, text("Close it, please")), 200);
    await becomes("input_boolean.gate_open", "off");
    assert.deepEqual(await runs("automation.close_the_gate"), ["finished"]);
  },

  "simulate a message": async () => {
    await goto("/config");
    await page.getByRole("link", { name: "Tools" }).click();
    await page.getByRole("tab", { name: "Actions" }).click();
    await button("Action").click();
    await page.locator("input:visible").last().fill("IntelliSMS: Simulate message");
    await option("Simulate message").click();
    await tick("Text");
    await field("Text").getByRole("textbox").fill("Is the gate shut?");
    await field("Virtual number").getByText("Select a device").click();
    await option("Gate").click();
    await picture("simulate");
    await button("Perform action").click();
    await becomes("sensor.gate_last_message", "Is the gate shut?");
  },

  "type the keys for sending": async () => {
    await integrationPage();
    await entryButton("Menu");
    await page.getByText("Reconfigure", { exact: true }).first().click();
    await page.getByText("Keys for sending", { exact: true }).click();
    const keys = page.locator("ha-form ha-selector-text input");
    const [access, secret] = [keys.nth(0), keys.nth(1)];
    await access.fill("wrong");
    await secret.fill("wrong");
    await button("Submit").click();
    await page.getByText("IntelliSMS refuses these keys").first().waitFor();
    await access.fill(house.keys.access);
    await secret.fill(house.keys.secret);
    await look("keys");
    await button("Submit").click();
    await page.getByText("Keys for sending", { exact: true }).waitFor({ state: "hidden" });
    await page.keyboard.press("Escape");
    await becomes("sensor.intellisms_balance", "100.0");
  },

  "send buttons, and open the gate by a tap": async () => {
    await call("input_boolean", "turn_off", "input_boolean.gate_open");
    await performFor("Alice", "Send message");
    await page.getByText("Answers and picture").first().click();
    await tick("Answers");
    await list("Answers", ["Open", "Not now"]);
    await write("Message", "Somebody is at the gate");
    await page.keyboard.press("Tab");
    await picture("send");
    await button("Perform action").click();
    await page.waitForFunction(
      () => document.querySelector("home-assistant").hass.states["notify.alice"].state !== "unknown",
    );
    assert.equal(await tapped(await sent(1), 0), 200);
    await becomes("input_boolean.gate_open", "on");
  },

  "paste the cards of the documentation": async () => {
    await command({
      type: "lovelace/dashboards/create", url_path: "the-house", title: "House", mode: "storage",
    });
    const cards = JSON.parse(
      JSON.stringify(house.cards).replaceAll("GATE", gateId).replaceAll('"Anna"', '"Alice"'),
    );
    const config = { views: [{ title: "Messages", cards }] };
    await command({ type: "lovelace/config/save", url_path: "the-house", config });
    await goto("/the-house");
    await page.getByText("Is the gate shut?").first().waitFor();
    for (const said of [
      ...["Good morning", "Is anybody at home?", "I have your parcel"].map((words) => ({
        ...text(words), from: STRANGER,
      })),
      ...["Please put it into the shed", "I am at the gate now"].map(text), tap("Open"),
      ...["Thank you!", "Did I leave the light on?", "Never mind, I am back soon"].map(text),
    ]) {
      assert.equal(await deliver(door, said), 200);
    }
    await page.getByText("Open", { exact: true }).last().click();
    await becomes("sensor.gate_last_message", "Open");
    await page.getByRole("paragraph").filter({ hasText: "Open" }).first().waitFor();
    await picture("dashboard");
  },

  "see it on a phone, by day and by night": async () => {
    const pages = {
      editor: () => edit("automation.close_the_gate"),
      device: () => goto(`/config/devices/device/${gateId}`),
      dashboard: () => goto("/the-house"),
    };
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        for (const [name, open] of Object.entries(pages)) {
          await open();
          await look(`${name}_${size}_${colorScheme}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= viewport.width, `${name} is ${wide} wide`);
        }
      }
    }
    await page.setViewportSize(SIZES.desktop);
  },

  "see it in other languages": async () => {
    for (const language of ["de", "pl", "en"]) {
      await page.evaluate((chosen) => {
        localStorage.setItem("selectedLanguage", JSON.stringify(chosen));
      }, language);
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await edit("automation.close_the_gate");
        await look(`editor_${size}_${language}`);
        await page.goto(`${house.url}/config/integrations/integration/intellisms`);
        // The name of what configures depends on the language; it comes after what unfolds the row.
        await page.locator("ha-config-entry-row").first().getByRole("button").nth(1).click();
        await page.locator("ha-form").first().waitFor();
        await look(`options_${size}_${language}`);
      }
    }
    await page.setViewportSize(SIZES.desktop);
  },

  "build what answers a tap, and what follows the answer": async () => {
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    await find("Button tapped");
    await aim("Alice");
    await tick("Buttons");
    await list("Buttons", ["Let in"]);
    await page.getByText("Add action").first().click();
    await find("IntelliSMS: Reply");
    await write("Message", "The door is open");
    await look("editor_reply");
    await saveQueued("Let them in");
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    await find("Delivery changed");
    await shows("mdi:message-check", "ha-automation-trigger-row ha-trigger-icon");
    await aim("Alice");
    await tick("Status");
    await field("Status").getByText("Add", { exact: true }).click();
    await option("Read").click();
    await page.keyboard.press("Escape");
    await look("editor_delivery");
    await act("Turn off");
    const { triggers } = await saveQueued("It was read");
    assert.deepEqual(triggers[0].options, { status: ["read"] });
  },

  "show who is at the door, and follow the answer to the eye": async () => {
    await performFor("Alice", "Send message");
    await page.getByText("Answers and picture").first().click();
    await tick("Answers");
    await list("Answers", ["Let in", "Not now"]);
    await tick("Picture");
    await field("Picture").locator("ha-selector-media").click();
    for (const place of ["Camera", "Doorbell"]) {
      await page.locator("ha-dialog, ha-adaptive-dialog").getByText(place, { exact: true }).last().click();
    }
    await field("Picture").getByText("Doorbell").waitFor();
    await write("Message", "Somebody is at the door");
    await page.keyboard.press("Tab");
    await look("send_picture");
    await button("Perform action").click();
    const shown = await sent(2);
    const { pathname } = new URL(shown.object.interactive.header.image.link);
    const fetched = [await fetch(house.url + pathname), await fetch(house.url + pathname)];
    assert.deepEqual(fetched.map(({ status }) => status), [200, 404]);
    assert.equal(fetched[0].headers.get("content-type"), "image/png");
    await becomes("input_boolean.gate_open", "on");
    assert.equal(await tapped(shown, 0), 200);
    const answer = await sent(3);
    await report(answer, "delivered", 4);
    await becomes("sensor.alice_last_delivery", "delivered");
    await report(answer, "read", 14);
    await becomes("input_boolean.gate_open", "off");
    await goto(`/config/devices/device/${aliceId}`);
    await page.getByText("Last delivery").first().waitFor();
    await page.getByText("Read", { exact: true }).first().waitFor();
    await look("contact_device");
    await goto("/logbook");
    await page.getByText("has read a message").first().waitFor();
    await look("activity");
  },

  "ask, and act on the answer in the same run": async () => {
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    for (const branch of ["Helpers", "Input button", "Bell"]) {
      await page.getByRole("treeitem", { name: branch, exact: true }).click();
    }
    await page.getByText("Button pressed").last().click();
    await page.getByText("Add action").first().click();
    await find("IntelliSMS: Ask");
    await aim("Alice");
    await list("Answers", ["Open", "Not now"]);
    await write("Question", "Open the gate?");
    await tick("Response variable");
    await write("Response variable", "asked");
    await page.getByText("Add action").first().click();
    await find("If-then");
    const branch = page.locator("ha-automation-action-row").last();
    await branch.getByText("Add condition").first().click();
    await find("Template");
    await page.locator("ha-automation-sidebar .cm-content").click();
    await page.keyboard.insertText("{{ asked.answer == 'Open' }}");
    await act("Turn on");
    await page.locator("ha-automation-action-row").getByText("IntelliSMS: Ask").first().click();
    await field("Question").getByRole("textbox").waitFor();
    await picture("editor_ask");
    const { actions } = await saveQueued("Ask before it opens");
    assert.deepEqual(actions[0].data.answers, ["Open", "Not now"]);
    const others = await runs("automation.open_the_gate");
    await call("input_button", "press", "input_button.bell");
    assert.equal(await tapped(await sent(4), 0), 200);
    await becomes("input_boolean.gate_open", "on");
    assert.deepEqual(await runs("automation.ask_before_it_opens"), ["finished"]);
    assert.deepEqual(await runs("automation.open_the_gate"), others);
  },

  "see the forms of questions and contacts in other languages": async () => {
    for (const language of ["de", "en"]) {
      await page.evaluate((chosen) => {
        localStorage.setItem("selectedLanguage", JSON.stringify(chosen));
      }, language);
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await edit("automation.ask_before_it_opens");
        await page.locator("ha-automation-action-row").getByText(/IntelliSMS: /).first().click();
        await look(`ask_${size}_${language}`);
        await page.goto(`${house.url}/config/integrations/integration/intellisms`);
        const alice = page.locator("ha-config-sub-entry-row").filter({ hasText: "Alice" });
        await alice.getByRole("button").nth(1).click();
        await page.locator("ha-form ha-expansion-panel").last().click();
        await look(`contact_${size}_${language}`);
      }
    }
    await page.setViewportSize(SIZES.desktop);
  },

  "replace the address": async () => {
    await integrationPage();
    await entryButton("Menu");
    await page.getByText("Reconfigure", { exact: true }).first().click();
    await page.locator("code", { hasText: door }).waitFor();
    await hideAddresses();
    await picture("reconfigure");
    await page.getByText("Replace the address").click();
    await page.getByText("Do this if somebody else may know the address").waitFor();
    await button("Submit").click();
    await page.getByText("The address is new").waitFor();
    const old = door;
    door = new URL(await page.locator("code").innerText()).pathname;
    assert.notEqual(door, old);
    assert.equal(await deliver(old, text("To the old address")), 404);
    await goto("/config/repairs");
    const awaited = page.getByText("Nothing has come to the new address for IntelliSMS yet").first();
    await awaited.waitFor();
    assert.equal(await deliver(door, text("To the new address")), 200);
    await becomes("sensor.gate_last_message", "To the new address");
    await awaited.waitFor({ state: "hidden" });
  },

  "break the external URL, see the repair and fix it": async () => {
    await command({ type: "config/core/update", external_url: "https://moved.example.org" });
    await goto("/config/repairs");
    await page.getByText("The address for IntelliSMS has changed").first().click();
    await page.getByText("moved.example.org").first().waitFor();
    await hideAddresses();
    await picture("repair");
    await button("Submit").click();
    await page.getByText("The address for IntelliSMS has changed").first().waitFor({ state: "hidden" });
  },

  "set up without a URL, and see no address": async () => {
    await command({ type: "config/core/update", external_url: null });
    await integrationPage();
    await entryButton("Menu");
    await page.getByText("Reconfigure", { exact: true }).first().click();
    await page.getByText("No address yet").first().waitFor();
    const link = page.locator("ha-markdown a[href='/config/network']").first();
    await link.waitFor();
    assert.equal(await page.locator("code", { hasText: "/api/intellisms/" }).count(), 0);
    await page.getByText("Look again", { exact: true }).click();
    await page.getByText("No address yet").first().waitFor();
    await command({ type: "config/core/update", external_url: "https://moved.example.org" });
    await page.getByText("Look again", { exact: true }).click();
    await page.locator("code", { hasText: "moved.example.org" }).first().waitFor();
    await page.keyboard.press("Escape");
  },

  "download diagnostics": async () => {
    await integrationPage();
    await entryButton("Menu");
    const dump = await downloaded(page.getByText("Download diagnostics", { exact: true }).first());
    assert.equal(dump.data.entry.virtual_numbers, 1);
    assert.equal(dump.data.listings.length, 2);
  },

  "download diagnostics of a device": async () => {
    await goto(`/config/devices/device/${gateId}`);
    await page.getByText("To the new address").first().waitFor();
    const dump = await downloaded(page.getByText("Download diagnostics", { exact: true }).first());
    assert.equal(dump.data.kind, "virtual_number");
  },

  "type a number": async () => {
    await integrationPage();
    await page.getByText("Add virtual number").first().click();
    await page.getByText("Type the number", { exact: true }).click();
    await page.getByRole("textbox", { name: "Virtual number" }).fill("07710 12347");
    await page.getByRole("textbox", { name: "Name" }).fill("Cottage");
    await button("Submit").click();
    await page.getByText("Understood as +44 771012347.").waitFor();
    await button("Submit").click();
    await finish("Cottage");
    await page.getByText("Cottage").first().waitFor();
    await becomes("sensor.cottage_messages_received", "0");
  },

  "add a contact": async () => {
    await integrationPage();
    await page.getByText("Add contact").first().click();
    await page.getByRole("textbox", { name: "Name" }).fill("Bob");
    await page.getByRole("textbox", { name: "Numbers" }).fill("+44 7710 12349");
    await button("Submit").click();
    await finish("Bob");
    assert.equal(await deliver(door, { ...text("It is Bob"), from: BOB }), 200);
    await becomes("sensor.gate_last_sender", "Bob");
  },

  "keep waiting, and catch a second number": async () => {
    // What came meanwhile was for a number that is there.
    await waiting.getByText("It works, but this number is there already").waitFor();
    await waiting.getByText("Keep waiting", { exact: true }).click();
    await waiting.getByText("Send any text to your IntelliSMS number now").waitFor();
    assert.equal(await deliver(door, { ...text("Hello, office"), to: OFFICE }), 200);
    await waiting.getByText("It works").waitFor();
    await waiting.getByRole("textbox", { name: "Name of the number" }).fill("Office");
    await waiting.getByRole("button", { name: "Submit" }).click();
    await becomes("sensor.office_last_message", "Hello, office");
    await waiting.close();
  },

  "see a number that is not set up, and ignore it": async () => {
    assert.equal(await deliver(door, { ...text("Is this the barn?"), to: BARN }), 200);
    await goto("/config/repairs");
    const about = page.getByText(`Messages arrive for +${BARN}`).first();
    await about.click();
    await page.locator("code", { hasText: "Is this the barn?" }).waitFor();
    await page.getByText("Ignore", { exact: true }).last().click();
    await page.getByText("This repair is not shown any more.").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await deliver(door, { ...text("Hello?"), to: BARN }), 200);
    const { issues } = await command({ type: "repairs/list_issues" });
    const numbers = issues.filter((issue) => issue.translation_key === "unknown_number");
    assert.deepEqual(numbers.map((issue) => issue.ignored), [true]);
  },

  "accept known contacts only, and everyone again": async () => {
    await accept("Known contacts only");
    await picture("options");
    await saveOptions();
    const gate = () =>
      page.evaluate(() =>
        Object.values(document.querySelector("home-assistant").hass.states)
          .filter((state) => state.entity_id.includes(".gate_"))
          .map((state) => [state.entity_id, state.last_updated]),
      );
    const before = await gate();
    assert.equal(await deliver(door, { ...text("Anybody there?"), from: STRANGER }), 200);
    await becomes("sensor.intellisms_messages_ignored", "1");
    assert.deepEqual(await gate(), before);
    await accept("Everyone");
    await saveOptions();
    assert.equal(await deliver(door, { ...text("And now?"), from: STRANGER }), 200);
    await becomes("sensor.gate_last_message", "And now?");
  },

  "ask, restart, and let the other half act on the answer": async () => {
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    await find("Question answered");
    await list("Questions", ["Night"]);
    await tick("Answers");
    await list("Answers", ["Shut it"]);
    await look("editor_question_answered");
    await act("Turn off");
    const { triggers } = await saveQueued("Shut for the night");
    assert.deepEqual(triggers[0].options, { question: ["Night"], answer: ["Shut it"] });
    await performFor("Alice", "Ask");
    await list("Answers", ["Shut it", "Leave it"]);
    await write("Question", "Shut the gate for the night?");
    await page.getByText("Name, waiting and code").first().click();
    await tick("Name");
    await write("Name", "Night");
    await field("Wait for the answer").locator("ha-switch").click();
    await look("ask_without_waiting");
    await button("Perform action").click();
    const asked = await sent(5);
    assert.ok((await fetch(`${house.backstage}/restart`, { method: "POST" })).ok);
    await goto("/config");
    await becomes("input_boolean.gate_open", "on");
    assert.equal(await tapped(asked, 0), 200);
    await becomes("input_boolean.gate_open", "off");
    assert.deepEqual(await runs("automation.shut_for_the_night"), ["finished"]);
  },

  "remove the integration": async () => {
    await integrationPage();
    await entryButton("Menu");
    await page.getByText("Delete", { exact: true }).first().click();
    await button("Delete").click();
    await page.waitForFunction(
      () =>
        !Object.keys(document.querySelector("home-assistant").hass.states).some((id) =>
          id.includes("gate_last"),
        ),
    );
    assert.equal(await deliver(door, text("Anybody there?")), 404);
  },
};

let failed = 0;
for (const [name, walk] of Object.entries(steps)) {
  try {
    await step(name, walk);
  } catch (error) {
    console.error(`FAILED: ${name}\n${error.message}`);
    await page.screenshot({ path: join(tmpdir(), "intellisms-e2e-failed.png") });
    failed = 1;
    break;
  }
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
process.exit(failed);
