"""Web pages: the article, and what the page says about it.

The article is found by trafilatura (Barbaresi 2021). Dates come from what the
page declares as its publication; trafilatura's own search is the last resort.
Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool.errors import ReadError
from ragtool.readers.content import Content, iso_date, one_line
from ragtool.readers.declared import Page, authors, published, without_updates
from ragtool.readers.encoding import decode

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding=["']([\w.:-]+)""")
_INVISIBLE = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f\\x80-\\x84\\x86-\\x9f\\u00ad\\u200b\\ufeff]")
_SEPARATOR = r"[|\u2013\u2014\u00b7\u2022:-]+"
_LONELY_MARK = re.compile(r"^([-*•])[ \t]*\n+", re.MULTILINE)

# Shorter than this, the leaner of two readings may have lost the article.
_LEAST_ARTICLE = 400
# News pages have some thousand, long reports on one page ten thousand.
_MOST_ELEMENTS = 20_000

_NOBODY = frozenset({"admin", "administrator", "editor", "webmaster", "root", "user", "unknown"})
# What is left of "By Jane Doe, Monday, 3 November" when the numbers are gone. Months
# that are people's names too only go when they stand alone.
_BYLINE_RESIDUE = re.compile(
    r"^by\s+|^(?:March|April|May|June|August)$|(?:^|\s+)(?:Published|is an? .*"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
    r"|January|February|July|September|October|November|December)$",
    re.IGNORECASE,
)
_NO_PERSON = re.compile(r"https?:|@|\d|^\W*$")


def parse(data: bytes) -> Content:
    """The page's title, then its article, a paragraph a line.

    Raises ReadError when the bytes aren't text or can't be parsed as a page.
    """
    page_text = decode(data, declared=_declared(data))
    try:
        return _content(_parsed(page_text))
    except ReadError:
        raise
    # The page steers what trafilatura and lxml walk through: whatever error comes
    # out of their code, it is this file that can't be read.
    except Exception as error:
        raise ReadError(f"not a page that can be read ({type(error).__name__})") from error


def _declared(data: bytes) -> str | None:
    """The encoding that the page names at its top."""
    head = data[:4096]
    named = _CHARSET.search(head) or _XML_ENCODING.search(head)
    return named[1].decode("ascii", "replace") if named else None


def _parsed(page_text: str) -> Page:
    from trafilatura import load_html

    if not re.search(r"<html\b", page_text, re.IGNORECASE):
        page_text = f"<html>{page_text}</html>"  # a bare fragment is refused
    page = load_html(page_text)
    if page is None:
        raise ReadError("not a page that can be read")
    return page


def _content(page: Page) -> Content:
    from trafilatura import extract_metadata

    article = _article(page)
    # Without max_date the search would depend on the day that it runs.
    search = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}
    about = extract_metadata(without_updates(page), date_config=search)
    source = _source(about.sitename, about.hostname)
    title = _title(about.title, source=source, headings=_headings(page))
    return Content(
        _stored(title, article),
        title=title,
        author=_author(page, found=about.author, source=source),
        date=published(page, address=about.url) or _searched(about.date),
        source=source,
    )


def _article(page: Page) -> str:
    """The main text. Of two readings, one with trafilatura's safety nets and one
    without, the shorter: both hold the article where they are of any length, and
    the longer has taken up what stands around it. The nets take a time that grows
    with the square of a page's paragraphs: a page of very many is read once."""
    from trafilatura import html2txt

    ways = (True,) if sum(1 for _ in page.iter()) > _MOST_ELEMENTS else (True, False)
    readings = sorted((_reading(page, fast=fast) for fast in ways), key=len)
    leaner = next((text for text in readings if len(text) >= _LEAST_ARTICLE), readings[-1])
    return leaner or html2txt(page)


def _reading(page: Page, *, fast: bool) -> str:
    from trafilatura import bare_extraction

    found = bare_extraction(page, fast=fast, favor_recall=fast, include_comments=False)
    return getattr(found, "text", None) or ""


def _stored(title: str | None, article: str) -> str:
    """Title and article as stored: no blank lines, no invisible characters, list
    marks beside their text."""
    text = _INVISIBLE.sub("", "\n".join(article.splitlines()))
    text = _LONELY_MARK.sub(r"\1 ", text)
    lines = [line for line in map(str.strip, text.split("\n")) if line.strip("-*•|")]
    if title and title not in lines[:1]:
        lines.insert(0, title)
    return "\n".join(lines)


def _headings(page: Page) -> list[str]:
    """The page's first-level headings as one line each."""
    texts = (one_line(heading.text_content(), limit=300) for heading in page.iter("h1"))
    return [text for text in texts if text and len(text) > 12]


def _title(found: str | None, *, source: str | None, headings: Sequence[str]) -> str | None:
    """The title without the site's name or section before or after it."""
    title = one_line(found, limit=300)
    if not title:
        return None
    shown = next((each for each in headings if each != source and _framed(title, each)), None)
    return shown or (source and _framed(title, source)) or title


def _framed(title: str, part: str) -> str | None:
    """What is left of a title that has `part` at one end and a separator beside it."""
    name = re.escape(part)
    for form in (rf"{name}\s*{_SEPARATOR}\s+(.+)", rf"(.+?)\s+{_SEPARATOR}\s+{name}"):
        if framed := re.fullmatch(form, title, re.IGNORECASE):
            return framed[1]
    return None


def _source(sitename: str | None, hostname: str | None) -> str | None:
    """The outlet's name, its host where the page gives an address or a notice instead."""
    name = one_line(sitename, limit=200)
    if not name or re.match(r"https?:|copyright|©|\(c\)", name, re.IGNORECASE):
        return hostname
    return name.strip("_ ")


def _author(page: Page, *, found: str | None, source: str | None) -> str | None:
    """The people that the page's linked data names, else those of trafilatura."""
    names = authors(page) or (found or "").split(";")
    cleaned = (_BYLINE_RESIDUE.sub("", one_line(name, limit=100) or "") for name in names)
    skipped = _NOBODY | {(source or "").lower()}
    people = [n for n in cleaned if n.lower() not in skipped and not _NO_PERSON.search(n)]
    return ", ".join(dict.fromkeys(people)) or None


def _searched(found: str | None) -> str | None:
    """The date that trafilatura's search found. It writes 1 January for a year alone."""
    day = iso_date(found)
    return None if day and day.endswith("-01-01") else day
