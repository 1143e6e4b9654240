"""What a run looks like while it lives: events folded into lines, one per stage visit, for whoever shows them."""

from dataclasses import dataclass, field

from pointsman.kernel import events as ev


@dataclass(slots=True)
class Line:
    """One visit of a stage. `status`: running, asking, done, failed, skipped, cancelled."""

    branch: str
    stage: str
    visit: int
    started_ns: int
    status: str = "running"
    ended_ns: int = 0
    note: str = ""
    attempt: int = 1
    flag: str = ""
    reused: bool = False

    @property
    def depth(self) -> int:
        """How many forks it lies in."""
        return self.branch.count("/")


@dataclass(slots=True)
class Progress:
    """The lines of a run so far, in the order the stages were entered."""

    run_id: str
    pipeline: str = ""
    started_ns: int = 0
    lines: list[Line] = field(default_factory=list)
    outcome: str = ""
    _open: dict[str, Line] = field(default_factory=dict)

    def fold(self, record: ev.Record) -> Line | None:
        """Take one event in; returns the line that has just changed its status, if one has."""
        branch, event, now = record.branch, record.event, record.at_ns
        line = self._open.get(branch)
        match event:
            case ev.RunStarted():
                self.pipeline, self.started_ns = event.pipeline, now
            case ev.RunHosted():
                self.started_ns = self.started_ns or now
            case ev.StageEntered():
                line = self._open[branch] = Line(branch, event.stage, event.visit, now)
                self.lines.append(line)
                return line
            case ev.StageSkipped():
                line = Line(branch, event.stage, 1, now, "skipped", now)
                self.lines.append(line)
                return line
            case ev.StageRouted() if line:
                taken = f"{event.label}: " if event.label else ""
                return self._close(branch, "failed" if event.why == "on_error" else "done", now, f"→ {taken}{event.to}")
            case ev.StageFailed():
                if line is None:  # it failed on its way in: `when` or `with` could not be evaluated
                    line = self._open[branch] = Line(branch, event.stage, 1, now)
                    self.lines.append(line)
                line.note, line.status, line.ended_ns = event.error.message, "failed", now
                return line
            case ev.AttemptRetried() if line:
                line.attempt = event.attempt
                line.note = f"attempt {event.attempt} after: {event.error.message}"
            case ev.Progressed() if line:
                share = f"{event.fraction:.0%} " if event.fraction is not None else ""
                line.note = share + event.message
            case ev.AttemptResult(reused=run) | ev.Answered(reused=run) if line and run:
                line.reused, line.status = True, "running"
            case ev.CallAdmitted() if line:
                line.note = f"call {event.call.rsplit('/', 1)[-1]}"
            case ev.Asked() if line:
                line.status, line.note = "asking", event.question
                return line
            case ev.Answered() if line:
                line.status, line.note = "running", "answered"
            case ev.Decided(verdict="flag") if line:
                line.flag = f"flagged: {' '.join(event.sentences)} "
            case ev.RunEnded():
                self.outcome = event.outcome
                for open_line in list(self._open.values()):
                    if open_line.status in ("running", "asking"):
                        open_line.status, open_line.ended_ns = "cancelled", now
        return None

    def count(self, *statuses: str) -> int:
        """Lines in one of these statuses."""
        return sum(line.status in statuses for line in self.lines)

    def _close(self, branch: str, status: str, now: int, note: str) -> Line | None:
        line = self._open.pop(branch)
        already_said = line.status == "failed"
        line.note = f"{line.note} {note}".strip() if already_said else line.flag + note
        line.status, line.ended_ns = status, now
        return None if already_said else line


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """How a stage went in the newest run that came to it, redacted and ready to show.

    `status`: running, held, asking, done, failed, skipped, cancelled. Durations are nanoseconds, times Unix ones.
    """

    run: str
    live: bool
    status: str
    visits: int
    started_at_ns: int
    took_ns: int
    note: str = ""
    """Where it went on to, or what went wrong, in a few words."""
