import { strict as assert } from "node:assert";
import { join } from "node:path";
import { causeOf } from "../../../src/debug/causes";
import { fillIn, languageOf, placeFile, readProgram, sessionName, titleOf, writeProgram } from "../../../src/debug/programs";
import { chooseRun, refusalOf } from "../../../src/going";
import type { Run, RunStatus } from "../../../src/server/protocol";
import { desk, put } from "../server/commands";

describe("what is run", () => {
  it("is a file, or one pipeline of it", () => {
    assert.deepEqual(readProgram("a.pipeline.yaml", "/shop"), { path: "/shop/a.pipeline.yaml", pipeline: "" });
    assert.deepEqual(readProgram("/x/a.pipeline.yaml#b", "/shop"), { path: "/x/a.pipeline.yaml", pipeline: "b" });
    const odd = put(join(desk(), "c#.pipeline.yaml"));
    assert.deepEqual(readProgram(odd, undefined), { path: odd, pipeline: "" });
    assert.equal(writeProgram(readProgram("/x/a.pipeline.yaml#b", undefined)), "/x/a.pipeline.yaml#b");
  });

  it("has a short name", () => {
    assert.equal(titleOf({ path: "/x/triage.pipeline.yaml", pipeline: "" }), "triage");
    assert.equal(titleOf({ path: "/x/triage.pipeline.yml", pipeline: "other" }), "other");
  });

  it("names its session by what is done with it", () => {
    const program = { path: "/x/triage.pipeline.yaml", pipeline: "" };
    assert.equal(sessionName(program), "Debug triage");
    assert.equal(sessionName(program, { noDebug: true }), "Run triage");
    assert.equal(sessionName(program, { noDebug: true, rerun: "latest" }), "Go on triage");
  });

  it("is found where a launch.json has variables in its path", () => {
    const [one, two] = [desk(), desk()];
    const path = put(join(two, "a.pipeline.yaml"));
    const found = (named: string, folders: string[]) => fillIn(named, folders, path)?.path;
    assert.equal(found("${workspaceFolder}/a.pipeline.yaml", [one, two]), path);
    assert.equal(found("a.pipeline.yaml", [one, two]), path);
    assert.deepEqual(fillIn("${workspaceFolder}/a.pipeline.yaml#b", [one, two], undefined), { path, pipeline: "b" });
    assert.equal(found("${workspaceFolder}/none.pipeline.yaml", [one, two]), join(one, "none.pipeline.yaml"));
    assert.equal(found("${file}", []), path);
    assert.equal(found("${workspaceFolder}/a.pipeline.yaml", []), undefined);
    assert.equal(fillIn("${file}", [one], undefined), undefined);
    assert.equal(fillIn("${env:WHERE}/a.pipeline.yaml", [one], path), undefined);
  });

  it("has the language of its file, whichever version of it is shown", () => {
    assert.equal(languageOf("/x/triage.pipeline.yaml"), "pointsman-pipeline");
    assert.equal(languageOf("/x/safety.policy.yml as of run 7"), "pointsman-policy");
    assert.equal(languageOf("/x/replies.yaml"), undefined);
  });

  it("has its files in the folder, or beside it", () => {
    const root = desk();
    const beside = put(join(root, "pipelines/input.json"));
    const program = join(root, "pipelines/a.pipeline.yaml");
    assert.equal(placeFile("input.json", root, program), beside);
    assert.equal(placeFile("input.json", root, program), beside);
    const within = put(join(root, "input.json"));
    assert.equal(placeFile("input.json", root, program), within);
    assert.equal(placeFile("none.json", root, program), "none.json");
    assert.equal(placeFile("/abs.json", root, program), "/abs.json");
  });
});

describe("why a start was refused", () => {
  it("is said by its sentence, and by what the editor shows", () => {
    assert.equal(causeOf("the input does not fit triage.pipeline.yaml: ...", true), "input");
    assert.equal(causeOf("input.json is no JSON", false), "input");
    assert.equal(causeOf("triage.pipeline.yaml has 2 errors; there is no stage x", true), "file");
    assert.equal(causeOf("there is no folder /x", false), "other");
  });
});

describe("the run to go on from", () => {
  const run = (id: string, status: RunStatus, uri = "file:///a") => ({ run: id, status, uri }) as Run;
  const runs = [run("6", "completed"), run("5", "running"), run("4", "failed", "file:///b%20c"), run("3", "waiting"), run("2", "denied"), run("1", "held", "")];

  it("is the newest one that stopped, of the file that is looked at", () => {
    assert.equal(chooseRun(runs, "/a")?.run, "3");
    assert.equal(chooseRun(runs, "/b c")?.run, "4");
    assert.equal(chooseRun(runs, undefined)?.run, "4");
  });

  it("is never another file's, where one is looked at", () => {
    assert.equal(chooseRun(runs, "/c"), undefined);
    assert.equal(chooseRun([run("5", "completed"), run("4", "asking")], undefined), undefined);
  });

  it("is not one that goes on by itself", () => {
    assert.match(refusalOf({ run: "1", live: true, held: false }) ?? "", /neither failed nor stopped/);
    assert.equal(refusalOf({ run: "1", live: true, held: true }), undefined);
    assert.equal(refusalOf({ run: "1", live: false, held: false }), undefined);
  });
});
