"""The command line: words in, one command called, its exit code out.

Each command is a module of `commands/` with one function, imported only when it is asked for: `--help` costs no engine,
and a bridge, for which an editor waits, not even the parser of these words.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

BRIDGES = ("lsp", "dap")

EPILOG = """exit codes: 0 completed · 1 failed, or check found errors · 2 usage, or a refused file
            3 limit or budget · 4 denied by policy · 5 parked on a question · 130 cancelled"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors of ours are printed with what to do, never as a traceback."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in BRIDGES and set(words[1:]) <= {"--stdio"}:
        from pointsman_server.bridge import bridge

        return bridge(words[0])
    options = _parser().parse_args(words)
    from importlib import import_module

    from pointsman.errors import Misuse, PointsmanError, RefusedDefinition
    from pointsman_server import exits
    from pointsman_server.output import abandon_stdout

    try:
        command = import_module(f"pointsman_server.commands.{options.command}")
        return int(command.run(options))
    except RefusedDefinition as error:
        from pointsman_server.render import print_refused

        print_refused(error)
        return exits.USAGE
    except PointsmanError as error:
        sys.stderr.write(f"pointsman: {error}\n")
        return exits.USAGE if isinstance(error, Misuse) else exits.FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\npointsman: stopped\n")
        return exits.CANCELLED
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"pointsman: {error}\n")
        abandon_stdout()
        return exits.FAILED


def _parser() -> argparse.ArgumentParser:
    import argparse

    from pointsman import __version__

    parser = argparse.ArgumentParser(
        prog="pointsman",
        description="Run agent pipelines, see why they went where they went, and live them again.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pointsman {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = _command(commands, "check", "say what is wrong with pipelines, policies and settings")
    check.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder to search")
    check.add_argument("--format", choices=("text", "json", "github"), default="text")

    run = _command(commands, "run", "run a pipeline, with a live view on a terminal")
    run.add_argument("file", metavar="FILE", help="a *.pipeline.yaml; FILE#NAME picks one of several in it")
    run.add_argument("--input", metavar="JSON|@FILE", help="the input as JSON, or from a file (@- is standard input)")
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="one key of the input; repeatable"
    )
    run.add_argument("--detach", action="store_true", help="leave it to the workspace's server, and print its id")
    _hosting(run)

    answer = _command(commands, "answer", "answer the question a run waits for, and go on")
    _run_id(answer)
    answer.add_argument("stage", metavar="STAGE", help="the stage that asks")
    answer.add_argument("value", metavar="JSON", help="such as '{\"approved\": true}'")
    _hosting(answer)

    resume = _command(commands, "resume", "go on with a run whose host is gone, or that was answered")
    _run_id(resume)
    _hosting(resume)

    rerun = _command(commands, "rerun", "go on where a run stood, as a new run that re-uses what has not changed")
    _run_id(rerun)
    rerun.add_argument("--from", metavar="STAGE", dest="start_at", help="do this stage anew, and all that comes after")
    rerun.add_argument("--detach", action="store_true", help="leave it to the workspace's server, and print its id")
    _hosting(rerun)

    runs = _command(commands, "runs", "list the runs of this workspace, newest first")
    runs.add_argument("--limit", type=int, default=20, help="how many (20)")
    runs.add_argument("--json", action="store_true", help="as JSON")

    show = _command(commands, "show", "show what a run did; with --at, the envelope after that event")
    _run_id(show)
    show.add_argument("--at", type=int, metavar="N", help="the event to stand after")
    show.add_argument("--json", action="store_true", help="as JSON")

    replay = _command(commands, "replay", "recompute a run from what was observed, and compare")
    _run_id(replay)
    replay.add_argument("--json", action="store_true", help="as JSON")

    doctor = _command(commands, "doctor", "check this workspace: interpreter, journal, settings")
    doctor.add_argument("--json", action="store_true", help="as JSON")

    lsp = _command(commands, "lsp", "be the language server of an editor, over standard input and output")
    lsp.add_argument("--root", metavar="FOLDER", help="the workspace (default: what the editor says, else this folder)")
    lsp.add_argument("--stdio", action="store_true", help="what it does anyway; many editors say it")

    dap = _command(commands, "dap", "be the debug adapter of an editor, over standard input and output")
    dap.add_argument("--root", metavar="FOLDER", help="the workspace whose server hosts it (default: this folder's)")
    dap.add_argument("--stdio", action="store_true", help="what it does anyway; many editors say it")

    status = _command(commands, "status", "show this workspace's server: its clients and its live runs")
    status.add_argument("--json", action="store_true", help="as JSON")

    stop = _command(commands, "stop", "end this workspace's server")
    stop.add_argument("--force", action="store_true", help="also while runs are live; they can be resumed")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str
) -> argparse.ArgumentParser:
    import argparse

    return commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _run_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, the start of one, `latest` or `latest:failed`")


def _hosting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="STAGE=JSON",
        dest="answers",
        help="answer a stage's question when it comes (never one in doubt); repeatable",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end, nothing else on stdout")
