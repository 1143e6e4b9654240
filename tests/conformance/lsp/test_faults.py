"""Each probe can fail: a server that keeps every rule passes them all, and one broken rule is seen by its probe."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance.lsp.__main__ import USAGE, main
from conformance.lsp.client import Times
from conformance.lsp.kit import OVERALL, Row, run
from conformance.lsp.probe import PROBES, Verdict
from conformance.lsp.profile import choose
from conformance.lsp.table import as_json, line, summary

HERE = Path(__file__).parent
SERVER = [sys.executable, "-S", str(HERE / "scripted_server.py")]
# What a broken server never sends is waited for only here, so these are short; and many are waited for at a time. An
# answer that does come, but otherwise, may take its time.
QUICK = Times(start=2.5, answer=1.5, grace=0.3)
PATIENT = Times(start=20.0, answer=6.0, grace=0.6)
AT_A_TIME = 16

FAIL, OTHERWISE = Verdict.FAIL, Verdict.OTHERWISE

# The probe that looks, the fault of the scripted server, and what the probe makes of it.
SEEN: list[tuple[str, str, Verdict]] = [
    ("initialize.result", "bad-capabilities", FAIL),
    ("initialize.before-request", "served-early", OTHERWISE),
    ("initialize.before-request", "lost-32002", FAIL),
    ("initialize.before-notification", "early-kills", FAIL),
    ("initialize.second", "twice-initialized", OTHERWISE),
    ("initialize.no-capabilities", "always-trees", FAIL),
    ("initialize.no-capabilities", "asks-configuration", FAIL),
    ("client.refuses-everything", "refusal-kills", FAIL),
    ("shutdown.result", "shutdown-result", FAIL),
    ("shutdown.request-after", "served-late", OTHERWISE),
    ("shutdown.request-after", "lost-after-shutdown", FAIL),
    ("exit.after-shutdown", "odd-exit", OTHERWISE),
    ("exit.without-shutdown", "odd-exit", OTHERWISE),
    ("exit.before-initialize", "stays", FAIL),
    ("end-of-input", "immortal", FAIL),
    ("end-of-input.mid-body", "immortal-mid-body", FAIL),
    ("initialize.process-id", "orphan", OTHERWISE),
    ("header.lower-case", "one-case", FAIL),
    ("header.odd-case", "two-cases", FAIL),
    ("header.content-type", "no-content-type", FAIL),
    ("header.content-type-first", "one-header", FAIL),
    ("stream.two-in-one-write", "one-per-read", FAIL),
    ("stream.one-byte-writes", "whole-reads", FAIL),
    ("stream.characters-split", "counts-characters", FAIL),
    ("stream.64-mebibytes", "small-buffer", FAIL),
    ("request.unknown", "odd-codes", OTHERWISE),
    ("request.unknown", "lost-32601", FAIL),
    ("request.unknown-without-params", "needs-params", FAIL),
    ("request.unknown-dollar", "dollar-served", FAIL),
    ("notification.unknown", "answers-notifications", FAIL),
    ("notification.unknown-dollar", "answers-notifications", FAIL),
    ("notification.bad-params", "bad-notification-kills", FAIL),
    ("notification.cancel-unknown", "cancel-kills", FAIL),
    ("response.unexpected", "refusal-kills", FAIL),
    ("json.malformed", "silent-on-json", OTHERWISE),
    ("json.malformed", "dies-of-json", FAIL),
    ("json.bad-utf-8", "dies-of-json", FAIL),
    ("json.deep", "dies-of-json", FAIL),
    ("json.scalar", "dies-of-scalars", FAIL),
    ("json.batch", "dies-of-scalars", FAIL),
    ("request.no-method", "method-kills", FAIL),
    ("request.no-jsonrpc", "method-kills", FAIL),
    ("request.ids", "loses-falsy-ids", FAIL),
    ("request.ids", "ids-to-text", FAIL),
    ("request.extra-members", "inner-jsonrpc", FAIL),
    ("request.lone-surrogate", "surrogate-kills", FAIL),
    ("request.cancelled", "twice", FAIL),
    ("providers.valid-calls", "invalid-result", FAIL),
    ("providers.valid-calls", "announces-too-much", FAIL),
    ("providers.unopened", "asked-unopened-kills", FAIL),
    ("providers.unannounced", "announces-too-little", OTHERWISE),
    ("params.missing", "lax", OTHERWISE),
    ("params.missing", "lost-32602", FAIL),
    ("params.null", "lax", OTHERWISE),
    ("params.empty", "lax", OTHERWISE),
    ("params.array", "lax", OTHERWISE),
    ("params.wrong-types", "lax", OTHERWISE),
    ("params.negative-position", "negative-kills", FAIL),
    ("command.unknown", "any-command", OTHERWISE),
    ("actions.edits", "actions-of-yesterday", FAIL),
    ("actions.edits", "actions-meet", FAIL),
    ("actions.edits", "actions-nowhere", FAIL),
    ("actions.without-literals", "always-literals", FAIL),
    ("document.change-unopened", "unopened-kills", FAIL),
    ("document.close-unopened", "close-kills", FAIL),
    ("document.open-twice", "open-twice-kills", FAIL),
    ("document.version-backwards", "version-kills", FAIL),
    ("document.odd-uris", "uri-kills", FAIL),
    ("document.nul-and-bom", "nul-kills", FAIL),
    ("document.close-clears", "keeps-diagnostics", OTHERWISE),
    ("encoding.default", "own-encoding", FAIL),
    ("encoding.utf-16", "counts-code-points", FAIL),
    ("encoding.utf-8-first", "counts-code-points", FAIL),
    ("encoding.utf-32-first", "own-encoding", FAIL),
    ("lines.u+2028", "splitlines", FAIL),
    ("lines.u+2029", "splitlines", FAIL),
    ("lines.u+0085", "splitlines", FAIL),
    ("lines.form-feed", "splitlines", FAIL),
    ("lines.crlf", "crlf-twice", FAIL),
    ("lines.lone-cr", "newline-only", FAIL),
    ("edit.behind-emoji", "counts-code-points", FAIL),
    ("edit.one-by-one", "changes-reversed", FAIL),
    ("edit.whole-text", "no-whole-text", FAIL),
    ("edit.past-line-end", "swallows-line-end", FAIL),
    ("edit.at-the-end", "clamps-short", FAIL),
    ("edit.past-the-last-line", "clamps-short", FAIL),
    ("position.nowhere", "nowhere-kills", FAIL),
]

# The same for what is judged over all that was said, and the probe that makes the server say it.
SEEN_OVERALL: list[tuple[str, str, str]] = [
    ("overall.valid-messages", "no-jsonrpc", "request.unknown"),
    ("overall.valid-messages", "invalid-result", "providers.valid-calls"),
    ("overall.frames-only", "prints", "request.unknown"),
    ("overall.one-answer", "twice", "providers.valid-calls"),
    ("overall.one-answer", "lost-32602", "params.missing"),
    ("overall.quiet-before-initialize", "talks-early", "initialize.result"),
    ("overall.asks-what-is-declared", "asks-configuration", "initialize.no-capabilities"),
]

Broken = dict[tuple[str, str], dict[str, Row]]  # what each probe and each fault gave, by row


def rows(root: Path, *only: str, fault: str = "", times: Times = QUICK) -> dict[str, Row]:
    argv = [*SERVER, *(["--fault", fault] if fault else [])]
    return {row.name: row for row in run(argv, choose(argv), root, only=only, times=times)}


def test_a_server_that_keeps_every_rule_passes_every_probe(tmp_path: Path) -> None:
    found = rows(tmp_path, times=Times())
    assert not [line(row) for row in found.values() if row.finding.verdict is not Verdict.PASS]
    assert len(found) == len(PROBES) + len(OVERALL)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """What each probe says to each fault that it is to see."""
    root = tmp_path_factory.mktemp("conformance")
    times = {(probe, fault): QUICK for _, fault, probe in SEEN_OVERALL}
    times |= {(probe, fault): QUICK if verdict is FAIL else PATIENT for probe, fault, verdict in SEEN}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = pool.map(lambda pair: rows(root, pair[0], fault=pair[1], times=times[pair]), times)
        return dict(zip(times, found, strict=True))


@pytest.mark.parametrize(("probe", "fault", "verdict"), SEEN)
def test_a_broken_rule_is_seen(probe: str, fault: str, verdict: Verdict, broken: Broken) -> None:
    row = broken[probe, fault][probe]
    assert row.finding.verdict is verdict, line(row)


@pytest.mark.parametrize(("overall", "fault", "probe"), SEEN_OVERALL)
def test_what_no_single_probe_sees_is_seen_over_all(overall: str, fault: str, probe: str, broken: Broken) -> None:
    row = broken[probe, fault][overall]
    assert row.finding.verdict is Verdict.FAIL, line(row)


def test_no_probe_is_without_a_fault_that_it_sees() -> None:
    assert {one.name for one in PROBES} == {name for name, _, _ in SEEN}
    assert {name for name, _, _, _ in OVERALL} == {name for name, _, _ in SEEN_OVERALL}


def test_a_server_that_does_not_come_up_fails_and_the_kit_ends(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    found = run(argv, choose(argv), tmp_path, only=["request.unknown", "exit.after-shutdown"], times=QUICK)
    said = {row.name: row.finding for row in found}
    assert said["request.unknown"].verdict is Verdict.FAIL
    assert said["request.unknown"].found == "initialize: exits with 3"
    assert said["exit.after-shutdown"].found == "initialize: exits with 3"


def test_the_command_line_counts_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--timeout", "1", "--grace", "0.2", "--root", str(tmp_path), "--only", "request.unknown-dollar"]
    assert main([*options, "--", *SERVER]) == 0
    assert "6 pass, 0 fail" in capsys.readouterr().out
    assert main([*options, "--", *SERVER, "--fault", "dollar-served"]) == 1
    assert "FAIL       request.unknown-dollar" in capsys.readouterr().out
    assert main([*options, "--json", "--", *SERVER]) == 0
    assert json.loads(capsys.readouterr().out)["profile"] == "words"
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(PROBES) + len(OVERALL)
    assert main(options) == USAGE
    assert main([*options, "--", str(tmp_path / "no-such-server")]) == USAGE


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    found = list(rows(tmp_path, "initialize.second", fault="twice-initialized").values())
    assert line(found[0]).startswith("otherwise  initialize.second")
    assert "may only be sent once" in line(found[0])
    listed = json.loads(as_json(SERVER, "words", found))
    assert [one["probe"] for one in listed["rows"]] == [row.name for row in found]
    assert listed["rows"][0]["verdict"] == "answers otherwise"
    assert summary(found) == "5 pass, 0 fail, 1 answers otherwise, 0 not applicable"
