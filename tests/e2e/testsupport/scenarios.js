// VS Code's own test client against an adapter: node scenarios.js <pointsman> <folder> <scenario>. Silent when all is well.
const assert = require("node:assert");
const path = require("node:path");
const { DebugClient } = require("./debugClient.js");

const [command, folder, wanted] = process.argv.slice(2);
const program = path.join(folder, "desk.pipeline.yaml");
const MONEY = { program, input: { ticket: "my money back" } };
const EMPTY = { program, input: { ticket: "" } };
const SECONDS = 20;

// Where the desk's stages stand.
const TRIAGE = { path: program, line: 16, column: 3 };
const AGENT = { path: program, line: 17, column: 12 };
const ROUTE = { path: program, line: 21, column: 9 };
const CHECKS = { path: program, line: 23, column: 3 };
const REPLY = { path: program, line: 27, column: 3 };

const scenarios = {
  async the_start_has_its_order(client) {
    const seen = [];
    const dispatch = client.dispatch.bind(client);
    client.dispatch = (body) => {
      const { event, command } = JSON.parse(body);
      seen.push(event ? `(${event})` : command);
      dispatch(body);
    };
    const initialized = client.waitForEvent("initialized");
    const launched = client.launch({ ...MONEY, stopOnEntry: true });
    await initialized;
    await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [] });
    const stopped = client.assertStoppedLocation("entry", TRIAGE);
    await Promise.all([client.configurationDoneRequest(), launched, stopped]);
    assert.deepEqual(seen, [
      "initialize",
      "(initialized)",
      "setBreakpoints",
      "configurationDone",
      "launch",
      "(process)",
      "(thread)",
      "(stopped)",
      "stackTrace",
    ]);
  },

  async a_breakpoint_is_hit(client) {
    await client.hitBreakpoint(MONEY, REPLY);
  },

  async a_breakpoint_on_any_line_of_a_stage_is_the_stages(client) {
    await client.hitBreakpoint(MONEY, { path: program, line: 19 }, TRIAGE, TRIAGE);
  },

  async a_breakpoint_at_a_column_is_a_routes(client) {
    await client.hitBreakpoint(MONEY, ROUTE);
  },

  async a_breakpoint_below_the_last_stage_has_no_place(client) {
    const initialized = client.waitForEvent("initialized");
    const launched = client.launch(MONEY);
    await initialized;
    const source = { path: program };
    const { body } = await client.setBreakpointsRequest({ source, breakpoints: [{ line: 31 }, { line: 1 }] });
    assert.deepEqual(body.breakpoints.map((one) => one.verified), [false, false]);
    assert.deepEqual(body.breakpoints.map((one) => one.reason), ["failed", "failed"]);
    const ended = client.waitForEvent("terminated");
    await Promise.all([client.configurationDoneRequest(), launched, ended]);
  },

  async what_an_agent_writes_is_output(client) {
    await Promise.all([
      client.assertOutput("stdout", "sorting my money back\n"),
      client.assertOutput("stderr", "sorted\n"),
      client.waitForEvent("terminated"),
      client.configurationSequence(),
      client.launch(MONEY),
    ]);
  },

  async steps_go_in_over_and_out(client) {
    await client.hitBreakpoint(MONEY, TRIAGE);
    await step(client, "stepIn", AGENT, "policy before");
    await step(client, "stepIn", AGENT, "agent classify");
    await step(client, "next", AGENT, "policy after");
    await step(client, "stepIn", ROUTE, "route → checks");
    await step(client, "stepOut", CHECKS, "checks");
    await step(client, "next", REPLY, "reply");
    const ended = client.waitForEvent("terminated");
    const exited = client.waitForEvent("exited");
    await client.continueRequest({ threadId: 1 });
    assert.equal((await exited).body.exitCode, 0);
    await ended;
  },

  async steps_go_back_and_on_again(client) {
    await client.hitBreakpoint(MONEY, REPLY);
    await step(client, "stepBack", CHECKS, "checks");
    await step(client, "stepBack", TRIAGE, "triage");
    await step(client, "next", CHECKS, "checks");
    const stopped = client.assertStoppedLocation("entry", TRIAGE);
    await client.reverseContinueRequest({ threadId: 1 });
    await stopped;
    const again = client.assertStoppedLocation("breakpoint", REPLY);
    await client.continueRequest({ threadId: 1 });
    await again;
  },

  async an_exception_stops_and_says_why(client) {
    const initialized = client.waitForEvent("initialized");
    const launched = client.launch(EMPTY);
    await initialized;
    await client.setExceptionBreakpointsRequest({ filters: [], filterOptions: [{ filterId: "agent_error" }] });
    const stopped = client.assertStoppedLocation("exception", TRIAGE);
    await Promise.all([client.configurationDoneRequest(), launched, stopped]);
    const { body } = await client.exceptionInfoRequest({ threadId: 1 });
    assert.match(body.description, /an empty ticket/);
    assert.match(body.details.stackTrace, /desk\.py/);
    const exited = client.waitForEvent("exited");
    await client.continueRequest({ threadId: 1 });
    assert.equal((await exited).body.exitCode, 1);
  },

  async a_run_is_terminated(client) {
    await client.hitBreakpoint(MONEY, REPLY);
    const exited = client.waitForEvent("exited");
    const terminated = client.waitForEvent("terminated");
    await client.terminateRequest();
    assert.equal((await exited).body.exitCode, 130);
    await terminated;
  },

  async a_failed_run_is_looked_at_afterwards(client) {
    await Promise.all([client.waitForEvent("terminated"), client.configurationSequence(), client.launch(EMPTY)]);
    await client.stop();
    const later = await another();
    await later.initializeRequest();
    const initialized = later.waitForEvent("initialized");
    const attached = later.attachRequest({ run: "latest:failed" });
    await initialized;
    const stopped = later.assertStoppedLocation("exception", TRIAGE);
    await Promise.all([later.configurationDoneRequest(), attached, stopped]);
    await step(later, "stepBack", AGENT, "agent classify");
    const entry = later.assertStoppedLocation("entry", TRIAGE);
    await later.reverseContinueRequest({ threadId: 1 });
    await entry;
  },

  async a_client_that_starts_again_finds_all_as_before(client) {
    await client.hitBreakpoint(MONEY, REPLY);
    await client.stop();
    const again = await another();
    await again.hitBreakpoint(MONEY, REPLY);
  },
};

const clients = [];

async function another() {
  const client = new DebugClient(command, "dap", "pointsman", { cwd: folder }, true);
  client.defaultTimeout = SECONDS * 1000;
  clients.push(client);
  await client.start();
  return client;
}

async function step(client, command, place, name) {
  const stopped = client.assertStoppedLocation("step", place);
  await client.send(command, { threadId: 1 });
  assert.equal((await stopped).body.stackFrames[0].name, name);
}

another()
  .then((client) => scenarios[wanted](client))
  .catch((error) => {
    console.log(error);
    process.exitCode = 1;
  })
  .finally(() => Promise.all(clients.map((client) => client.stop())));
