"""The catalogues hold every sentence of the page, and what a translation fills in is what the sentence has."""

from __future__ import annotations

import ast
import io
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import filterviz
from filterviz.ui import i18n

PACKAGE = Path(filterviz.__file__).parent
CATALOGUES = sorted((PACKAGE / "locale").glob("*/LC_MESSAGES/filterviz.po"))
KEYWORDS = {"_": None, "ngettext": (1, 2), "say": None}


def sentences() -> Iterator[tuple[str, ...]]:
    for _file, _line, message, _comments, _context in extract_from_dir(PACKAGE, [("**.py", "python")], None, KEYWORDS):
        yield message if isinstance(message, tuple) else (message,)


def fields(sentence: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(sentence) if name}


def inside_f_strings(source: str) -> list[int]:
    """The lines on which a sentence is translated within an f-string."""
    return sorted(
        {
            call.lineno
            for text in ast.walk(ast.parse(source))
            if isinstance(text, ast.JoinedStr)
            for call in ast.walk(text)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
        }
    )


def test_no_sentence_stands_where_older_pythons_do_not_see_it() -> None:
    """The extraction reads tokens, and before Python 3.12 an f-string was one token, whatever stood in it."""
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := inside_f_strings(path.read_text(encoding="utf-8")))
    }
    assert found == {}
    assert inside_f_strings("""_("seen")\nf"{_('not seen')}"\nf"{x:{_('nor this')}}" """) == [2, 3]


def test_there_are_sentences_and_a_catalogue() -> None:
    assert len(set(sentences())) > 100
    assert [path.parts[-3] for path in CATALOGUES] == ["zh_CN"]
    assert set(i18n.LANGUAGES) == {"en", "zh"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_no_sentence_is_missing(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    missing = []
    for sentence in set(sentences()):
        message = catalogue.get(sentence[0])
        translated = () if message is None or message.fuzzy else message.string
        if not translated or not all([translated] if isinstance(translated, str) else translated):
            missing.append(sentence[0])
    assert not missing, "run `make locale` and translate these"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_a_translation_fills_in_nothing_that_its_sentence_has_not(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else message.id
        strings = [message.string or ""] if isinstance(message.string, str | None) else message.string
        known = set.union(*(fields(one) for one in ids))
        for translation in strings:
            assert fields(translation) <= known, message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_that_of_the_sentences(path: Path) -> None:
    stream = io.BytesIO()
    with path.open("rb") as file:
        write_mo(stream, read_po(file, locale=path.parts[-3]))
    assert path.with_suffix(".mo").read_bytes() == stream.getvalue(), "run `make locale`"


def test_a_sentence_in_chinese() -> None:
    assert i18n.catalogue("zh").gettext("Resume") == "继续"
    assert i18n.catalogue("zh").ngettext("{number} epoch", "{number} epochs", 5).format(number=5) == "5 轮"
    assert i18n.catalogue("en").gettext("Resume") == "Resume"
    assert i18n.language() == "en", "nobody is looking"
