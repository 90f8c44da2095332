"""Text files are called by what they are, and bytes that are no text by nothing."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.reader import signatures, texts
from filterviz.reader.signatures import Mistaken
from filterviz.reader.texts import _KEYS, by_text

TEXTS: dict[str, tuple[str, Mistaken | None]] = {
    "a page of Kaggle": ("<!DOCTYPE html><html><title>Kaggle</title>", texts.PAGES[0][1]),
    "another page": ("\n<html><body>hello", texts.PAGE),
    "an error of a store": ("<?xml version='1.0'?><Error><Code>AccessDenied", texts.SERVER_ERROR),
    "a drawing": ("<?xml version='1.0'?><svg width='3'>", signatures.IMAGE),
    "OpenVINO": ('<?xml version="1.0"?><net name="x" version="11">', texts.OPENVINO),
    "other XML": ("<note>hello</note>", texts.XML),
    "a pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:0", texts.LFS),
    "a description, quoted": (json.dumps(json.dumps({"class_name": "Sequential"})), texts.CONFIG),
    "a description in YAML": ("backend: tensorflow\nclass_name: Sequential\n", texts.CONFIG),
    "a checkpoint": ('model_checkpoint_path: "model.ckpt-1"\n', signatures.CHECKPOINT),
    "ncnn": ("7767517\n75 83\n", texts.NCNN),
    "Caffe": ('name: "AlexNet"\nlayer {\n', signatures.CAFFE),
    "a program": ("# a comment\nimport keras\n", texts.PYTHON),
    "a table": ("a,b,c\n1,2,3\n4,5,6\n", signatures.DATA),
    "a letter": ("Dear all,\nhello.\nYours\n", texts.TEXT),
    "other JSON": ('{"hello": 1}', texts.JSON),
    "a list": ("[1, 2]", texts.JSON),
    "nothing but space": (" \n\t ", None),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_are_called_by_what_they_are(name: str, encoding: str) -> None:
    text, expected = TEXTS[name]
    if expected is not None or encoding == "utf-8":
        assert by_text(text.encode(encoding)) is expected


@pytest.mark.parametrize(("key", "expected"), _KEYS)
@pytest.mark.parametrize("value", [1, "x", [], {}])
def test_json_is_known_by_its_first_telling_key(key: str, expected: Mistaken, value: Any) -> None:
    assert by_text(json.dumps({"other": 1, key: value}).encode()) is expected
    assert by_text(json.dumps({"text": f'"{key}":'}).encode()) is texts.JSON  # inside a text it is no key
    assert by_text(json.dumps({f'x"{key}': 1}).encode()) is texts.JSON  # nor is the end of another key


@given(st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    found = by_text(text.encode("utf-8", "replace"))
    assert found is None or found.hint.endswith(".")


@given(st.binary(max_size=300))
def test_bytes_with_control_characters_are_no_text(content: bytes) -> None:
    assert by_text(b"\0" + content) is None
    assert by_text(content + b"\1") is None or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def test_a_character_that_is_cut_in_two_at_the_end_does_not_matter() -> None:
    assert by_text("naïve text é".encode()[:-1]) is texts.TEXT
    assert by_text(bytes(range(128, 200))) is None
