"""Who computes next: equal shares of time for people, however much each asks for.

What is shared is time. Each person's seconds of computing are counted, and whoever has had the fewest is next: this is
fair queuing (Demers, Keshav and Shenker, 1989) with turns in place of packets. So a person whose turns are long,
because their network is large, has fewer of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from filterviz.spec import Standing

TURN_SECONDS = 3.0
"""How long somebody computes while others wait; they wait so much longer for each person before them."""

LARGEST_LEAD = 60.0
"""Nobody counts as having had this many seconds more than an equal share, or less. What somebody computed while few
others were there must not keep them waiting for long once there are many; nor may whoever wanted little then have all.
"""

GAP_SECONDS = 2.0
"""Somebody who comes back within this time has not been away: a turn of theirs ends before they wait for the next."""

RECENT = 0.2
"""The weight of the latest turn in the mean length of turns."""


def person_of(owner: str) -> str:
    """Return whose work something is: an owner is ``"PERSON"``, or ``"PERSON WHAT"`` for one of several things.

    Example:
        >>> person_of("ada left"), person_of("ada")
        ('ada', 'ada')
    """
    return owner.partition(" ")[0]


@dataclass(eq=False, slots=True)
class Waiter:
    """Somebody's work that waits for a slot. ``number`` is its place in the order of arrival."""

    owner: str
    number: int


@dataclass(eq=False, slots=True)
class Turn:
    """The time for which an owner holds a slot.

    Attributes:
        owner: Who holds it.
        clock: Tells the time in seconds.
        taken: When it was taken.
        began: When the first result was there; ``None`` before.
    """

    owner: str
    clock: Callable[[], float]
    taken: float
    began: float | None = None

    @property
    def seconds(self) -> float:
        """For how many seconds the slot has been held."""
        return self.clock() - self.taken

    def begin(self) -> None:
        """Say that the first result is there. Saying it again changes nothing."""
        if self.began is None:
            self.began = self.clock()

    @property
    def may_end(self) -> bool:
        """Whether the turn has been long enough for others to have the slot.

        That is :data:`TURN_SECONDS` after its first result at the earliest, and no sooner after it than that took to
        come: if each turn needs a worker that first has to open the model, at least half of the time is for the work.
        """
        if self.began is None:
            return False
        return self.clock() - self.began >= max(TURN_SECONDS, self.began - self.taken)


class Shares:
    """The account of who waits for a slot, who holds one, and how much each person has had. Not safe in threads.

    A free slot goes to the waiting person who has computed for the fewest seconds, and of several to the one who came
    first. Somebody who comes anew counts as having had an equal share of what was computed so far: so not even a stream
    of newcomers keeps anybody waiting for good. Of what one person wants, it goes to what was computed least recently,
    and then to what came first.

    Args:
        slots: How many may compute at the same time.
        clock: Tells the time in seconds.
    """

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.waiting: list[Waiter] = []
        self.turns: list[Turn] = []
        self._slots = slots
        self._clock = clock
        self._equal_share = 0.0
        self._counted_until = clock()
        self._seconds: dict[str, float] = {}  # by person, without the turns that last
        self._came: dict[str, int] = {}  # by person
        self._last_worked: dict[str, int] = {}  # by owner
        self._left: dict[str, float] = {}  # when each person was last here, of those who are not
        self._mean_turn: float | None = None
        self._count = 0

    def wait(self, owner: str) -> Waiter:
        """Somebody comes and waits."""
        self._advance()
        self._count += 1
        person = person_of(owner)
        if person not in self._present():
            self._forget()
            if self._left.pop(person, None) is None:
                self._came[person] = self._count
                self._seconds[person] = max(self._seconds.get(person, 0.0), self._equal_share)
        waiter = Waiter(owner, self._count)
        self.waiting.append(waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Somebody waits no more."""
        self._advance()
        self.waiting.remove(waiter)
        self._note_absence(person_of(waiter.owner))

    def next(self) -> Waiter | None:
        """Whose turn it is; ``None`` while no slot is free or nobody waits."""
        if len(self.turns) >= self._slots:
            return None
        return min(self.waiting, key=self._rank, default=None)

    def begin(self, waiter: Waiter) -> Turn:
        """Give somebody who waits a slot."""
        self._advance()
        self.waiting.remove(waiter)
        turn = Turn(waiter.owner, self._clock, self._clock())
        self.turns.append(turn)
        self._remember(waiter.owner)
        return turn

    def end(self, turn: Turn) -> None:
        """Take a slot back and count its time."""
        self._advance()
        lasted, person = turn.seconds, person_of(turn.owner)
        self.turns.remove(turn)
        self._seconds[person] = self._seconds.get(person, 0.0) + lasted
        mean = lasted if self._mean_turn is None else self._mean_turn
        self._mean_turn = mean + RECENT * (lasted - mean)
        self._remember(turn.owner)
        self._note_absence(person)

    def is_over(self, turn: Turn) -> bool:
        """Whether a slot should be given up now: for somebody who has had less, or for what else its owner wants."""
        if not turn.may_end:
            return False
        person = person_of(turn.owner)
        waiting = {person_of(waiter.owner) for waiter in self.waiting}
        mine = self._seconds_of(person)
        return person in waiting or any(self._seconds_of(other) < mine for other in waiting)

    def standing(self, owner: str) -> Standing | None:
        """Where the work of an owner stands; ``None`` where it neither waits nor is being done."""
        others = len(self._present() - {person_of(owner)})
        if any(turn.owner == owner for turn in self.turns):
            return Standing(0, others)
        before: list[str] = []
        for waiter in sorted(self.waiting, key=self._rank):
            if waiter.owner == owner:
                ahead = len(set(before) - {person_of(owner)})
                return Standing(ahead + 1, others, self._seconds_until(ahead))
            before.append(person_of(waiter.owner))
        return None

    def _present(self) -> set[str]:
        return {person_of(waiter.owner) for waiter in self.waiting} | {person_of(turn.owner) for turn in self.turns}

    def _advance(self) -> None:
        """Count what has been computed since the last time as shared equally between those who are here."""
        now = self._clock()
        people = len(self._present())
        if people:
            self._equal_share += (now - self._counted_until) * len(self.turns) / people
        self._counted_until = now

    def _seconds_of(self, person: str) -> float:
        lasting = sum(turn.seconds for turn in self.turns if person_of(turn.owner) == person)
        return self._seconds.get(person, 0.0) + lasting

    def _seconds_until(self, ahead: int) -> float | None:
        """How long somebody waits who has so many people before them."""
        if self._mean_turn is None:
            return None
        mean = self._mean_turn
        ends = sorted(max(0.0, mean - turn.seconds) for turn in self.turns)
        rounds, place = divmod(ahead, self._slots)
        free = self._slots - len(ends)
        return rounds * mean + (0.0 if place < free else ends[place - free])

    def _remember(self, owner: str) -> None:
        self._count += 1
        self._last_worked[owner] = self._count

    def _note_absence(self, person: str) -> None:
        if person not in self._present():
            self._left[person] = self._clock()

    def _rank(self, waiter: Waiter) -> tuple[float, int, int, int]:
        person = person_of(waiter.owner)
        return self._seconds_of(person), self._came[person], self._last_worked.get(waiter.owner, 0), waiter.number

    def _forget(self) -> None:
        """Forget of the past what makes no difference any more."""
        now = self._clock()
        self._left = {person: when for person, when in self._left.items() if now - when <= GAP_SECONDS}
        present = self._present() | set(self._left)
        if not present:
            self._equal_share = 0.0
        least, most = self._equal_share - LARGEST_LEAD, self._equal_share + LARGEST_LEAD
        self._seconds = {
            person: min(max(seconds, least), most)
            for person, seconds in self._seconds.items()
            if person in present or (present and seconds > self._equal_share)
        }
        self._came = {person: when for person, when in self._came.items() if person in present}
        self._last_worked = {name: when for name, when in self._last_worked.items() if person_of(name) in present}
