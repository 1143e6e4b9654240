"""What a run tells one client: that it stops or goes on, what it writes, whom it waits for, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from traceback import format_exception

from pointsman.debugger.debugger import Logged, Renewed, Stop, Told
from pointsman.debugger.inspection import learn
from pointsman.debugger.moments import instruction_of
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Record
from pointsman.kernel.state import ROOT, State
from pointsman.language.source import Span
from pointsman.runtime.debugging import Debugged
from pointsman.runtime.redacting import learn_state
from pointsman_dap.breakpoints import Breakpoints
from pointsman_dap.places import Places
from pointsman_dap.seeing import Seeing
from pointsman_dap.telling import EXIT_CODES, Feed, end_words, question_words, stopped
from pointsman_dap.texts import Texts
from pointsman_dap.threads import Threads
from pointsman_dap.voice import Voice


class Listening:
    """One client's ear at one run, from its first move to its end or the client's."""

    def __init__(
        self,
        run: Debugged,
        texts: Texts,
        places: Places,
        breakpoints: Breakpoints,
        seeing: Seeing,
        threads: Threads,
        voice: Voice,
        over: Callable[[], None],
    ) -> None:
        self.run = run
        self._texts = texts
        self._places = places
        self._breakpoints = breakpoints
        self._seeing = seeing
        self._threads = threads
        self._voice = voice
        self._over = over
        self._feed = Feed(run.program)
        self.entry = False
        """The next stop is the one the client has asked to begin with."""
        self._is_stopped = False
        self._causing = False
        self._said: set[str] = set()
        self._undo: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Hear everything from now on."""
        self._undo.append(self.run.debugger.listen(self.told))
        if self.run.live is not None:
            task = self.run.live.task
            self._undo.append(self.run.live.session.watch(self._happened))
            task.add_done_callback(self._ended)
            self._undo.append(lambda: task.remove_done_callback(self._ended))

    def leave(self) -> None:
        """Hear nothing more."""
        while self._undo:
            self._undo.pop()()

    def cause(self, act: Callable[[], None]) -> None:
        """Do what the client has asked for: that it makes the run go on is no news to it."""
        self._causing, self._is_stopped = True, False
        try:
            act()
        finally:
            self._causing = False

    def catch_up(self) -> None:
        """Tell a client that has come late where the run is: stopped, or on its way."""
        stop, live = self.run.debugger.stop, self.run.live
        if stop is not None:
            self.told(stop)
        elif live is not None:
            self._threads.now(live.session.state.branches or [ROOT])
            self._say_questions(live.session.state)

    def told(self, told: Told) -> None:
        """The debugger's news."""
        with self._kept_here():
            match told:
                case Stop():
                    self._stopped(told)
                case Logged():
                    self._logged(told)
                case Renewed():
                    self._renewed(told)
                case None:
                    self._resumed()

    def give_up(self) -> None:
        """Tell that the run, if it was one of this process, goes on elsewhere or not at all; that is its end here."""
        run = self.run.run_id
        if self.run.live is not None:
            self.output("important", f"{run} is not run here any more; go on with: pointsman resume {run}\n")
        self._seeing.forget()
        self._over()

    def output(self, category: str, text: str, span: Span | None = None) -> None:
        """Tell a text, with its place in the pipeline."""
        place = {}
        if span is not None:
            pipeline = self._texts.pipeline
            line, column = self._places.position(pipeline.source, span.start)
            place = {"source": self._texts.told(pipeline), "line": line, "column": column}
        self._voice.output(category, text, place)

    @contextmanager
    def _kept_here(self) -> Iterator[None]:
        """What goes wrong in telling one client is told to that client: the run and all others know nothing of it."""
        try:
            yield
        except Exception as error:
            self._voice.output("stderr", "".join(format_exception(error)))

    def _logged(self, told: Logged) -> None:
        if self._breakpoints.own([told.breakpoint.id]):
            site = told.breakpoint.site
            self.output("console", f"{told.text}\n", site.span if site and not site.rule else None)

    def _stopped(self, stop: Stop) -> None:
        if self._is_stopped:
            self._resumed()  # another client has moved the view from one stop to the next
        learn(stop, self.run.redactor)
        self._seeing.forget()
        self._is_stopped = True
        self._threads.now(stop.state.branches or [ROOT])
        entry, self.entry = self.entry, False
        thread = self._threads.id_of(stop.moment.branch)
        self._voice.event("stopped", stopped(stop, thread, self._breakpoints, entry=entry))

    def _renewed(self, told: Renewed) -> None:
        """A value was changed. Handles live on, since clients go on from them; who changed it is answered first."""
        learn(told.stop, self.run.redactor)
        self._seeing.look_again(told.stop, self.run.debugger.timeline, self.run.redactor)
        areas = ["stacks", "variables"] if told.moved else ["variables"]
        if self._seeing.asks_again:
            asyncio.get_running_loop().call_soon(self._voice.event, "invalidated", {"areas": areas})

    def _resumed(self) -> None:
        self._seeing.forget()
        self._is_stopped = False
        if not self._causing:
            self._voice.event("continued", {"threadId": 1, "allThreadsContinued": True})

    def _happened(self, records: Sequence[Record], state: State) -> None:
        with self._kept_here():
            learn_state(self.run.redactor, state)
            for category, text, span in self._feed.of(records, state):
                self.output(category, text, span)
            if not self._is_stopped:
                self._threads.now(state.branches or [ROOT])
            self._say_questions(state)

    def _say_questions(self, state: State) -> None:
        """When nothing moves until a person answers, say so, once for each question."""
        asks = [effect for effect in state.pending.values() if isinstance(effect, Ask)]
        if state.ready or len(asks) != len(state.pending):
            return
        live = self.run.live
        for one in asks:
            if one.id not in self._said and not (live and live.session.is_answered(one)):
                self._said.add(one.id)
                stage = instruction_of(state, state.branches[one.branch]).stage
                self.output("important", question_words(one, state, asks), stage.name_span)

    def _ended(self, task: asyncio.Task[State]) -> None:
        if task.cancelled() or task.exception() is not None:
            self.give_up()
            return
        state = task.result()
        self.output("console", end_words(state))
        self._voice.event("exited", {"exitCode": EXIT_CODES[state.outcome]})
        self._seeing.forget()
        self._over()
