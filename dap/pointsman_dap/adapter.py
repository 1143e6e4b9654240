"""One client of the debugger: its requests become verbs, the run's stops and outputs become events.

Laws: a run starts at `configurationDone` and not before; what a request causes is told after its answer; a client that
is gone holds nothing up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pointsman.debugger.breakpoints import Breakpoint
from pointsman.debugger.causes import why
from pointsman.debugger.debugger import Stop
from pointsman.debugger.frames import moment_of
from pointsman.debugger.stepping import Way
from pointsman.errors import PointsmanError
from pointsman.journal.store import RunRow
from pointsman.kernel.events import Json
from pointsman.kernel.state import ROOT
from pointsman.runtime.debugging import Debugged
from pointsman.runtime.definitions import DefinitionChange
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor
from pointsman_dap import params as ask
from pointsman_dap.answers import Answer, Elsewhere, Later, Read, Then
from pointsman_dap.breakpoints import Breakpoints
from pointsman_dap.editing import Editing
from pointsman_dap.errors import Refused
from pointsman_dap.faults import Faults
from pointsman_dap.listening import Listening
from pointsman_dap.places import Places
from pointsman_dap.protocol import Body, Request
from pointsman_dap.reloading import affected_words
from pointsman_dap.seeing import Seeing, cause_page
from pointsman_dap.starting import Host, Wanted, find_run, read_launch, read_run, texts_of, words_of
from pointsman_dap.telling import busy_words
from pointsman_dap.texts import Texts
from pointsman_dap.threads import Threads
from pointsman_dap.voice import Voice

ONCE = -1
"""The engine's id of the breakpoint that `stopAt` is: no client's own."""


class Adapter:
    """What one client has asked for and what it has been told."""

    def __init__(self, host: Host, voice: Voice) -> None:
        self._host = host
        self._voice = voice
        self.state = "new"
        """new, ready (introduced), choosing (a start is read), configuring (a run is chosen), running, ended, gone."""
        self._client = ask.Initialize()
        self._places = Places()
        self._breakpoints = Breakpoints(self._places)
        self._seeing = Seeing(self._client, self._places)
        self._threads = Threads(voice)
        self._editing = Editing(voice, str(host.principal.get("id", "")))
        self._faults = Faults()
        self.elsewhere: Elsewhere | None = None
        """Where the run is that this client has asked for, when that is to serve it."""
        self._starting: Request | None = None
        self._wanted: Wanted | Debugged | None = None
        self._attached: Debugged | None = None
        self._listening: Listening | None = None
        self._texts: Texts | None = None
        self._entry = False
        self._no_debug = False
        self._unwatch: Callable[[], None] | None = None

    # --- the beginning ----------------------------------------------------------------------------------------------

    def initialize(self, args: ask.Initialize, capabilities: Mapping[str, Json]) -> Body:
        """Introduce client and adapter."""
        self.state = "ready"
        self._client = args
        self._places = Places.of(args)
        self._breakpoints = Breakpoints(self._places)
        self._seeing = Seeing(args, self._places)
        return dict(capabilities)

    def launch(self, request: Request, args: ask.Launch) -> Answer:
        """Read what is to run; it is started when the client has said where to stop."""

        def use(found: tuple[Wanted, Texts]) -> Answer:
            self._entry, self._no_debug = args.stop_on_entry, args.no_debug
            self._wanted, texts = found
            return self._chosen(texts)

        return self._choose(request, Read(lambda: read_launch(args, self._host, self._places, self._hides), use))

    def _hides(self, hide: Redactor) -> None:
        self._voice.hide = hide

    def attach(self, request: Request, args: ask.Attach) -> Answer:
        """Find a run: live here, live in another process that lets debuggers in, or recorded."""

        def use(found: tuple[Place, RunRow]) -> Answer:
            place, row = found
            if row.lease is not None and self._host.debugging.elsewhere(row):
                self.elsewhere = Elsewhere(request, args, place, row.id, row.lease)
                return Later()
            return self._come_to(args, place, row.id)

        return self._choose(request, Read(lambda: find_run(args, self._host), use))

    def stay(self) -> Answer:
        """The process that hosts the run lets nobody in: look at what it has recorded."""
        there, self.elsewhere = self.elsewhere, None
        assert there is not None
        return self._come_to(there.args, there.place, there.run_id)

    def _come_to(self, args: ask.Attach, place: Place, run_id: str) -> Answer:
        """A run that is here is taken as it is; any other is read first."""

        def use(found: Debugged, texts: Texts) -> Later:
            self._entry = args.stop_on_entry
            self._wanted = self._attached = found
            self._voice.hide = found.redactor
            return self._chosen(texts)

        def use_record(read: tuple[Debugged, Texts]) -> Later:
            record, texts = read
            found = self._host.debugging.attach(run_id, record)  # it may have been taken up here meanwhile
            assert found is not None
            return use(found, texts)

        here = self._host.debugging.attach(run_id)
        if here is not None:
            return use(here, texts_of(here, self._places))
        return Read(lambda: read_run(place, run_id, self._places), use_record)

    def come_back(self, words: str, *, told: bool, left: bool) -> None:
        """The process that has served this client does so no more. `told`: it has said that the run is over; `left`:
        the client has said goodbye to it.
        """
        self.elsewhere = self._starting = None
        self.state = "gone" if left else "ended"
        if not told and not left:
            self._voice.output("important", words)
            self._voice.event("terminated")

    def configured(self) -> Then:
        """The client has said where to stop: now the run starts."""
        return Then(None, self._start)

    def _choose(self, request: Request, answer: Read) -> Read:
        """From now on it can be taken back."""
        self._starting = request
        self.state = "choosing"
        return answer

    def _chosen(self, texts: Texts) -> Later:
        self._texts = texts
        self.state = "configuring"
        self._voice.event("initialized")
        for told in self._breakpoints.bind(texts):
            self._voice.event("breakpoint", {"reason": "changed", "breakpoint": told})
        return Later()

    def _fail(self, request: Request, why: Refused) -> None:
        self._starting = None
        self._voice.refuse(request, why)
        self.state = "ended"
        self._voice.event("terminated")

    def _start(self) -> None:
        request, wanted = self._starting, self._wanted
        if request is None or wanted is None:
            return
        self._starting = None
        if isinstance(wanted, Wanted):
            try:
                self._attached = self._host.debugging.launch(
                    wanted.loaded, wanted.value, wanted.options, self._prepare, wanted.stop_at
                )
            except PointsmanError as error:
                self._fail(request, Refused("launchFailed", words_of(error), show=True))
                return
        else:
            self._prepare(wanted)
        assert self._attached is not None
        run, launched = self._attached, isinstance(wanted, Wanted)
        self.state = "running"
        self._voice.answer(request)
        method = "launch" if launched else "attach"
        self._voice.event("process", {"name": run.program.name, "isLocalProcess": True, "startMethod": method})
        self._threads.now([ROOT])
        self._unwatch = self._host.definitions.watch(self._saved)
        if isinstance(wanted, Wanted) and wanted.options.note:
            self._voice.output("important", f"{wanted.options.note}\n")
        if not launched:
            self._join(run)

    def _prepare(self, run: Debugged) -> None:
        """Everything is in place before the run's first move."""
        assert self._texts is not None
        self._voice.hide = run.redactor
        self._listening = Listening(
            run,
            self._texts,
            self._places,
            self._breakpoints,
            self._seeing,
            self._threads,
            self._voice,
            self._terminated,
        )
        self._set_breakpoints()
        self._set_faults()
        self._listening.begin()
        if isinstance(self._wanted, Wanted):
            run.owner = self
            if self._entry and not self._no_debug:
                self._listening.entry = True
                run.debugger.pause()

    def _join(self, run: Debugged) -> None:
        """Come to a run that is under way, or over."""
        assert self._listening is not None
        if run.elsewhere:
            words = f"{run.run_id} is run by {run.elsewhere}; this is what it has recorded so far\n"
            self._voice.output("important", words)
        if run.live is not None:
            self._listening.catch_up()
        elif run.debugger.timeline.moments:
            run.debugger.open(at_start=self._entry)
        else:
            self._voice.output("important", f"{run.run_id} has recorded nothing but its start\n")
            self._terminated()

    def _saved(self, change: DefinitionChange) -> None:
        """Somebody has saved a file: breakpoints stay with what they stand on, and the client hears what it means."""
        run, texts = self._attached, self._texts
        if run is None or texts is None or self.state != "running":
            return
        if change.path in [text.file for text in texts.all()]:
            for told in self._breakpoints.follow(texts):
                self._voice.event("breakpoint", {"reason": "changed", "breakpoint": told})
        policies = [text.file for text in texts.policies]
        words = affected_words(change, run.debugger.timeline, texts.pipeline.file, policies)
        if words:
            self._voice.output("important", words)

    # --- breakpoints ------------------------------------------------------------------------------------------------

    def set_breakpoints(self, args: ask.SetBreakpoints) -> Body:
        """Replace the breakpoints of one text."""
        asked = args.breakpoints
        if asked is None:
            asked = [ask.SourceBreakpoint(line) for line in args.lines]
        told = self._breakpoints.set_lines(args.source, asked, self._texts)
        self._set_breakpoints()
        return {"breakpoints": told}

    def set_function_breakpoints(self, args: ask.SetFunctionBreakpoints) -> Body:
        """Replace the breakpoints by name."""
        told = self._breakpoints.set_functions(args.breakpoints, self._texts)
        self._set_breakpoints()
        return {"breakpoints": told}

    def set_exception_breakpoints(self, args: ask.SetExceptionBreakpoints) -> Body:
        """Replace the faults to stop at."""
        told = self._faults.set(args)
        self._set_faults()
        return {"breakpoints": told}

    def breakpoint_locations(self, args: ask.BreakpointLocations) -> Body:
        """Where breakpoints can stand in some lines."""
        return {"breakpoints": self._texts.locations(args) if self._texts else []}

    def _set_breakpoints(self) -> None:
        heard = self._listening
        if heard is not None and not self._no_debug:
            wanted = self._wanted.stop_at if isinstance(self._wanted, Wanted) else ""
            bound = [*self._breakpoints.bound(), *([Breakpoint(ONCE, name=wanted, hit="1")] if wanted else [])]
            heard.run.debugger.set_breakpoints(heard.told, bound)

    def _set_faults(self) -> None:
        heard = self._listening
        if heard is not None and not self._no_debug:
            heard.run.debugger.set_faults(heard.told, self._faults.wanted, self._faults.conditions)

    # --- moving -----------------------------------------------------------------------------------------------------

    def go(self, args: ask.Thread, way: Way) -> Then:
        """Go on from a stop; a step is that of the thread it is asked for."""
        debugger, stop = self._running().debugger, self._stop()
        branch = self._threads.branch(args.thread_id)
        start = moment_of(stop, branch) if branch != stop.moment.branch and way != "on" else None
        body = {"allThreadsContinued": True} if way == "on" else None
        return Then(body, lambda: self._heard().cause(lambda: debugger.go(way, start)))

    def back(self, *, far: bool) -> Then:
        """Go back from a stop."""
        debugger = self._running().debugger
        self._stop()
        return Then(None, lambda: self._heard().cause(lambda: debugger.back(far=far)))

    def pause(self) -> Then:
        """Stop at the next boundary."""
        return Then(None, self._pause)

    def _pause(self) -> None:
        run = self._running()
        if run.debugger.stop is None and run.live is not None:
            run.debugger.pause()
            self._voice.output("console", busy_words(run.live.session.state) or "stopping at the next boundary\n")

    def session(self) -> Body:
        """Which run this is: for clients that do more with it than debugging."""
        run = self._running()
        return {"run": run.run_id, "live": run.live is not None, "pipeline": run.program.name}

    # --- seeing -----------------------------------------------------------------------------------------------------

    def threads(self) -> Body:
        """The branches there are."""
        return {"threads": self._threads.told()}

    def stack_trace(self, args: ask.StackTrace) -> Body:
        """A page of a branch's stack."""
        stop, texts = self._stop(), self._texts
        assert texts is not None
        frames = self._seeing.frames(stop, self._threads.branch(args.thread_id))
        last = args.start_frame + args.levels if args.levels > 0 else len(frames)
        page = frames[args.start_frame : last]
        return {
            "stackFrames": [self._seeing.told_frame(placed, texts) for placed in page],
            "totalFrames": len(frames),
        }

    def scopes(self, args: ask.Scopes) -> Body:
        """The scopes of a frame."""
        run, stop = self._running(), self._stop()
        return {"scopes": self._seeing.scopes(stop, run.debugger.timeline, args.frame_id, run.redactor)}

    def variables(self, args: ask.Variables) -> Body:
        """What lies in a scope or a value."""
        self._stop()
        return {"variables": self._seeing.variables(args)}

    def evaluate(self, args: ask.Evaluate) -> Answer:
        """An expression; in the console also `:why`, `:back` and `:rback`, which some clients have no buttons for."""
        run, stop, text = self._running(), self._stop(), args.expression.strip()
        if args.context == "repl" and text.startswith(":"):
            return self._command(text, args.frame_id, stop)
        return self._seeing.evaluate(stop, args.frame_id, text, args.context, run.redactor)

    def set_variable(self, request: Request, args: ask.SetVariable) -> Later:
        """Change a value that was shown."""
        run = self._running()
        branch, expression = self._seeing.named(args.variables_reference, args.name)
        self._editing.set(request, run, self._seeing, branch, expression, args.value)
        return Later()

    def set_expression(self, request: Request, args: ask.SetExpression) -> Later:
        """Change what an expression leads to."""
        run, branch = self._running(), self._seeing.branch_of(args.frame_id, self._stop())
        self._editing.set(request, run, self._seeing, branch, args.expression, args.value)
        return Later()

    def exception_info(self, args: ask.Thread) -> Body:
        """Why the run stopped, when it stopped at a fault."""
        run, stop = self._running(), self._stop()
        if not stop.fault or self._threads.branch(args.thread_id) != stop.moment.branch:
            raise Refused("notAFault", "this thread did not stop at a fault")
        return cause_page(stop, run.debugger.timeline, run.redactor)

    def source(self, args: ask.Source) -> Body:
        """A text as it ran."""
        named = args.source_reference or (args.source.source_reference if args.source else 0)
        if self._texts is None or self._listening is None:  # before there is a run nothing is known of what to hide
            raise Refused("unknownSource", "there is no run whose text could be meant")
        return {"content": self._texts.by_reference(named).text(), "mimeType": "text/x-yaml"}

    def loaded_sources(self) -> Body:
        """The pipeline and the policies that watch it."""
        texts = self._texts
        return {"sources": [texts.told(text) for text in texts.all()] if texts else []}

    def _command(self, text: str, frame_id: int | None, stop: Stop) -> Answer:
        branch = self._seeing.branch_of(frame_id, stop)
        match text:
            case ":why":
                run = self._running()
                return {"result": why(stop, branch, run.debugger.timeline, run.redactor), "variablesReference": 0}
            case ":back" | ":rback":
                far = text == ":rback"
                said = "back to the last breakpoint" if far else "back"
                return Then({"result": said, "variablesReference": 0}, self.back(far=far).act)
            case _:
                raise Refused("notEvaluated", f"{text} is no command; there are :why, :back and :rback")

    # --- the end ----------------------------------------------------------------------------------------------------

    def terminate(self) -> Then:
        """End the run in good order; its end is told when it has come."""
        starting = self._starting
        if starting is not None:
            return Then(None, lambda: self._take_back(starting))
        if self.state == "ended":
            raise Refused("ended", "the run is over")
        self._may_end()
        return Then(None, self._end)

    def disconnect(self, args: ask.Disconnect) -> Then:
        """Leave; what this client has launched ends with it unless it says otherwise, all else goes on."""
        wanted = args.terminate_debuggee
        ends = isinstance(self._wanted, Wanted) if wanted is None else wanted
        if ends and wanted:
            self._may_end()
        return Then(None, lambda: self._bye(ends))

    def leave(self) -> None:
        """The client is gone, whether it said so or not."""
        self.state = "gone"
        if self._unwatch is not None:
            self._unwatch()
        if self._listening is not None:
            self._listening.leave()
        if self._attached is not None:
            if self._attached.owner is self:
                self._attached.owner = None
            self._host.debugging.leave(self._attached)

    def stop(self) -> None:
        """The server ends. A run that is held stays so: it is not let go for its last moments."""
        if self._starting is not None:
            self._take_back(self._starting)
        elif self._listening is not None and self.state == "running":
            self._listening.give_up()
        if self._listening is not None:
            self._listening.leave()
        self.state = "gone"

    def abandon(self, request: Request) -> bool:
        """Take back a start that is still waiting for the client. Whether this request was one."""
        if request is not self._starting:
            return False
        self._take_back(request)
        return True

    def refuse(self, request: Request, why: Refused) -> None:
        """Refuse a request; a start that is refused is the end."""
        if request is self._starting or (request.command in ("launch", "attach") and self.state == "ready"):
            self._fail(request, why)
        else:
            self._voice.refuse(request, why)

    def _take_back(self, starting: Request) -> None:
        self._fail(starting, Refused("cancelled", "the start was cancelled"))

    @property
    def starting(self) -> Request | None:
        """The `launch` or `attach` that is not answered yet."""
        return self._starting

    def _may_end(self) -> None:
        run = self._attached
        if run is not None and run.live is not None and run.owner not in (None, self):
            raise Refused("notYours", "another client launched this run and is here: it is theirs to end", show=True)

    def _end(self) -> None:
        live = self._running().live
        if live is None:
            self._terminated()
        else:
            live.session.cancel(str(self._host.principal.get("id", "")))

    def _bye(self, ends: bool) -> None:
        if self._starting is not None:
            self._voice.refuse(self._starting, Refused("cancelled", "the client has left"))
        if ends and self.state == "running":
            self._end()
        self.leave()

    def _terminated(self) -> None:
        if self.state == "running":
            self.state = "ended"
            self._voice.event("terminated")

    # --- where we are -----------------------------------------------------------------------------------------------

    def _heard(self) -> Listening:
        if self._listening is None or self.state != "running":
            raise Refused("noRun", "there is no run")
        return self._listening

    def _running(self) -> Debugged:
        return self._heard().run

    def _stop(self) -> Stop:
        stop = self._running().debugger.stop
        if stop is None:
            raise Refused("notStopped", "the run is going on")
        return stop
