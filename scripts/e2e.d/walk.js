// The browser's part of scripts/e2e: each step is printed, a picture is taken, the first failure ends it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const house = JSON.parse(process.env.HOUSE);
const GATE = "44771012346";
const ALICE = "44771012345";
const STRANGER = "44771099999";
const SECRETS = [
  GATE, ALICE, STRANGER, "Gate", "Alice", "Are you at home?", "Open", "example.org", "/api/intellisms",
];

const profile = mkdtempSync(join(tmpdir(), "intellisms-e2e-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  viewport: { width: 1280, height: 800 },
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(30_000);

const goto = (path) => page.goto(house.url + path);
const command = (message) =>
  page.evaluate((m) => document.querySelector("home-assistant").hass.callWS(m), message);
const state = (entity) =>
  page.evaluate((id) => document.querySelector("home-assistant").hass.states[id]?.state, entity);
const becomes = (entity, wanted) =>
  page.waitForFunction(
    ([id, value]) => document.querySelector("home-assistant").hass.states[id]?.state === value,
    [entity, wanted],
  );
const button = (name) => page.getByRole("button", { name, exact: true }).last();

async function picture(name) {
  // Icons are fetched when they are first shown.
  await page.waitForLoadState("networkidle");
  // What moves in Home Assistant's dialogs has to have stopped.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null))),
  );
  await page.screenshot({ path: join(house.images, `${name}.png`), animations: "disabled" });
}

const entryMenu = () =>
  page.locator("ha-config-entry-row").first().getByRole("button", { name: "Menu" }).first().click();

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
    // The picture is public; an address is a secret even where it leads nowhere.
    await page.locator("code").evaluate((code) => {
      code.textContent = "https://home.example.org/api/intellisms/5f0c…";
    });
    await picture("setup_address");
    const browsed = await fetch(house.url + door);
    assert.match(await browsed.text(), /right address/);
  },

  "send a text while it waits": async () => {
    await page.getByText("I am sending a text to my number now").click();
    await page.getByText("Send any text to your IntelliSMS number now").waitFor();
    await picture("setup_wait");
    assert.equal(await deliver(door, text("Hello from Alice")), 200);
    await page.getByText("It works").waitFor();
  },

  "keep the sender as a contact": async () => {
    const fields = page.locator("ha-form ha-selector-text input");
    await fields.nth(0).fill("Gate");
    await page.locator("ha-form ha-switch, ha-form [role=switch]").first().click();
    await fields.nth(1).fill("Alice");
    await picture("setup_caught");
    await button("Submit").click();
    await page.getByText("It works").waitFor({ state: "hidden" });
    await becomes("sensor.gate_last_message", "Hello from Alice");
    assert.equal(await state("sensor.gate_last_sender"), "Alice");
  },

  "see the device page change": async () => {
    const devices = await command({ type: "config/device_registry/list" });
    gateId = devices.find((device) => device.name === "Gate").id;
    await goto(`/config/devices/device/${gateId}`);
    await page.getByText("Hello from Alice").first().waitFor();
    assert.equal(await deliver(door, text("Are you at home?")), 200);
    await page.getByText("Are you at home?").first().waitFor();
    await picture("device");
    await goto("/config/integrations/integration/intellisms");
    await page.getByText("Add contact").first().waitFor();
    await page.getByText("Alice").first().waitFor();
    await picture("integration");
  },

  "build an automation by clicks": async () => {
    await goto("/config/automation/edit/new");
    await page.getByText("Add trigger").first().click();
    for (const name of ["Message received", "Button tapped"]) {
      await page.locator("input:visible").last().fill(name);
      await page.getByText(name, { exact: true }).first().waitFor();
    }
    await picture("editor_triggers");
    await page.getByText("When somebody taps a button in WhatsApp.").click();
    await page.getByText("These contacts").first().waitFor();
    await page.getByText("Virtual numbers").first().waitFor();
    const boxes = page.locator("ha-checkbox:visible");
    await boxes.nth(0).click();
    await page.getByText("Add", { exact: true }).first().click();
    await page.locator("ha-selector-text input").first().fill("Open");
    await boxes.nth(3).click();
    await page.getByText("Select a device").last().click();
    await page.getByText("Alice").first().click();
    await picture("editor_trigger");
    await page.getByText("Add action").first().click();
    await page.locator("input:visible").last().fill("Gate open");
    await page.getByText("Gate open", { exact: true }).last().click();
    await page.getByText("Turn on", { exact: false }).last().click();
    await page.getByText("Add condition").first().click();
    await page.locator("input:visible").last().fill("Last message");
    await page.getByText("If the last message to a virtual number").first().waitFor();
    await picture("editor_condition");
    await page.keyboard.press("Escape");
    await page.getByText("Save", { exact: true }).last().click();
    const name = page.locator("ha-dialog input:visible, ha-wa-dialog input:visible").first();
    await name.fill("Open the gate");
    await page.locator("ha-dialog-footer").getByText("Save", { exact: true }).last().click();
    await becomes("automation.open_the_gate", "on");
  },

  "run an automation by a tap": async () => {
    assert.equal(await deliver(door, { ...tap("Open"), from: STRANGER }), 200);
    assert.equal(await state("input_boolean.gate_open"), "off");
    assert.equal(await deliver(door, tap("Open")), 200);
    await becomes("input_boolean.gate_open", "on");
  },

  "break the external URL, see the repair and fix it": async () => {
    await command({ type: "config/core/update", external_url: "https://moved.example.org" });
    await goto("/config/repairs");
    await page.getByText("The address for IntelliSMS has changed").first().click();
    await page.getByText("moved.example.org").first().waitFor();
    await page.locator("code").first().evaluate((code) => {
      code.textContent = "https://moved.example.org/api/intellisms/5f0c…";
    });
    await picture("repair");
    await button("Submit").click();
    await page.getByText("The address for IntelliSMS has changed").first().waitFor({ state: "hidden" });
  },

  "download diagnostics": async () => {
    await goto("/config/integrations/integration/intellisms");
    await page.getByText("Add contact").first().waitFor();
    await entryMenu();
    const dump = await downloaded(page.getByText("Download diagnostics", { exact: true }).first());
    assert.equal(dump.data.entry.virtual_numbers, 1);
    assert.equal(dump.data.listings.length, 2);
  },

  "download diagnostics of a device": async () => {
    await goto(`/config/devices/device/${gateId}`);
    await page.getByText("Are you at home?").first().waitFor();
    const dump = await downloaded(page.getByText("Download diagnostics", { exact: true }).first());
    assert.equal(dump.data.kind, "virtual_number");
  },

  "remove the integration": async () => {
    await goto("/config/integrations/integration/intellisms");
    await page.getByText("Add contact").first().waitFor();
    await entryMenu();
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
