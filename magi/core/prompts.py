"""Prompt templates: versioned text, strict rendering, a LOCK of digests.

A template is named `folder/name@version` and holds `{{variable}}` places. Rendering wants just the variables
that the template names, and inserts each value as it is: a value that holds braces is never expanded again.
A released version never changes: its SHA-256 stands in LOCK, and another text under the same name is refused.
Leaves to others: reading files (`magi.wiring`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from magi.core.canonical import digest
from magi.core.errors import TemplateError

_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")
_LOCK_LINE = re.compile(r"^([0-9a-f]{64})  ([a-z_]+/[a-z_-]+@[0-9]+)$")


@dataclass(frozen=True)
class Templates:
    """The templates of this installation by name, checked against LOCK."""

    texts: Mapping[str, str]

    def digest(self, name: str) -> str:
        """SHA-256 of a template's text.

        Raises:
            TemplateError: there is no such template.
        """
        return digest(self._text(name).encode())

    def render(self, name: str, variables: Mapping[str, str]) -> str:
        """The template with every place filled.

        Raises:
            TemplateError: unknown template, or the variables are not exactly the places it names.
        """
        text = self._text(name)
        places = set(_PLACE.findall(text))
        if places != set(variables):
            missing, extra = sorted(places - set(variables)), sorted(set(variables) - places)
            raise TemplateError("variables", template=name, missing=tuple(missing), extra=tuple(extra))
        return _PLACE.sub(lambda place: variables[place.group(1)], text)

    def _text(self, name: str) -> str:
        if name not in self.texts:
            raise TemplateError("unknown", template=name, known=tuple(sorted(self.texts)))
        return self.texts[name]


def check_lock(texts: Mapping[str, str], lock: str) -> Templates:
    """Check every template against LOCK (`<sha256>  <name>` a line) and return them.

    Raises:
        TemplateError: a line that is none or names a template again, a template without a line, a line without
            a template, or a released version whose text changed (make a new version instead).
    """
    locked: dict[str, str] = {}
    for number, line in enumerate(lock.splitlines(), start=1):
        match = _LOCK_LINE.match(line)
        if match is None or match.group(2) in locked:
            raise TemplateError("lock_line", line=number)
        locked[match.group(2)] = match.group(1)
    unlocked = tuple(sorted(set(texts) ^ set(locked)))
    if unlocked:
        raise TemplateError("not_locked", templates=unlocked)
    changed = tuple(sorted(name for name, text in texts.items() if digest(text.encode()) != locked[name]))
    if changed:
        raise TemplateError("changed", templates=changed)
    return Templates(texts)
