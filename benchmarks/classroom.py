"""A class at one server: is everybody served, does the server stay small, and how long does a click take meanwhile?

    python -m benchmarks.classroom ../shared/models/corpus/files --visitors 30 --minutes 10

Thirty visitors come within a minute; each drops one of ten files and looks around. Two of them are greedy: they ask for
all filters of many layers, large and with many steps. One asks for as much and leaves after a while. Three use a real
browser; the others speak the page's own protocol (``benchmarks/visitor.py``). Everything listens on loopback.

What the figures mean, decided before they were measured:

* *share*: how long a modest visitor waited for their first wall, one layer of their file, divided by how long they
  would have if everybody who was there had had an equal share of the workers all the time. The work of each wall is
  what it takes on the same server with nobody else there, measured just before. The slowest may wait twice as long.
* *memory*: the largest less the smallest resident size of the web process after the first fifth of the time. At most
  150 MB.
* *click*: how long a click on the page takes to be answered in a browser, divided by the same of a Streamlit app of one
  line in the same browser a moment later, the median of the pairs. At most 2.
* *left*: what the server has more of after everybody has left than before anybody came. Nothing but the worker
  processes that are kept ready for the next visitor. Streamlit keeps a visitor's memory for a minute after they have
  left and drops it when the next one comes, so both are counted a minute after the last has left, and while one more
  visitor, whose memory counts on both sides, looks at the page.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

from benchmarks.visitor import Visitor
from benchmarks.worker_start import instructions
from filterviz.settings import Settings
from tests.browser.browsing import CHROMIUM, Server, serving

FILES = 10
GREEDY = "layers=0.1.2.3.4.5.6.7.8.9.10.11&count=all&size=512&steps=4000&overview=1"
BARE = "import streamlit as st, uuid\nst.html(f'<b class=fv-end data-run={uuid.uuid4()}>{st.button(\"Press\")}</b>')\n"
"""The app of one line, which ends with the mark by which the page says that it has arrived."""
THINKING_SECONDS = 4.0, 12.0
GREEDY_VISITORS, LEAVES = 3, 2
"""How many ask for too much, and which of them leaves early."""

LEAVING_SHARE = 0.3
"""When the one who leaves goes, as a share of the time."""

CLICK_SECONDS = 60.0
"""How long a click may take to be answered."""

PATIENCE_SECONDS = 300.0
"""For how much longer than planned the class goes on while somebody has not seen their first wall."""

QUIET_SECONDS = 70.0
"""How long after the last one has left what is left is counted: work of somebody who has left ends after 15 seconds,
and Streamlit keeps their memory for 60."""


@dataclass(frozen=True)
class First:
    """The first wall of a modest visitor.

    Attributes:
        file: Which file it is of.
        asked: When it was asked for, in seconds from the beginning.
        seconds: How long it took; infinite where it never came.
    """

    file: int
    asked: float
    seconds: float


@dataclass
class Report:
    """What came of a class.

    Attributes:
        modest: How many modest visitors there are.
        alone: Seconds that the first wall of each file takes with nobody else there.
        firsts: The first wall of each modest visitor.
        more: Walls that modest visitors saw completed after their first.
        memory: Resident bytes of the web process, second by second.
        clicks: Seconds of a click on the page, and on the bare app just after.
        left: What the server had more of at the end than at the beginning.
        problems: What went wrong, in words.
    """

    modest: int = 0
    alone: list[float] = field(default_factory=list)
    firsts: list[First] = field(default_factory=list)
    more: int = 0
    memory: list[int] = field(default_factory=list)
    clicks: list[tuple[float, float]] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def over(self, end: float) -> bool:
        """Whether it is past the end, on the monotonic clock, and nobody waits for their first wall any more."""
        now = time.monotonic()
        return now >= end and (len(self.firsts) >= self.modest or now >= end + PATIENCE_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder with Keras files")
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--browsers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.iterdir() if 200_000 < path.stat().st_size < 4_000_000)
    random.Random(options.seed).shuffle(paths)
    print(f"instructions of this processor: {', '.join(instructions())}")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), FILTERVIZ_REQUEST_SECONDS="0") as server:
        files = openable(server, paths, FILES)
        report = classroom(server, files, options.visitors, options.minutes * 60, options.browsers, options.seed)
        for line in described(report, workers=Settings().workers):
            print(line)


def openable(server: Server, paths: Sequence[Path], count: int) -> list[bytes]:
    """The first files that the page shows a wall of."""
    found: list[bytes] = []
    for path in paths:
        content = path.read_bytes()
        with suppress(TimeoutError), Visitor.at(server.address) as visitor:
            visitor.look("")
            visitor.upload(path.name, content, 30)
            visitor.wait(visitor.has_wall, 30)
            found.append(content)
            print(f"file {len(found)}: {path.name}", flush=True)
        if len(found) == count:
            break
    return found


def classroom(
    server: Server,
    files: Sequence[bytes],
    visitors: int,
    seconds: float,
    browsers: int,
    seed: int = 0,
    quiet: float = QUIET_SECONDS,
) -> Report:
    """Let a class use a server for a while.

    Args:
        server: The server, which nobody else uses.
        files: Files that can be opened.
        visitors: How many come, at least four: two are greedy and one leaves.
        seconds: For how long, and longer while somebody waits for their first wall.
        browsers: How many more come with a browser, which measure clicks.
        seed: Decides who does what.
        quiet: How long after the last has left it is counted what is left.
    """
    report = Report(modest=visitors - GREEDY_VISITORS)
    chosen = random.Random(seed)
    for number, content in enumerate(files):
        report.alone.append(alone(server, content, number))
    before = possessions(server, quiet)
    began = time.monotonic()
    end = began + seconds
    arrivals = [chosen.uniform(0, min(60.0, seconds / 5)) for _ in range(visitors)]
    threads = []
    for number, arrival in enumerate(arrivals):
        until = began + seconds * LEAVING_SHARE if number == LEAVES else end
        visit = Visit(server.address, number, files, report, began, arrival, until)
        threads.append(threading.Thread(target=guarded, args=(greedy if number < GREEDY_VISITORS else modest, visit)))
    for thread in threads:
        thread.start()
    with watching(server, report):
        if browsers:
            clicking(server, report, browsers, lambda: report.over(end))
        for thread in threads:
            thread.join()
    after = possessions(server, quiet)
    report.left = {name: after[name] - before[name] for name in after}
    return report


@dataclass(frozen=True)
class Visit:
    """What one visitor does.

    Attributes:
        address: Address of the server.
        number: Who they are.
        files: What there is to drop.
        report: Where they note what they have seen.
        began: When the class began, on the monotonic clock.
        arrival: Seconds after that when they come.
        end: When they leave, on the monotonic clock; nobody leaves who waits for their first wall.
    """

    address: str
    number: int
    files: Sequence[bytes]
    report: Report
    began: float
    arrival: float
    end: float

    @property
    def file(self) -> int:
        """Which file they drop."""
        return self.number % len(self.files)

    @contextmanager
    def page(self) -> Iterator[Visitor]:
        """Their page, with their file on it."""
        time.sleep(self.arrival)
        with Visitor.at(self.address) as visitor:
            visitor.look("")
            content = self.files[self.file] + f"visitor {self.number} {self.began}".encode()
            visitor.upload(f"visitor-{self.number}.h5", content)
            yield visitor


def guarded(target: Callable[[Visit], None], visit: Visit) -> None:
    """Note what goes wrong."""
    try:
        target(visit)
    except Exception as error:
        visit.report.problems.append(f"visitor {visit.number}: {type(error).__name__}: {error}")


def alone(server: Server, content: bytes, number: int) -> float:
    """How long the first wall of a file takes with nobody else there, from when it was asked for."""
    with Visitor.at(server.address) as visitor:
        visitor.look("")
        visitor.upload(f"alone-{number}.h5", content + f"alone {number}".encode())
        began = time.monotonic()
        visitor.wait(visitor.has_wall, 300)
        return time.monotonic() - began


def modest(visit: Visit) -> None:
    """Drops a file, waits for the wall, looks at other layers."""
    chosen, report, end = random.Random(visit.number), visit.report, visit.end
    with visit.page() as visitor:
        asked = time.monotonic()
        seconds = float("inf")
        try:
            visitor.wait(visitor.has_wall, max(1.0, end + PATIENCE_SECONDS - asked))
            seconds = time.monotonic() - asked
        finally:
            report.firsts.append(First(visit.file, asked - visit.began, seconds))
        for layer in itertools.cycle(range(1, 7)):
            visitor.idle(min(end - time.monotonic(), chosen.uniform(*THINKING_SECONDS)))
            if time.monotonic() >= end:
                break
            with suppress(TimeoutError):
                visitor.look(f"m={visitor.token}&layers={layer}")
                visitor.wait(visitor.has_wall, max(0.1, end - time.monotonic()))
                report.more += 1


def greedy(visit: Visit) -> None:
    """Asks for more than can be made, until they leave, which is the end of the class or before it."""
    leaves = visit.number == LEAVES
    with visit.page() as visitor:
        visitor.look(f"m={visitor.token}&{GREEDY}")
        visitor.wait(lambda: time.monotonic() >= visit.end and (leaves or visit.report.over(visit.end)), 3600)


def clicking(server: Server, report: Report, browsers: int, over: Callable[[], bool]) -> None:
    """Real browsers on the opening page; in one of them clicks are timed beside those on an app of one line."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "bare.py"
        script.write_text(BARE)
        with serving(Path(folder), script=str(script)) as bare, chromium(playwright.chromium) as browser:
            pages = [opened(browser, server.address) for _ in range(browsers)]
            other = opened(browser, bare.address)
            for turn in itertools.count():
                if over():
                    break
                try:
                    pair = clicked(pages[0], "radio", str(1 + turn % 2)), clicked(other, "button", "Press")
                except TookTooLong:
                    report.problems.append(f"a click was not answered within {CLICK_SECONDS:.0f} s")
                    pages[0].reload()
                    continue
                if turn > 0:
                    report.clicks.append(pair)
                time.sleep(3)


@contextmanager
def chromium(kind: BrowserType) -> Iterator[Browser]:
    browser = kind.launch(executable_path=CHROMIUM)
    try:
        yield browser
    finally:
        browser.close()


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(CLICK_SECONDS * 1000)
    page.goto(address)
    page.get_by_test_id("stApp").wait_for()
    return page


def clicked(page: Page, role: Literal["radio", "button"], name: str) -> float:
    """Seconds from a click until what it changes has been drawn anew, to its end: the page, or a part of it."""
    page.locator(".fv-end").first.wait_for(state="attached")
    marks = page.locator(".fv-end").evaluate_all("all => all.map(mark => mark.dataset.run)")
    button = page.get_by_role(role, name=name, exact=True)
    button.wait_for()
    began = time.monotonic()
    button.click()
    drawn_before = "".join(f":not([data-run='{mark}'])" for mark in marks)
    page.locator(f".fv-end{drawn_before}").first.wait_for(state="attached")
    return time.monotonic() - began


@contextmanager
def watching(server: Server, report: Report) -> Iterator[None]:
    """Note the size of the web process every second."""
    process, over = psutil.Process(server.process.pid), threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            report.memory.append(process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def possessions(server: Server, quiet: float) -> dict[str, int]:
    """What the server holds after a quiet time: threads, descriptors, processes, and files on their way."""
    time.sleep(quiet)
    with Visitor.at(server.address) as visitor:
        visitor.look("")
        return _possessions(server)


def _possessions(server: Server) -> dict[str, int]:
    process = psutil.Process(server.process.pid)
    cache = server.log.parent / "cache"
    return {
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
        "processes": len(server.children()),
        "unfinished files": len([*cache.rglob(".incoming-*"), *cache.rglob(".unfinished-*")]),
    }


def fair(firsts: Sequence[First], alone: Sequence[float], others: int, slots: int, step: float = 0.02) -> list[float]:
    """How long each would have waited with equal shares all the time.

    Args:
        firsts: Who came when, with what file.
        alone: The work of each file's first wall in seconds of the whole server.
        others: How many more always want something.
        slots: How many compute at the same time; one person's work can be in one of them at a time.
        step: Seconds of the simulation's steps.
    """
    left = [alone[item.file] for item in firsts]
    waited = [0.0] * len(firsts)
    now = 0.0
    while any(work > 0 for work in left):
        present = [at for at, item in enumerate(firsts) if item.asked <= now and left[at] > 0]
        share = min(1.0, slots / max(1, len(present) + others))
        for at in present:
            left[at] -= share * step
            waited[at] += step
        now += step
    return waited


def described(report: Report, workers: int) -> list[str]:
    """The report in lines."""
    fair_waits = fair(report.firsts, report.alone, 2, workers)
    shares = [item.seconds / wait for item, wait in zip(report.firsts, fair_waits, strict=True)]
    served = sum(item.seconds < float("inf") for item in report.firsts)
    settled = report.memory[len(report.memory) // 5 :] or [0]
    lines = [
        f"the first wall alone: {statistics.median(report.alone):.1f} s (median of {len(report.alone)} files)",
        f"modest visitors served: {served} of {len(report.firsts)}, and {report.more} more walls",
        f"wait for the first wall: median {statistics.median(item.seconds for item in report.firsts):.0f} s, "
        f"longest {max(item.seconds for item in report.firsts):.0f} s",
        f"share: median {statistics.median(shares):.2f}, slowest {max(shares):.2f} (2 allowed)",
        f"memory: {min(settled) / 1e6:.0f} to {max(settled) / 1e6:.0f} MB, {(max(settled) - min(settled)) / 1e6:.0f} "
        "apart (150 allowed)",
    ]
    if report.clicks:
        ratio = statistics.median(mine / its for mine, its in report.clicks)
        mine, its = (statistics.median(pair[at] for pair in report.clicks) for at in (0, 1))
        lines.append(
            f"click: {mine * 1000:.0f} ms beside {its * 1000:.0f} ms of a bare app, ratio {ratio:.2f} "
            f"(2 allowed; {len(report.clicks)} pairs)"
        )
    lines.append(f"left: {report.left}")
    return [*lines, *(f"problem: {problem}" for problem in report.problems)]


if __name__ == "__main__":
    main()
