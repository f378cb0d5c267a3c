"""Real processes that are there to be killed. Run as a script this file is their parent: it imports the hub once and
forks for each of them, because importing takes longer than most of them live. `Nursery` is the tests' side of it.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Child:
    """`out` has what it said on stdout."""

    nursery: "Nursery"
    pid: int
    out: Path

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # not reaped before `ended` was asked for, so the number is its own

    def ended(self) -> int | None:
        """Its exit code, -9 when it was killed, None while it lives. Not to be asked again after it ended."""
        code: int | None = self.nursery.ask("ended", self.pid)
        return code

    def wait(self) -> int:
        code: int = self.nursery.ask("wait", self.pid)
        return code

    def lines(self) -> list[str]:
        """What it said; a line that the kill cut off was said to nobody."""
        return [line.rstrip("\n") for line in self.out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def first_line(self) -> str:
        while not self.lines():
            code = self.ended()
            assert code is None, f"ended with {code}: {self.out.with_suffix('.err').read_text()}"
            time.sleep(0.005)
        return self.lines()[0]


class Nursery:
    """`with Nursery(folder, HUB_DATA_DIR=…) as nursery:`; nothing of the outer HUB_ settings reaches its children."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env=kept | {"PYTHONPATH": str(ROOT), "HUB_LOG_LEVEL": "error"} | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)  # the end of its input: it kills what still lives, and ends

    def start(self, task: str, *arguments: str) -> Child:
        out = self._folder / f"child-{next(self._numbers)}.out"
        return Child(self, self.ask("start", str(out), task, *arguments), out)

    def ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class OwnHub:
    """A hub of its own in `folder`, and one command on it: killed at some moment, or left to end with its report."""

    def __init__(self, nursery: Nursery, folder: Path, template: Path, *words: str) -> None:
        folder.mkdir()
        self.url = f"sqlite:///{shutil.copy(template, folder / 'hub.sqlite3')}"
        self._nursery = nursery
        self._words = (f"HUB_DATA_DIR={folder / 'data'}", f"HUB_DATABASE_URL={self.url}", *words)

    def kill_after(self, seconds: float) -> None:
        child = self._nursery.start("hub", *self._words)
        time.sleep(seconds)
        child.kill()
        assert child.wait() in (-9, 0)

    def finish(self) -> dict[str, Any]:
        child = self._nursery.start("hub", *self._words)
        assert child.wait() == 0, child.out.with_suffix(".err").read_text()
        report: dict[str, Any] = json.loads(child.out.read_text())
        return report


def publish_for_ever(url: str, marketing: str, sales: str, name: str) -> None:
    """Each line on stdout is said after a commit: `created SLUG`, `published SLUG VERSION`, `revised SLUG VERSION`."""
    from hub.assets import drafts
    from hub.db import Database
    from hub.people import directory
    from tests.factories.filled_hub import Pair, publish, revise, write

    database = Database(url)
    with database.reading() as session:
        pair = Pair(*(directory.actor_for(directory.person_by_email(session, email)) for email in (marketing, sales)))
    for number in itertools.count():
        slug = f"{name}-{number}"
        with database.transaction() as session:
            write(session, pair, slug)
        say("created", slug)
        for version in (1, 2):
            with database.transaction() as session:
                publish(session, pair, drafts.locked(session, slug))
            say("published", slug, version)
            with database.transaction() as session:
                revise(session, pair, drafts.locked(session, slug), f"Said anew after {version}.")
            say("revised", slug, version + 1)


def deliver(url: str) -> None:
    """A worker whose subscriber hears of events, and then takes longer than it will live."""
    from hub import tables
    from hub.db import Database
    from hub.events.deliver import Subscriber, Worker

    def hear(events: Sequence[tables.events.Event]) -> None:
        say(*(event.id for event in events))
        time.sleep(600)

    Worker(Database(url), [Subscriber("slow", ("asset.",), hear)]).run_once()


def command(*words: str) -> None:
    """A command of the hub, as it runs from the command line, after settings of its own: `NAME=VALUE … word …`."""
    from hub.cli import app

    own = list(itertools.takewhile(lambda word: word.startswith("HUB_"), words))
    os.environ.update(setting.split("=", 1) for setting in own)
    app(list(words[len(own) :]))


def say(*words: object) -> None:
    print(*words, flush=True)


TASKS: dict[str, Callable[..., None]] = {"publish": publish_for_ever, "deliver": deliver, "hub": command}


def main() -> None:
    import tests.factories.filled_hub  # noqa: F401 - all of it before the first child is made

    children: set[int] = set()
    for line in sys.stdin:
        word, *rest = json.loads(line)
        if word == "start":
            answer = _forked(*rest)
            children.add(answer)
        else:
            found, status = os.waitpid(rest[0], os.WNOHANG if word == "ended" else 0)
            answer = os.waitstatus_to_exitcode(status) if found else None
            children.discard(found)
        say(json.dumps(answer))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _forked(out: str, task: str, *arguments: str) -> int:
    Path(out).touch()  # it may be asked for what it said before it has begun
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(0)
        for number, name in ((1, out), (2, str(Path(out).with_suffix(".err")))):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        TASKS[task](*arguments)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
