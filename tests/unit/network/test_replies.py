"""Bytes of answers become rows of text, however they are cut; nonsense is told from them at once."""

import pytest

from benfex.network.drivers.routeros.replies import ReplyDecoder, ReplyError, Trap

LENGTHS = [
    (0x7F, "7f"),
    (0x80, "8080"),
    (0x3FFF, "bfff"),
    (0x4000, "c04000"),
    (0x1FFFFF, "dfffff"),
    (0x200000, "e0200000"),
]


def sentence(*words: bytes) -> bytes:
    assert all(len(word) < 0x80 for word in words)
    return b"".join(bytes((len(word),)) + word for word in words) + b"\x00"


def decoded(data: bytes) -> ReplyDecoder:
    decoder = ReplyDecoder()
    decoder.feed(data)
    return decoder


DONE = sentence(b"!done")


def test_rows_come_in_order_and_every_value_stays_text() -> None:
    answer = decoded(sentence(b"!re", b"=name=12345", b"=disabled=no") + sentence(b"!re", b"=name=no") + DONE)

    assert answer.rows == [{"name": "12345", "disabled": "no"}, {"name": "no"}]
    assert answer.is_done


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_an_answer_may_be_cut_anywhere(size: int) -> None:
    data = sentence(b"!re", b"=name=alice", b"=comment=a=b=c") + sentence(b"!re", b"=x=") + DONE
    answer = ReplyDecoder()

    for start in range(0, len(data), size):
        answer.feed(data[start : start + size])

    assert answer.rows == [{"name": "alice", "comment": "a=b=c"}, {"x": ""}]
    assert answer.is_done


@pytest.mark.parametrize(("length", "announced"), LENGTHS)
def test_words_of_every_length_are_read(length: int, announced: str) -> None:
    word = b"=v=" + b"x" * (length - 3)

    answer = decoded(b"\x03!re" + bytes.fromhex(announced) + word + b"\x00" + DONE)

    assert len(answer.rows[0]["v"]) == length - 3


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_length_that_is_longer_than_it_needs_loses_no_row(size: int) -> None:
    data = b"\x80\x03!re" + b"\x80\x00" + b"\x80\x04=a=1" + b"\x80\x00\x00" + b"\x80\x05!done\x00"
    answer = ReplyDecoder()

    for start in range(0, len(data), size):
        answer.feed(data[start : start + size])

    assert (answer.rows, answer.is_done) == ([{"a": "1"}], True)


def test_what_add_returns_is_in_the_closing_word() -> None:
    assert decoded(sentence(b"!done", b"=ret=*1A")).closing == {"ret": "*1A"}


def test_the_empty_answer_of_later_versions_is_no_row() -> None:
    answer = decoded(sentence(b"!empty") + DONE)

    assert (answer.rows, answer.is_done) == ([], True)


def test_refusals_are_kept_with_their_category_if_any() -> None:
    answer = decoded(
        sentence(b"!trap", b"=category=1", b"=message=no such item\n") + sentence(b"!trap") + DONE
    )

    assert answer.traps == [Trap("no such item", 1), Trap("refused without a reason", None)]


def test_rows_before_a_refusal_are_kept_apart_from_it() -> None:
    answer = decoded(sentence(b"!re", b"=a=1") + sentence(b"!trap", b"=message=interrupted") + DONE)

    assert (answer.rows, answer.traps) == ([{"a": "1"}], [Trap("interrupted")])


def test_the_reason_of_a_fatal_answer_is_a_bare_word() -> None:
    assert decoded(sentence(b"!fatal", b"session terminated on request")).fatal is not None
    assert decoded(sentence(b"!fatal")).fatal == "no reason given"


def test_text_that_is_not_utf8_loses_no_character() -> None:
    answer = decoded(sentence(b"!re", b"=name=jos\xe9", b"=comment=\x81") + DONE)

    assert answer.rows == [{"name": "josé", "comment": "\x81"}]


def test_tags_are_not_properties() -> None:
    assert decoded(sentence(b"!re", b".tag=7", b"=a=1") + DONE).rows == [{"a": "1"}]


def test_what_follows_the_answer_is_left_over() -> None:
    assert decoded(DONE + b"\x03!re").leftover == b"\x03!re"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\xf8",
        b"\xff\xff",
        b"HTTP/1.1 400 Bad Request",
        b"\x03abc\x00",
        b"\x7f!",
        b"\x03!re\xf0\xff\xff\xff\xff",
    ],
)
def test_nonsense_is_not_waited_for(data: bytes) -> None:
    with pytest.raises(ReplyError):
        decoded(data)
