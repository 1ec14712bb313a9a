"""`dvm.json` against Python's own."""

import json

import pytest

TEXTS = [
    "",
    "plain",
    'a "quoted" name',
    "back\\slash",
    "tab\tline\nreturn\r\b\f",
    "\x01\x1f\x7f",
    "ünïcödé – 数 😀",
    "a/b",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_survives_the_way_from_lua_to_python(fusion, text):
    table = fusion.lua.table_from({"text": text})
    assert json.loads(fusion.require("json").encode(table)) == {"text": text}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_text_survives_the_way_from_python_to_lua(fusion, text, ascii_only):
    written = json.dumps({"text": text}, ensure_ascii=ascii_only)
    assert fusion.require("json").decode(written).text == text


@pytest.mark.parametrize("number", [0, -1, 1.5, 1e-7, 2**53, -123456789012, 0.1])
def test_numbers_keep_their_value(fusion, number):
    lua_json = fusion.require("json")
    assert json.loads(lua_json.encode(number)) == number
    assert lua_json.decode(json.dumps(number)) == number


def test_a_nested_document_is_read_as_python_reads_it(fusion):
    text = ' {"a" : [1, {"b": [ ] } , "x"], "c": {}, "d": true, "e": false, "f": null, "g": -2.5e3} '
    document = fusion.require("json").decode(text)
    assert document.a[1] == 1
    assert (document.d, document.e, document.f, document.g) == (True, False, None, -2500)
    assert len(document.a[2].b) == 0
    assert len(document.c) == 0


def test_keys_come_in_order_so_that_equal_jobs_are_equal_files(fusion):
    encode = fusion.require("json").encode
    assert encode(fusion.lua.table_from({"b": 1, "a": True, "c": "x"})) == '{"a": true, "b": 1, "c": "x"}'


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[1",
        '{"a"}',
        '{"a":}',
        '"open',
        "tru",
        "{1:2}",
        "1 2",
        '"\\x"',
        '"\\u12"',
        "[" * 100,
        "-",
        "nope",
        "[1,]",
    ],
)
def test_what_is_no_json_gives_nil_and_never_an_error(fusion, broken):
    value, reason = fusion.require("json").decode(broken)
    assert value is None
    assert reason


@pytest.mark.parametrize(
    "octets", [b"\xff", b"caf\xe9.exr", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"]
)
def test_what_python_does_not_take_for_utf8_lua_does_not_either(fusion, octets):
    with pytest.raises(UnicodeDecodeError):
        octets.decode("utf-8")
    assert not fusion.require("json").is_utf8(octets)


@pytest.mark.parametrize("text", [text for text in TEXTS if text.isprintable()] + ["\U0010ffff\ud7ff\ue000"])
def test_utf8_is_known_for_what_it_is(fusion, text):
    assert fusion.require("json").is_utf8(text)


def test_a_number_that_json_has_not_is_refused(fusion):
    with pytest.raises(Exception, match="a number that JSON has not"):
        fusion.require("json").encode(float("nan"))
