"""The lineage of weights: which model was made from which, as a graph without cycles.

`parse_lineage` reads `[models."NAME"]` tables with a developer, its country, the parents whose weights went in,
and the models it is suspected to be distilled from. Merged models have several parents. Names match in any letter
case. An origin that the table does not know has an unknown lineage, never an empty one. Leaves to others: bans
(`magi.residency.bias`), independence of votes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from magi.core.card import Ancestor, Country, Name, lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError
from magi.core.frozen import Frozen

MAX_MODELS = 5_000
"""Every published family fits many times over; a larger table is a mistake, and walking it is quadratic at worst."""


class Origin(Frozen):
    """One model of the table: its maker, what it was made from, and what it is suspected to be distilled from."""

    developer: Name
    country: Country
    parents: tuple[Name, ...]
    suspected: tuple[Name, ...] = ()


class LineageTable(Frozen):
    """The file as written."""

    models: Mapping[Name, Origin]


@dataclass(frozen=True)
class Lineage:
    """A sound table: every parent is known, and nothing descends from itself. Keys are names in small letters."""

    models: Mapping[str, tuple[str, Origin]]

    def ancestors(self, names: Iterable[str]) -> tuple[Ancestor, ...] | None:
        """The named models and everything that they descend from, nearest first; None if any name is unknown.

        A model that only a suspicion leads to is marked so, and so is what it in turn descends from.
        """
        sure, doubtful = self._reach([key(name) for name in names])
        if sure is None or doubtful is None:
            return None
        return tuple(
            Ancestor(name=name, developer=origin.developer, country=origin.country, suspected=suspected)
            for found, suspected in ((sure, False), (doubtful, True))
            for name, origin in (self.models[each] for each in found)
        )

    def _reach(self, start: list[str]) -> tuple[list[str] | None, list[str] | None]:
        if any(name not in self.models for name in start):
            return None, None
        sure = _walk(start, lambda name: self.models[name][1].parents)
        suspects = [key(name) for each in sure for name in self.models[each][1].suspected]
        every = _walk(suspects, lambda name: self.models[name][1].parents + self.models[name][1].suspected)
        return sure, [name for name in every if name not in set(sure)]


EMPTY = Lineage({})
"""Of a folder without a table: every lineage is unknown."""


def key(name: str) -> str:
    """A model's name as the table is looked up by."""
    return name.strip().casefold()


def parse_lineage(table: Mapping[str, object], file: str) -> Lineage:
    """Parse the lineage file's table.

    Raises:
        MalformedFileError: unknown or missing keys, a name twice (in other letter case), a parent or suspect that
            is not in the table, a cycle; all problems of the first kind that there is, with `file`.
    """
    try:
        parsed = LineageTable.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems_of(error)) from None
    models = {key(name): (name, origin) for name, origin in parsed.models.items()}
    problems = _twice(parsed.models) + _without_entry(models) + _too_many(parsed.models)
    if not problems:
        problems = _in_cycles(models)
    if problems:
        raise MalformedFileError("keys", file=file, problems=tuple(problems))
    return Lineage(models)


def _twice(models: Mapping[str, Origin]) -> list[str]:
    seen: dict[str, str] = {}
    return [f"{name}: twice" for name in models if seen.setdefault(key(name), name) != name]


def _too_many(models: Mapping[str, Origin]) -> list[str]:
    return [f"models: over {MAX_MODELS}"] if len(models) > MAX_MODELS else []


def _without_entry(models: Mapping[str, tuple[str, Origin]]) -> list[str]:
    return [
        f"{name}.{kind}: {parent} has no entry"
        for name, origin in models.values()
        for kind, parents in (("parents", origin.parents), ("suspected", origin.suspected))
        for parent in parents
        if key(parent) not in models
    ]


def _in_cycles(models: Mapping[str, tuple[str, Origin]]) -> list[str]:
    """Models that remain when everything whose parents are all settled is taken away, again and again.

    Only weights make a cycle: two makers may well suspect each other.
    """
    waiting = {name: {key(parent) for parent in origin.parents} for name, (_, origin) in models.items()}
    children: dict[str, list[str]] = {}
    for name, parents in waiting.items():
        for parent in parents:
            children.setdefault(parent, []).append(name)
    settled = [name for name, parents in waiting.items() if not parents]
    for done in settled:  # grows while it is walked; every model enters once
        for child in children.get(done, ()):
            waiting[child].discard(done)
            if not waiting[child]:
                settled.append(child)
    return [f"{models[name][0]}: descends from itself" for name, parents in waiting.items() if parents]


def _walk(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> list[str]:
    """Everything that is reached from `start`, each once, nearest first."""
    found = dict.fromkeys(start)
    queue = list(found)
    for name in queue:  # grows while it is walked; every model enters once
        for parent in map(key, step(name)):
            if parent not in found:
                found[parent] = None
                queue.append(parent)
    return queue
