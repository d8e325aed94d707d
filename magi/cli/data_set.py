"""Data sets: JSON Lines (also .gz) of questions with gold, or of recorded answers; and the forty that ship.

A question's line has `question`, and optionally `id` (or `question_id`; else its line number), `category`, `options`
(a list, or id -> text), `space` and `gold` (or `answer`, as published sets name it). What a question stands on is put
after it, in the order text, table, text: `context`, `pre_text`, `table` {headers, rows}, `post_text`.

Promises: every line that is none is named by number and never quoted, and then nothing is asked; the answer space
never depends on gold. Leaves to others: when an answer is right (`magi.evaluation.gold`), asking.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from magi.core.errors import CallerError, MalformedFileError
from magi.evaluation.answer_sheet import MAX_BYTES, MAX_PROBLEMS, MAX_ROWS
from magi.evaluation.gold import Item, gold_of
from magi.evaluation.policy_questions import policy_questions
from magi.jobs.rows import MAX_ID_CHARS, read_options, read_space
from magi.service.question import take_question

SHIPPED: Final = "policy_questions"
"""The name of the forty questions that ship with the product."""
MAX_CATEGORY_CHARS: Final = 200


def is_recorded(path: Path) -> bool:
    """Whether the file holds recorded answers: its first object has some.

    Raises:
        MalformedFileError: unreadable, unpacked.
    """
    for _, text in _lines(path):
        try:
            first = json.loads(text)
        except (ValueError, RecursionError):
            return False
        answers = first.get("answers") if isinstance(first, dict) else None
        return isinstance(answers, dict) and bool(answers)
    return False


def read_items(name: str) -> tuple[Item, ...]:
    """The questions of a data set, `SHIPPED` for the forty that ship.

    Raises:
        MalformedFileError: unreadable, unpacked, too_many_rows; data_set, with the numbers of the lines that are
            no questions, or whose id was there before.
    """
    if name == SHIPPED and not Path(name).exists():
        return tuple(
            Item(number, each.id, each.category, each.question, each.gold)
            for number, each in enumerate(policy_questions(), start=1)
        )
    path = Path(name)
    found: dict[str, Item] = {}
    bad: list[int] = []
    for number, text in _lines(path):
        if len(found) + len(bad) >= MAX_ROWS:
            raise MalformedFileError("too_many_rows", file=name, most=MAX_ROWS)
        try:
            item = _item(number, json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CallerError):
            bad.append(number)
            continue
        if item.id in found:
            bad.append(number)
        found.setdefault(item.id, item)
    if bad:
        shown = tuple(str(number) for number in bad[:MAX_PROBLEMS])
        raise MalformedFileError("data_set", file=name, count=len(bad), problems=shown)
    if not found:
        raise MalformedFileError("no_questions", file=name)
    return tuple(found.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            data = (gzip.GzipFile(fileobj=file) if packed else file).read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise MalformedFileError("unpacked", file=str(path), problems=(type(error).__name__,)) from error
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    if len(data) > MAX_BYTES:
        raise MalformedFileError("answers_too_large", file=str(path), most=MAX_BYTES)
    yield from ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _item(number: int, row: Mapping[str, object]) -> Item:
    options = read_options(row.get("options"))
    text = row["question"]
    if not isinstance(text, str):
        raise TypeError
    space = read_space(row.get("space"), tuple(options))
    question = take_question("\n\n".join([text, *_grounds(row)]), space, options)
    given = row.get("id", row.get("question_id"))
    name = f"line-{number}" if given is None else str(given)
    if not name.strip() or len(name) > MAX_ID_CHARS:
        raise ValueError
    gold = gold_of(row["gold"] if "gold" in row else row.get("answer"), question)
    return Item(number, name, str(row.get("category") or "")[:MAX_CATEGORY_CHARS], question, gold)


def _grounds(row: Mapping[str, object]) -> Iterator[str]:
    """What the question stands on, as text."""
    for name in ("context", "pre_text", "table", "post_text"):
        part = row.get(name)
        if isinstance(part, Mapping):
            rows = [part.get("headers") or [], *(part.get("rows") or [])]
            yield "\n".join(" | ".join(str(cell) for cell in cells) for cells in rows)
        elif isinstance(part, str | list) and part:
            yield part if isinstance(part, str) else "\n".join(str(each) for each in part)
