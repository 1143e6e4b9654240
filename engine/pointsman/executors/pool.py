"""Workers for one interpreter, environment and state of the code: started ahead, used again, bounded.

Laws:
- One attempt at a time per process; a call made by an attempt runs inside the attempt's own process, so a full pool
  never waits for itself.
- Who waits first is served first.
"""

import asyncio
import os
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from pointsman.executors.call import CallSpec, Outcome, Port, failed
from pointsman.executors.worker import MAX_RESULT, Launch, Unusable, Worker


class WorkerPool:
    """At most `size` attempts at once, and `warm` workers started before they are needed, as far as `size` allows.

    `env` is the whole environment of the workers, `roots` come first on their import path. `pinned` are the modules
    they import as they are given here, whatever the files hold by then. Which pool serves which code is the caller's
    business.
    """

    def __init__(
        self,
        interpreter: str,
        env: Mapping[str, str],
        roots: Sequence[Path],
        cwd: Path,
        size: int | None = None,
        warm: int = 1,
        max_result: int = MAX_RESULT,
        pinned: Mapping[Path, bytes] | None = None,
    ) -> None:
        texts = {os.path.normpath(path): data for path, data in (pinned or {}).items()}
        self._launch = Launch(interpreter, dict(env), tuple(roots), cwd, max_result, texts)
        self._size = size or os.cpu_count() or 1
        self._warm = warm
        self._slots = asyncio.Semaphore(self._size)
        self._idle: deque[Worker] = deque()
        self._workers: set[Worker] = set()
        self._running: dict[str, Worker] = {}
        self._current: set[Worker] = set()
        self._stops: set[asyncio.Task[None]] = set()
        self._closed = False

    async def run_python(self, target: str, spec: CallSpec, port: Port, inside: str | None = None) -> Outcome:
        """Run `module:function`. `inside` names the attempt on whose behalf: it then runs in the same process."""
        around = self._running.get(inside) if inside is not None else None
        if around is not None:
            return await self._on(around, target, spec, port)
        async with self._slots:
            if self._closed:
                return failed(spec, "lost", "worker_lost", "the worker pool is closed")
            worker = self._take()
            try:
                await worker.ready()
                self.prewarm()
                return await self._on(worker, target, spec, port)
            except Unusable as unusable:
                error = unusable.error
                return failed(spec, error.klass, error.code, error.message)
            finally:
                self._give_back(worker)

    def prewarm(self) -> None:
        """Start spare workers now; attempts do it too."""
        while not self._closed and len(self._idle) < self._warm and len(self._current) < self._size:
            self._idle.appendleft(self._spawn())

    @property
    def pids(self) -> list[int]:
        """The processes there are now."""
        return sorted(worker.pid for worker in self._workers if worker.pid)

    async def close(self) -> None:
        """End all workers; attempts that run are lost."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(worker.stop() for worker in tuple(self._workers)))
        if self._stops:
            await asyncio.wait(self._stops)

    async def _on(self, worker: Worker, target: str, spec: CallSpec, port: Port) -> Outcome:
        before = self._running.get(spec.effect_id)
        self._running[spec.effect_id] = worker
        try:
            return await worker.call(target, spec, port)
        finally:
            if before is not None:
                self._running[spec.effect_id] = before
            else:
                del self._running[spec.effect_id]

    def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.fit:
                return worker
        return self._spawn()

    def _give_back(self, worker: Worker) -> None:
        if worker.fit and worker.free and worker in self._current and not self._closed:
            self._idle.append(worker)
        else:
            self._stop(worker)

    def _spawn(self) -> Worker:
        worker = Worker(self._launch)
        self._workers.add(worker)
        self._current.add(worker)
        worker.ended.add_done_callback(lambda _: self._forget(worker))
        return worker

    def _stop(self, worker: Worker) -> None:
        self._current.discard(worker)
        task = asyncio.get_running_loop().create_task(worker.stop())
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    def _forget(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._current.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)


class PythonAgent:
    """An agent that is a Python callable, `module:function`, in a worker of `pool`."""

    def __init__(self, pool: WorkerPool, target: str) -> None:
        self._pool = pool
        self._target = target

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """Run it in a free worker."""
        return await self._pool.run_python(self._target, spec, port)

    async def close(self) -> None:
        """The pool is its owner's."""
