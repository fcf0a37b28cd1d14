"""Words and sentences of the RouterOS API as bytes. What they mean is in commands.py."""

from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, str]

LENGTH_LIMITS = (0x80, 0x4000, 0x200000, 0x10000000)
SHORT_LENGTHS = tuple(bytes((length,)) for length in range(0x80))
SENTENCE_BYTES_MAX = 8 * 1024 * 1024
END = b"\x00"


class WireError(Exception):
    """The stream cannot be understood any more; the connection has to be closed."""


def encode_length(length: int) -> bytes:
    """Return the 1 to 5 bytes that announce a word of `length` bytes (reference A.1)."""
    if length < 0x80:
        return SHORT_LENGTHS[length]
    if length < 0x4000:
        return (length | 0x8000).to_bytes(2, "big")
    if length < 0x200000:
        return (length | 0xC00000).to_bytes(3, "big")
    if length < 0x10000000:
        return (length | 0xE0000000).to_bytes(4, "big")
    return b"\xf0" + length.to_bytes(4, "big")


def to_bytes(text: str) -> bytes:
    """Return the bytes of `text`; bytes that were not UTF-8 come back as they arrived."""
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Return `data` as text; bytes that are not UTF-8 are kept as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    """Return `text` without lone surrogates, fit for JSON and logs."""
    return to_bytes(text).decode("utf-8", "replace")


def encode_sentence(words: Iterable[str]) -> bytes:
    """Return the words of one sentence with their closing zero byte."""
    parts: list[bytes] = []
    for word in words:
        data = to_bytes(word)
        parts += (encode_length(len(data)), data)
    parts.append(END)
    return b"".join(parts)


def encode_rows(rows: Iterable[Mapping[str, str]], *, names: Sequence[str] | None, tag: str | None) -> bytes:
    """Return one `!re` sentence per row in one piece, in order.

    `names` picks and orders the properties (absent ones are left out); None means all that a row has.
    """
    opening = encode_sentence(["!re"] if tag is None else ["!re", f".tag={tag}"])[:-1]
    parts: list[bytes] = []
    append = parts.append
    for row in rows:
        append(opening)
        for name in row if names is None else names:
            value = row.get(name)
            if value is None:
                continue
            data = f"={name}={value}".encode("utf-8", "surrogateescape")
            length = len(data)
            append(SHORT_LENGTHS[length] if length < 0x80 else encode_length(length))
            append(data)
        append(END)
    return b"".join(parts)


class SentenceBuffer:
    """Bytes of a stream, cut into sentences as they become complete."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._words: list[str] = []

    def feed(self, data: bytes) -> list[list[str]]:
        """Return the sentences completed by `data`, oldest first; empty sentences are ignored.

        Raises WireError on a reserved control byte or a sentence beyond every reason.
        """
        self._data += data
        if len(self._data) > SENTENCE_BYTES_MAX:
            raise WireError("A sentence of more than 8 MiB was sent.")
        sentences: list[list[str]] = []
        position = 0
        while position < len(self._data):
            head = self._read_length(position)
            if head is None:
                break
            start, length = head
            if start + length > len(self._data):
                break
            position = start + length
            if length:
                self._words.append(to_text(bytes(self._data[start:position])))
            elif self._words:
                sentences.append(self._words)
                self._words = []
        del self._data[:position]
        return sentences

    def _read_length(self, position: int) -> tuple[int, int] | None:
        """Return where the word at `position` starts and how long it is; None while bytes are missing."""
        first = self._data[position]
        if first < 0x80:
            return position + 1, first
        if first >= 0xF8:
            raise WireError(f"Control byte {first:#x} is reserved.")
        size = 2 if first < 0xC0 else 3 if first < 0xE0 else 4 if first < 0xF0 else 5
        if position + size > len(self._data):
            return None
        whole = int.from_bytes(self._data[position : position + size], "big")
        if size == 5:
            return position + size, whole & 0xFFFFFFFF
        return position + size, whole & (LENGTH_LIMITS[size - 1] - 1)
