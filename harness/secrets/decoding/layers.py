"""A text and what it decodes to, layer by layer, as rows of one table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from harness.secrets.decoding.decoded import Decoded
from harness.secrets.decoding.dumps import dumped, may_be_dump
from harness.secrets.decoding.escapes import ESCAPES, QUOTED_PRINTABLE, EscapeReader, needless
from harness.secrets.decoding.line_breaks import LineBreaks
from harness.secrets.decoding.literals import joints
from harness.secrets.decoding.packed import may_be_packed, packed_parts
from harness.secrets.decoding.regions import regions
from harness.secrets.decoding.runs import LEAST_NESTED, Letters, letters, nested

DEPTH = 4
"""Layers in which all around a decoded part is read again: one part of a value may be encoded more often than another.
Three, and the one of the JSON or URL that they are in."""
MAX_DEPTH = 10
"""Layers in which what was decoded is decoded again."""
MAX_LAYERS = 200
TOO_DEEP = f"what is encoded more than {MAX_DEPTH} times"
TOO_MANY = f"what comes after {MAX_LAYERS} encodings of other parts"
TOO_LARGE = "what grows too much where it is decoded"
MAX_GROWTH, MAX_FIXED = 8, 32 * 1024 * 1024
"""Bytes of all layers: so many times those of the text, and so many more."""
MIN_AROUND = 128
SHORT = 64 * 1024


class Sought:
    """What the decoders must know of the values that are searched for."""

    def __init__(self) -> None:
        self.breaks = LineBreaks()
        """Finds the breaks of lines within them."""
        self.spaced = False
        """Whether a value contains a space, at which a line may be folded."""
        self.around = MIN_AROUND
        """How far a value reaches, in bytes."""
        self._unneeded = needless(())

    def add(self, value: bytes) -> None:
        """Take a further value into account."""
        self.breaks.add(value)
        self.spaced = self.spaced or b" " in value
        self.around = max(self.around, 2 * len(value))
        self._unneeded &= needless([value])

    @property
    def escapes(self) -> EscapeReader:
        """What reads the escapes that a value may contain."""
        return EscapeReader(ESCAPES, self._unneeded)

    @property
    def quoted(self) -> EscapeReader:
        """The same for quoted-printable."""
        return EscapeReader(QUOTED_PRINTABLE, self._unneeded)


class Layer:
    """A text, or what a layer decodes to."""

    def __init__(
        self,
        data: bytes,
        source: Layer | None = None,
        decoded: Decoded | None = None,
        depth: int = 0,
        *,
        unread: set[str] | None = None,
    ) -> None:
        """``unread`` takes what was not read of it; inner layers have that of their source."""
        self.data = data
        self.source = source
        self.depth = depth
        self.joined = source is not None and source.depth == depth
        """Whether its lines were joined already."""
        self.decoded = decoded
        self.unread: set[str] = source.unread if source else set() if unread is None else unread

    def __repr__(self) -> str:
        return f"<layer {self.depth} of {len(self.data)} bytes>"

    @cached_property
    def letters(self) -> Letters:
        """The text as Base64 sees it."""
        return letters(self.data)

    @property
    def fresh(self) -> Letters:
        """The same without the runs of the layer before it, which were read there."""
        return self.letters.beside(self.source.letters) if self.source else self.letters

    def changed_near(self, start: int, end: int, around: int) -> bool:
        """Whether a part may be read again here: a layer before this one holds what no decoding changed."""
        return self.decoded is None or self.decoded.changed_near(start, end, around if self.depth < DEPTH else 0)

    def origin(self, start: int, end: int) -> tuple[int, int, str] | None:
        """Return where a part is in the text, and how it is encoded there.

        None where a layer before this one holds it too.
        """
        layer: Layer | None = self
        forms = []
        while layer and layer.decoded:
            form = layer.decoded.forms(start, end)
            if not form:
                return None
            forms.append(form)
            start, end = layer.decoded.origin(start, end)
            layer = layer.source
        return start, end, " in ".join(forms)


class Decoder(NamedTuple):
    """One way to read a layer."""

    name: str
    applies: Callable[[Layer, Sought], bool]
    """A cheap test: whether there may be anything to decode."""
    decode: Callable[[Layer, Sought], Decoded | None]
    costs: int = 1
    """Whether it counts as a layer of encoding; breaks of lines do not."""


def _escapes(layer: Layer, sought: Sought) -> Decoded | None:
    return _read(layer, sought.escapes, sought.around)


def _quoted_printable(layer: Layer, sought: Sought) -> Decoded | None:
    return _read(layer, sought.quoted, sought.around)


def _is_quoted(data: bytes) -> bool:
    """Whether a text breaks lines as quoted-printable does, or is so short that reading it costs nothing."""
    return b"=" in data and (len(data) <= SHORT or b"=\n" in data or b"=\r\n" in data)


def _read(layer: Layer, reader: EscapeReader, around: int) -> Decoded | None:
    near = (match for match in reader.matches(layer.data) if layer.changed_near(*match.span(), around))
    read = ((match, *reader.read(match)) for match in near)
    # What only looks like an escape, such as the entity of no name in `?a=1&key;`, would be read again without end.
    found = ((*match.span(), plain, form) for match, plain, form in read if plain != match[0])
    return regions(layer.data, found, around)


def _joined(layer: Layer, sought: Sought) -> Decoded | None:
    return _lines(layer, sought, b"")


def _folded(layer: Layer, sought: Sought) -> Decoded | None:
    return _lines(layer, sought, b" ")


def _lines(layer: Layer, sought: Sought, instead: bytes) -> Decoded | None:
    found = (
        (start, end, instead, "wrapped")
        for start, end in sought.breaks.find(layer.data, layer.letters.text)
        if layer.changed_near(start, end, sought.around)
    )
    return regions(layer.data, found, sought.around)


def _literals(layer: Layer, sought: Sought) -> Decoded | None:
    found = (
        (start, end, plain, "in pieces")
        for start, end, plain in joints(layer.data, sought.breaks.parts_value)
        if layer.changed_near(start, end, sought.around)
    )
    return regions(layer.data, found, sought.around)


def _nested(layer: Layer, sought: Sought) -> Decoded | None:  # noqa: ARG001 - the same shape as its siblings
    decoded = Decoded()
    for run in nested(layer.data, layer.fresh, layer.unread):
        decoded.separate(run.start)
        decoded.put(run.content, run.start, run.end, run.form, run.per)
    return decoded if decoded.size else None


def _packed(layer: Layer, sought: Sought) -> Decoded | None:  # noqa: ARG001 - the same shape as its siblings
    decoded = Decoded()
    for start, end, content in packed_parts(layer.data, layer.unread):
        decoded.separate(start)
        decoded.put(content, start, end, "compressed")
    return decoded if decoded.size else None


DECODERS = (
    Decoder("escapes", lambda layer, sought: any(hint in layer.data for hint in sought.escapes.hint), _escapes),
    Decoder("joined lines", lambda layer, _: b"\n" in layer.data, _joined, costs=0),
    Decoder("folded lines", lambda layer, sought: sought.spaced and b"\n" in layer.data, _folded, costs=0),
    Decoder("quoted-printable", lambda layer, _: _is_quoted(layer.data), _quoted_printable),
    Decoder("literals", lambda layer, _: len(layer.data) >= LEAST_NESTED, _literals),
    Decoder("runs", lambda layer, _: len(layer.data) >= LEAST_NESTED, _nested),
    Decoder("dumps", lambda layer, _: may_be_dump(layer.data), lambda layer, _: dumped(layer.data)),
    Decoder("compressed", lambda layer, _: may_be_packed(layer.data), _packed),
)


def layers(data: bytes, sought: Sought, unread: set[str]) -> Iterator[Layer]:
    """Yield a text and all that it decodes to, the outermost first, within bounds.

    ``unread`` takes in words what is beyond one of them.
    """
    left = len(data) * MAX_GROWTH + MAX_FIXED
    waiting = deque([Layer(data, unread=unread)])
    seen = {data}
    while waiting:
        layer = waiting.popleft()
        yield layer
        for decoder, decoded, inner in _inner(layer, sought):
            if inner in seen:
                continue
            if layer.depth + decoder.costs > MAX_DEPTH:
                unread.add(TOO_DEEP)
            elif len(inner) > left:
                unread.add(TOO_LARGE)
            elif len(seen) >= MAX_LAYERS:
                unread.add(TOO_MANY)
            else:
                left -= len(inner)
                seen.add(inner)
                waiting.append(Layer(inner, layer, decoded, layer.depth + decoder.costs))


def _inner(layer: Layer, sought: Sought) -> Iterator[tuple[Decoder, Decoded, bytes]]:
    for decoder in DECODERS:
        if (not layer.joined or decoder.costs) and decoder.applies(layer, sought):
            decoded = decoder.decode(layer, sought)
            if decoded:
                yield decoder, decoded, decoded.data
