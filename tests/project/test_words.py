"""The catalogue of words: complete in both languages, and complete for everything that is said."""

import ast
import functools
import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from magi.core import errors
from magi.core.answers.outcome import FailureName
from magi.core.decided import Outcome, Said
from magi.residency.label import Label

MAGI = Path(__file__).parents[2] / "magi"
LANGUAGES = {"ja", "en"}
GIVEN_TO_ERRORS = {"path", "file", "what", "problems", "reason"}
"""Facts that say_error gives to every error's words (magi.words)."""
RAISED = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.MagiError)
}


@functools.cache
def catalogue():
    """The words as they stand in the file."""
    return tomllib.loads((MAGI / "words.toml").read_text(encoding="utf-8"))


def placeholders(text):
    """The names in braces of one sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def calls(folder):
    """Every call in the modules of a folder, with the name of what is called."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node


def literals(node):
    """The words that an expression can be, where it is a literal or a choice between literals."""
    match node:
        case ast.Constant(value=str(word)):
            return [word]
        case ast.IfExp(body=first, orelse=second):
            return [*literals(first), *literals(second)]
        case _:
            return []


def said():
    """Every literal key that the commands say, with the names of its facts (None: not known here)."""
    for name, call in calls(MAGI / "cli"):
        if name in {"say", "_say"} and call.args:
            # say(key, lang, **facts) and the commands' own _say(settings, key, **facts)
            key = call.args[0] if name == "say" else call.args[1]
            facts = {word.arg for word in call.keywords} - {"style"}
            for word in literals(key):
                yield word, None if None in facts else facts


def keys_by_table():
    """Every literal in the commands that has the form of a key: keys that pass through a variable."""
    tables = {key.partition(".")[0] for key in catalogue()}
    key = re.compile(rf"(?:{'|'.join(sorted(tables))})(?:\.[a-z_]+)+")
    for path in sorted((MAGI / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield from (word for word in literals(node) if key.fullmatch(word))


def reasons():
    """Every error that magi makes with a literal reason: code, reason, names of its facts (None: not known)."""
    for name, call in calls(MAGI):
        if name in RAISED and call.args:
            facts = {word.arg for word in call.keywords}
            for reason in literals(call.args[0]):
                yield RAISED[name].code, reason, None if None in facts else facts


def words_for(code, reason):
    """The catalogue's entry for an error, exact or general, as say_error looks it up."""
    return catalogue().get(f"error.{code}.{reason}", catalogue().get(f"error.{code}"))


def test_every_word_stands_in_both_languages():
    """Every key has Japanese and English, neither empty, with the same facts filled in."""
    bad = [
        key
        for key, words in catalogue().items()
        if set(words) != LANGUAGES
        or not all(text.strip() for text in words.values())
        or placeholders(words["ja"]) != placeholders(words["en"])
    ]

    assert bad == []


def test_every_key_that_is_said_has_words():
    """Every literal key in the commands, said directly or through a variable, stands in the catalogue."""
    keys = {key for key, _ in said()}

    assert len(keys) > 50
    assert sorted((keys | set(keys_by_table())) - set(catalogue())) == []


def test_every_sentence_gets_its_facts():
    """Wherever a literal key is said, every fact that its sentence names is given."""
    short = [
        (key, sorted(missing))
        for key, facts in said()
        if key in catalogue() and facts is not None
        if (missing := placeholders(catalogue()[key]["ja"]) - facts)
    ]

    assert short == []


def test_every_error_has_words():
    """Every reason that magi raises has words of its own or the general words of its kind of error."""
    assert sorted({(code, reason) for code, reason, _ in reasons() if words_for(code, reason) is None}) == []


def test_every_error_brings_its_facts():
    """Every fact that an error's sentence names is brought by the error or given to all errors."""
    short = [
        (code, reason, sorted(missing))
        for code, reason, facts in reasons()
        if facts is not None and words_for(code, reason)
        if (missing := placeholders(words_for(code, reason)["ja"]) - facts - GIVEN_TO_ERRORS)
    ]

    assert short == []


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("outcome", get_args(Outcome)),
        ("said", get_args(Said)),
        ("failure", list(FailureName)),
        ("label", [label.word for label in Label]),
    ],
    ids=["outcome", "said", "failure", "label"],
)
def test_every_term_has_words(table, names):
    """Every outcome, kind of statement, failure to read an answer and label that the core knows can be shown."""
    assert [name for name in names if f"{table}.{name}" not in catalogue()] == []
