"""Which run somebody means: an id, the start of one, `latest`, `latest:failed`; one answer for every store."""

from collections.abc import Sequence
from difflib import get_close_matches

from msgspec import structs

from pointsman.errors import Misuse, RunUnavailable
from pointsman.journal.store import STATUSES, Lease, RunRow


def wanted_by(selector: str) -> str | None:
    """The outcome or status behind `latest:`, "" for plain `latest`, None for an id."""
    if selector == "latest":
        return ""
    return selector.removeprefix("latest:") if selector.startswith("latest:") else None


def is_wanted(row: RunRow, wanted: str) -> bool:
    """Is this a run of that outcome or status?"""
    return wanted in ("", row.outcome, row.status)


def pick(selector: str, found: Sequence[str]) -> str:
    """The one id of those that start with `selector`. Raises RunUnavailable `run_ambiguous`."""
    if len(found) > 1:
        some = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
        raise RunUnavailable("run_ambiguous", f"Several runs begin with {selector!r}: {some}", "Write more of the id.")
    return found[0]


def unknown(selector: str, ids: Sequence[str]) -> RunUnavailable:
    """No such run; the hint names the nearest of `ids` (newest first)."""
    if not ids:
        return RunUnavailable("run_unknown", f"There is no run {selector!r}: the journal has no runs yet")
    near = get_close_matches(selector, ids, n=3, cutoff=0.5) or list(ids[:3])
    wanted = wanted_by(selector)
    what = f"There is no run {selector!r}" if wanted is None else f"No run is {wanted or 'there'}"
    return RunUnavailable("run_unknown", what, f"Nearest: {', '.join(near)}.")


def hosted(run_id: str, lease: Lease) -> RunUnavailable:
    """The run has a host that lives."""
    where = f" at {lease.endpoint}" if lease.endpoint else ""
    return RunUnavailable(
        "run_is_hosted",
        f"Run {run_id} is hosted by {lease.host} (process {lease.pid}){where}",
        "Attach to it there, or end that process first.",
    )


def ended(run_id: str, outcome: str) -> RunUnavailable:
    """The run is over and takes no host."""
    return RunUnavailable("run_ended", f"Run {run_id} has ended ({outcome})", "Start a new run from one of its events.")


def as_it_stands(row: RunRow, is_hosted: bool) -> RunRow:
    """The row as it reads now: a run said to be running that nobody runs is interrupted."""
    if row.status == "running" and not is_hosted:
        return structs.replace(row, status="interrupted")
    return row


def check_status(status: str) -> None:
    """Raises Misuse `status_unknown`."""
    if status not in STATUSES:
        raise Misuse("status_unknown", f"A run is one of {', '.join(STATUSES)}; not {status!r}")
