"""The peers of the engine's benchmark, each doing the same work in its own idiom."""

from __future__ import annotations

import itertools
import operator
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import uuid4

Run = Callable[[int], float]
Bump = Callable[[int], dict[str, int]]


class Count(TypedDict):
    """A number that grows."""

    n: int


class Fan(TypedDict):
    """A number, and what the branches made of it."""

    n: int
    all: Annotated[list[int], operator.add]


def langgraph(shape: str, bump: Bump, folder: Path) -> dict[str, Run]:
    """LangGraph without a checkpointer, and with SqliteSaver at synchronous FULL."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    connection = sqlite3.connect(folder / f"langgraph-{shape}.db", check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return {
        "LangGraph, no checkpointer": _langgraph_run(_graph(shape, bump).compile(), shape),
        "LangGraph SqliteSaver FULL": _langgraph_run(_graph(shape, bump).compile(SqliteSaver(connection)), shape),
    }


def _langgraph_run(graph: Any, shape: str) -> Run:
    def run(times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            start = {"n": 0} if shape != "fan" else {"n": 0, "all": []}
            config = {"configurable": {"thread_id": uuid4().hex}, "recursion_limit": 2000}
            result = graph.invoke(start, config)
            assert result["n"] in (10, 1000) or len(result["all"]) == 100
        return time.perf_counter() - begun

    return run


def _graph(shape: str, bump: Bump) -> Any:
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    if shape == "fan":
        graph: Any = StateGraph(Fan)
        graph.add_node("work", lambda state: {"all": [bump(state["n"])["n"]]})
        graph.add_node("join", lambda state: {})
        graph.add_conditional_edges(
            START, lambda state: [Send("work", {"n": state["n"]}) for _ in range(100)], ["work"]
        )
        graph.add_edge("work", "join")
        graph.add_edge("join", END)
        return graph
    graph = StateGraph(Count)
    if shape == "chain":
        names = [f"s{index}" for index in range(10)]
        for name in names:
            graph.add_node(name, lambda state: bump(state["n"]))
        for before, after in zip([START, *names], [*names, END], strict=True):
            graph.add_edge(before, after)
        return graph
    graph.add_node("one", lambda state: bump(state["n"]))
    graph.add_edge(START, "one")
    graph.add_conditional_edges("one", lambda state: "one" if state["n"] < 1000 else END, ["one", END])
    return graph


def burr(shape: str, bump: Bump) -> dict[str, Run]:
    """Burr in memory; it has no native fan-out."""
    if shape == "fan":
        return {}
    from burr.core import ApplicationBuilder, State, action, default, when

    @action(reads=["n"], writes=["n"])
    def step(state: State) -> State:
        return state.update(**bump(state["n"]))

    @action(reads=["n"], writes=["done"])
    def loop_end(state: State) -> State:
        return state.update(done=True)

    def build() -> Any:
        builder = ApplicationBuilder().with_state(n=0)
        if shape == "chain":
            names = [f"s{index}" for index in range(10)]
            builder = builder.with_actions(**dict.fromkeys(names, step))
            builder = builder.with_transitions(*itertools.pairwise(names)).with_entrypoint("s0")
            return builder.build(), "s9"
        builder = builder.with_actions(one=step, last=loop_end)
        builder = builder.with_transitions(("one", "last", when(n=1000)), ("one", "one", default))
        return builder.with_entrypoint("one").build(), "last"

    def run(times: int) -> float:
        took = 0.0
        for _ in range(times):
            app, last = build()
            begun = time.perf_counter()
            _, _, state = app.run(halt_after=[last])
            took += time.perf_counter() - begun
            assert state["n"] in (10, 1000)
        return took

    return {"Burr, in memory": run}
