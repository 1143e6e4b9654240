"""The records that every run has, member by member, as expressions see them: `run`, `budget`, `error`, answers ...

They say what the kernel gives (`kernel.envelope`, `kernel.routing`); a test compares them with a run's own.
"""

from collections.abc import Callable, Iterable, Iterator

from pointsman.language import model, schema
from pointsman.language.checks.scopes import ANSWERS, ERROR_FIELDS
from pointsman.language.datatypes import (
    ANY,
    BOOL,
    DOUBLE,
    INT,
    LIST,
    MAP,
    NULL,
    STRING,
    Basic,
    Member,
    Type,
    from_schema,
    member,
    one_of,
    record,
)

_ANSWER_TYPES = {"approved": BOOL, "text": STRING, "by": STRING, "at": DOUBLE}
_ERROR_DOCS = {
    "class": "What kind of failure it is.",
    "code": "What went wrong, as a word to compare with.",
    "message": "What went wrong, as a sentence.",
    "stage": "The stage that failed.",
    "attempt": "Which attempt it was, from 1.",
}
# What `retry.on` may name, and what no second attempt would help against.
_RETRIED = schema.SECTIONS["retry"].by_name["on"].shape
_CLASSES = (
    *(_RETRIED.item.words if isinstance(_RETRIED, schema.Many) and isinstance(_RETRIED.item, schema.Choice) else ()),
    "interrupt",
    "route",
    "limit",
)
_ANSWER_DOCS = {
    "approved": "Whether the person said yes.",
    "text": "What the person wrote.",
    "answer": "What the person answered, as the question wants it.",
    "by": "Who answered.",
    "at": "When, in Unix seconds.",
}


def fixed_names(data: Iterable[Member], visits: Callable[[], Type]) -> Iterator[Member]:
    """The names of the records that every run has; `data` are `input`, `outputs` and `state` at the place."""
    yield member("run", _RUN, "This run.")
    yield member("budget", _BUDGET, "What the run has used, and what it may use.")
    yield Member("visits", visits, "How often each stage of this block was entered, by name.")
    yield member("branch", _BRANCH, "The line of the run this is: of a fork, one of its branches.")
    yield member("envelope", record((*_ENVELOPE, *data)), "All that travels through the run, as one record.")


def error_record() -> Type:
    """`error`, as `on_error` sees it."""
    types = {"class": Basic("string", _CLASSES), "attempt": INT}
    return record(
        member(name, types.get(name, STRING), _ERROR_DOCS.get(name, ""), "the error") for name in ERROR_FIELDS
    )


def answer_record(ask: model.Ask, stage: str) -> Type:
    """What an answered question gives."""
    types = {**_ANSWER_TYPES, "answer": from_schema(ask.answer)}
    return record(
        member(name, types.get(name, ANY), _ANSWER_DOCS.get(name, ""), f"the answer to {stage}")
        for name in ANSWERS.get(ask.what, ())
    )


def _spent(of: Type, what: str) -> Type:
    bound = one_of((of, NULL)) if what in ("tokens", "cost") else of
    return record(
        (
            member("used", of, "What is used up.", "the budget of the run"),
            member("allowed", bound, "The bound; null without one.", "the budget of the run"),
            member("left", bound, "What may still be used; null without a bound.", "the budget of the run"),
        )
    )


_RUN = record(
    (
        member("id", STRING, "The run's id."),
        member("pipeline", STRING, "The pipeline's name."),
        member("started_at", DOUBLE, "When it started, in Unix seconds."),
    )
)
_BUDGET_DOCS = {
    "tokens": "Tokens of models, in and out.",
    "cost": "Money for models, in US dollars.",
    "iterations": "Times the run went back to a stage it had visited.",
    "llm_calls": "Calls of models.",
    "tool_calls": "Calls of tools.",
    "hops": "Times the run went from one stage to another.",
}
_BUDGET = record(
    member(name, _spent(DOUBLE if name == "cost" else INT, name), doc) for name, doc in _BUDGET_DOCS.items()
)
_BRANCH = record((member("id", STRING, "The branch's id."), member("name", STRING, "The branch's name.")))
_ENVELOPE = (
    member("id", STRING, "The envelope's id: the run's and the branch's."),
    member("run", _RUN, "This run."),
    member(
        "metadata",
        record((member("pipeline", STRING, "The pipeline's name."), member("principal", MAP, "Who started the run."))),
        "What is known of the run beside its data.",
    ),
    member("history", LIST, "Empty inside of an expression; the journal has it."),
    member("budget", _BUDGET, "What the run has used, and what it may use."),
    member(
        "position",
        record(
            (
                member("branch", STRING, "The branch's id."),
                member("stage", STRING, "The stage's name."),
                member("part", STRING, "The part of the stage."),
            )
        ),
        "Where the run stands.",
    ),
)
