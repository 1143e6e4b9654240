"""The redaction a run is shown with: what its policies say, as they are on disk and as they were when they decided,
and what the workspace says. The strictest view of all of them: a rule that is gone today still hides yesterday's run.
"""

from collections.abc import Iterable

from pointsman.errors import JournalError
from pointsman.journal import Store
from pointsman.journal.replay import states
from pointsman.kernel.envelope import envelope
from pointsman.kernel.events import Decided, Json, RunStarted
from pointsman.kernel.state import State
from pointsman.language.analysis import Files, analyse
from pointsman.language.source import Source
from pointsman.runtime.workspace import MAX_FILE, Place
from pointsman.security.redaction import Redactor, Rule


def redactor_for(place: Place, store: Store, run_id: str) -> Redactor:
    """The redactor of a run as recorded so far. Texts that can not be read any more have no rules to give."""
    records = list(store.records(run_id))
    started = [record.event for record in records if isinstance(record.event, RunStarted)]
    decided = [record.event for record in records if isinstance(record.event, Decided)]
    stamps = {stamp.hash for event in decided for stamp in event.policies}
    sources = [*_on_disk(place, started[0].policies if started else ()), *_as_decided(store, stamps)]
    hide = Redactor([*place.settings.redact, *(rule for source in sources for rule in _rules(source))])
    if hide.learns:
        for _, state in states(store, run_id):
            learn_state(hide, state)
    return hide


def redactor_before(place: Place, policies: Iterable[str] = (), value: Json = None) -> Redactor:
    """What hides a run's secrets before there is one: of its input, in all that is said of why it can not start."""
    rules = (rule for source in _on_disk(place, policies) for rule in _rules(source))
    hide = Redactor([*place.settings.redact, *rules])
    if hide.learns:
        hide.learn({"input": _as_texts(value)})
    return hide


def learn_state(hide: Redactor, state: State) -> None:
    """Let a redactor with paths see a state, in each of its branches."""
    if hide.learns:
        for branch in state.branches.values():
            hide.learn(envelope(state, branch))


def _as_texts(value: Json) -> Json:
    """A value with its numbers as they are written: the reason of a refusal quotes them like texts."""
    match value:
        case dict():
            return {key: _as_texts(item) for key, item in value.items()}
        case list():
            return [_as_texts(item) for item in value]
        case bool():
            return value
        case int() | float():
            return str(value)
        case _:
            return value


def _rules(source: Source) -> list[Rule]:
    return [rule for policy in analyse(source, Files({})).policies for rule in policy.redact]


def _on_disk(place: Place, paths: Iterable[str]) -> Iterable[Source]:
    for path in paths:
        file = place.root / path
        try:
            if file.stat().st_size <= MAX_FILE:
                yield Source(path, file.read_bytes())
        except OSError:
            continue


def _as_decided(store: Store, hashes: Iterable[str]) -> Iterable[Source]:
    for wanted in sorted(hashes):
        try:
            found = store.definition(wanted)
        except JournalError:
            continue
        yield Source(found.path if found.path.endswith(".yaml") else "pinned.policy.yaml", found.text)
