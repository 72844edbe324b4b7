"""The picture that messengers and social networks show beside a link to the course."""

from __future__ import annotations

import io
import math
import random
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import product

from font_source_sans_pro import SourceSansPro, SourceSansProSemibold
from PIL import Image, ImageChops, ImageDraw, ImageFont

from ..course import Course

# Lengths are in pixels. A picture of this size is shown without being cropped.
WIDTH, HEIGHT = 1200, 630
MARGIN, TOP = 80, 72
LEADING = 1.16  # from line to line, in font sizes
GAP = 30  # between the texts and the spikes
SPIKES = 164  # how high the field of spikes is at least
ROW, TICK, PEN = 22, 14, 3  # of the spikes: from row to row, height, width
# The website's head: a gradient of three colours.
ANGLE, BEND = 125, 0.6
FIRST, MIDDLE, LAST = (8, 58, 82), (11, 106, 128), (18, 135, 127)
WHITE, SOFT, ACCENT = (255, 255, 255), (214, 230, 235), (255, 209, 102)
SHADES = 48  # of the background; as many are left for what is drawn on it
FAINT = (28, 44, 70)  # how opaque single spikes are, of 255
VOLLEY = 150  # likewise those that belong together

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Style:
    """How a text is set. Sizes go from the best one down to the least.

    `lines` says how many there may be: first choice first.
    """

    sizes: range
    lines: tuple[int, ...]
    color: Color
    face: str
    below: int


EVENT = Style(range(32, 23, -1), (1, 2), ACCENT, SourceSansProSemibold, 20)
TITLE = Style(range(104, 35, -2), (5,), WHITE, SourceSansProSemibold, 22)
SUBTITLE = Style(range(36, 25, -1), (1, 2), SOFT, SourceSansPro, 26)
FACTS = Style(range(30, 23, -1), (1, 2), WHITE, SourceSansProSemibold, 0)


@dataclass(frozen=True)
class Block:
    """A text in lines. Without lines it takes no room."""

    style: Style
    size: int = 0
    lines: tuple[str, ...] = ()
    cut: bool = False

    @property
    def step(self) -> int:
        """From line to line."""
        return round(self.size * LEADING)

    @property
    def height(self) -> int:
        """With the space below."""
        return len(self.lines) * self.step + self.style.below if self.lines else 0


def png(course: Course, when: str, where: str) -> bytes:
    """The picture as a PNG. The same input gives the same bytes.

    `when` and `where` are shown as they are given. A text is left out when the font lacks some
    of its letters: rather nothing than boxes, or a name without its accents.
    """
    ground = _ground()
    picture = ground.convert("RGB")
    draw = ImageDraw.Draw(picture, "RGBA")
    y = TOP
    for block in _layout(course, when, where):
        _write(draw, block, y)
        y += block.height
    _spikes(draw, y + GAP if y > TOP else 0, course.title)
    stream = io.BytesIO()
    _reduced(picture, ground).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _layout(course: Course, when: str, where: str) -> list[Block]:
    """The texts from top to bottom. A very long title takes the subtitle's place."""
    event = _fitted(_printable(course.event.name if course.event else ""), EVENT)
    facts = _fitted("  ·  ".join(filter(None, map(_printable, (when, where)))), FACTS)
    subtitle = _fitted(_printable(course.subtitle or ""), SUBTITLE)
    room = HEIGHT - TOP - GAP - SPIKES - event.height - facts.height
    title = _fitted(_printable(course.title), TITLE, room - subtitle.height)
    if title.cut:
        title, subtitle = _fitted(_printable(course.title), TITLE, room), Block(SUBTITLE)
    return [event, title, subtitle, facts]


def _printable(text: str) -> str:
    """The text with plain spaces and hyphens; nothing when the font lacks any of the rest."""
    simple = {"Zs": " ", "Pd": "-", "Cf": ""}
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(simple.get(unicodedata.category(c), c) for c in composed)
    return "" if any(map(_is_missing, plain)) else " ".join(plain.split())


@cache
def _is_missing(character: str) -> bool:
    # No font has a noncharacter: what is drawn for it is the box that stands for what's missing.
    shown, box = (_font(40, SourceSansProSemibold).getmask(c) for c in (character, "\uffff"))
    return (shown.size, bytes(shown)) == (box.size, bytes(box))


@cache
def _font(size: int, face: str) -> ImageFont.FreeTypeFont:
    """A font that comes with us. The basic layout needs nothing of the system: always the same."""
    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)


def _fitted(text: str, style: Style, room: int = HEIGHT) -> Block:
    """The text in the largest size in which it fits with no word broken; or else it is cut."""
    if not text:
        return Block(style)
    width = WIDTH - 2 * MARGIN
    for most, size in product(style.lines, style.sizes):
        font = _font(size, style.face)
        block = Block(style, size, tuple(_wrapped(text, font, width)))
        unbroken = max(map(font.getlength, text.split())) <= width
        if unbroken and len(block.lines) <= most and block.height <= room:
            return Block(style, size, _balanced(text, font, width))
    lines = min(most, max(1, (room - style.below) // block.step))
    if len(block.lines) <= lines:
        return block
    last = block.lines[lines - 1]
    while font.getlength(f"{last}…") > width:
        last = last[:-1].rstrip()
    return Block(style, size, (*block.lines[: lines - 1], f"{last}…"), cut=True)


def _balanced(text: str, font: ImageFont.FreeTypeFont, width: int) -> tuple[str, ...]:
    """As few lines as possible, all about as long, as CSS does with `text-wrap: balance`."""
    best = _wrapped(text, font, width)
    for narrower in range(width, 0, -10):
        lines = _wrapped(text, font, narrower)
        if len(lines) > len(best):
            break
        best = lines
    return tuple(best)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of at most that width. A word that is wider is broken."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line]


def _write(draw: ImageDraw.ImageDraw, block: Block, y: int) -> None:
    for number, line in enumerate(block.lines):
        font = _font(block.size, block.style.face)
        start = (MARGIN - font.getbbox(line)[0], y + number * block.step)
        draw.text(start, line, block.style.color, font)


def _spikes(draw: ImageDraw.ImageDraw, top: int, seed: str) -> None:
    """What neurons in a network do: they spike at random, and in volleys that run through it."""
    chance = random.Random(seed)  # noqa: S311 - a drawing, not a secret
    volleys = [x + chance.uniform(-40, 40) for x in range(40, WIDTH + 300, 240)]
    for row in range((HEIGHT - top) // ROW):
        y = HEIGHT - row * ROW - TICK - (ROW - TICK) // 2
        x = chance.expovariate(1 / 40)
        while x < WIDTH:
            _tick(draw, x, y, (*WHITE, chance.choice(FAINT)))
            x += 3 * PEN + chance.expovariate(1 / 42)
        for number, start in enumerate(volleys):
            color = ACCENT if number == 3 else (*WHITE, VOLLEY)
            _tick(draw, start + 10 * row + chance.gauss(0, 3), y, color)


def _tick(draw: ImageDraw.ImageDraw, x: float, y: int, color: tuple[int, ...]) -> None:
    draw.rectangle((int(x), y, int(x) + PEN - 1, y + TICK - 1), color)


def _ground() -> Image.Image:
    """The background with a palette of its shades, https://www.w3.org/TR/css-images-3/#gradients."""
    across, down = math.sin(math.radians(ANGLE)), -math.cos(math.radians(ANGLE))
    step = SHADES / (WIDTH * across + HEIGHT * down)
    ramp = Image.new("P", (SHADES, 1))
    ramp.putdata(range(SHADES))
    ramp.putpalette([part for n in range(SHADES) for part in _shade(n / (SHADES - 1))])
    slope = (across * step, down * step, 0, 0, 0, 0)
    return ramp.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, slope)


def _shade(at: float) -> Color:
    low, high, part = (FIRST, MIDDLE, at / BEND)
    if at > BEND:
        low, high, part = (MIDDLE, LAST, (at - BEND) / (1 - BEND))
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _reduced(picture: Image.Image, ground: Image.Image) -> Image.Image:
    """The picture with a palette: the background's shades as they are, as many for the rest."""
    changed = ImageChops.difference(picture, ground.convert("RGB")).convert("L")
    drawn = changed.point(lambda value: 255 if value else 0)
    plain = Image.new("RGB", picture.size, FIRST)
    rest = Image.composite(picture, plain, drawn).quantize(
        SHADES, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    result = ground.copy()
    result.paste(rest.point(lambda index: index + SHADES), mask=drawn)
    result.putpalette((ground.getpalette() or [])[: 3 * SHADES] + (rest.getpalette() or []))
    return result
