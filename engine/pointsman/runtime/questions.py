"""The questions of a run: which one is meant, and whether an answer fits and comes in time."""

from collections.abc import Sequence

from pointsman.errors import Misuse, RunUnavailable
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Json
from pointsman.kernel.interrupts import complaint, is_expired
from pointsman.language.diagnostics import did_you_mean


def question_at(questions: Sequence[Ask], stage: str) -> Ask:
    """The open question at a stage, or of an effect's id. Raises RunUnavailable, with what can be answered."""
    found = [ask for ask in questions if stage in (ask.stage, ask.id)]
    if len(found) == 1:
        return found[0]
    names = [question_name(ask, questions) for ask in questions]
    hint = f"It waits at: {', '.join(names)}" if names else "It waits for nobody"
    if found:
        raise RunUnavailable("question_ambiguous", f"several branches ask at a stage {stage}", hint)
    raise RunUnavailable("no_question", f"nothing is asked at stage {stage}{did_you_mean(stage, names)}", hint)


def question_name(ask: Ask, questions: Sequence[Ask]) -> str:
    """What a person calls a question: its stage, or its effect's id where two branches have a stage of that name."""
    return ask.stage if sum(other.stage == ask.stage for other in questions) == 1 else ask.id


def check_answer(ask: Ask, value: Json, now_ns: int) -> None:
    """Raises RunUnavailable for a question that has expired, Misuse for an answer that does not fit."""
    if is_expired(ask, now_ns):
        raise RunUnavailable(
            "answer_expired", f"the question at {ask.stage} has expired", "Resume the run: it goes on without an answer"
        )
    problem = complaint(ask, value)
    if problem:
        raise Misuse("answer_unfit", f"the answer does not fit {ask.stage}: {problem}", answer_hint(ask))


def answer_hint(ask: Ask) -> str:
    """An answer that would fit, to copy."""
    return f"Such as: {answer_example(ask)}"


def answer_example(ask: Ask) -> str:
    """An answer that would fit, as JSON."""
    if ask.about == "in_doubt":
        return '{"happened": true}' if ask.answer is None else '{"happened": true, "result": ...}'
    return {
        "confirmation": '{"approved": true}',
        "clarification": '{"text": "..."}',
    }.get(ask.what, "JSON that fits the review's `answer` schema")
