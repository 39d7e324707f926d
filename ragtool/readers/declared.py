"""What a web page declares about itself: its authors and the day it was published.

From the most explicit place to the least: linked data (JSON-LD), <meta>,
microdata, <time>, the page's address. A day of updating is never taken for
that of publication.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from ragtool.readers.content import iso_date

# lxml ships no types: a parsed page is an lxml element.
Page = Any

_ARTICLES = re.compile(r"article|posting|report|review", re.IGNORECASE)
_LONGEST_SEARCHED = 50_000  # characters of linked data
_LINKED_DATA = './/script[@type="application/ld+json"]'
_DATE_KEY = re.compile(r'"(?:date\w+|uploadDate)"')
_PUBLISHED_META = (
    *("article:published_time", "og:article:published_time", "article.published", "datepublished"),
    *("date", "pubdate", "publishdate", "publish-date", "publish_date", "published", "dc.date"),
    *("dc.date.issued", "dcterms.issued", "dcterms.created", "parsely-pub-date", "sailthru.date"),
    *("citation_publication_date", "citation_date"),
)
_UPDATED = re.compile(r"updated|modif|lastmod|last-mod", re.IGNORECASE)
_SAYS_UPDATED = re.compile(r"(?:last\s+)?(?:updated|modified)\b", re.IGNORECASE)
_PUBLISHED = re.compile(r"publish|pubdate|entry-date|posted", re.IGNORECASE)


def authors(page: Page) -> list[str]:
    """The names that the article's linked data gives, as they stand there."""
    return [name for article in _linked(page) for name in _names(article.get("author"))]


def published(page: Page, *, address: str | None) -> str | None:
    """The publication date that the page declares, the most explicit place first."""
    declared = (
        *(str(article.get("datePublished") or "") for article in _linked(page)),
        *_metas(page),
        *(_value(each) for each in page.iterfind('.//*[@itemprop="datePublished"]')),
        *_times(page),
    )
    return next((day for day in map(_plausible, declared) if day), None) or _in_address(address)


def _metas(page: Page) -> Iterable[str]:
    """The contents of <meta> elements that declare publication, in order of trust."""
    named: dict[str, str] = {}
    for meta in page.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        named.setdefault(name, meta.get("content") or "")
    return (named[name] for name in _PUBLISHED_META if name in named)


def _times(page: Page) -> list[str]:
    """The <time> elements marked as publication; else the one date of all that
    aren't marked as updates, if it is one."""
    times = [(_marks(each), _value(each)) for each in page.iter("time")]
    marked = [value for marks, value in times if _PUBLISHED.search(marks)]
    others = (value for marks, value in times if not _UPDATED.search(marks))
    days = {day for value in others if (day := _plausible(value))}
    return marked or (list(days) if len(days) == 1 else [])


def _marks(element: Page) -> str:
    """What an element's attributes say that it is."""
    named = ("name", "property", "http-equiv", "itemprop", "class", "id", "pubdate")
    return " ".join(f"{name}={element.get(name)}" for name in named if name in element.attrib)


def _value(element: Page) -> str:
    stated = element.get("content") or element.get("datetime") or element.text_content()
    return str(stated or "").strip()


def _plausible(value: str) -> str | None:
    """A date, unless it is what a program writes when it has none."""
    day = iso_date(value)
    return None if day in {"1970-01-01", "1900-01-01"} else day


def without_updates(page: Page) -> Page:
    """A copy of the page without what says when it was last changed, and without the
    dates of its linked data, which may be other articles': a search would take
    either for the day it was published."""
    page = deepcopy(page)
    for script in page.iterfind(_LINKED_DATA):
        stated = script.text or ""
        # Where it is broken, trafilatura searches it in a time that grows with its square.
        script.text = _DATE_KEY.sub('"-"', stated) if len(stated) <= _LONGEST_SEARCHED else ""
    for each in list(page.iter("meta", "time", "span", "p", "small", "abbr", "em", "i")):
        marks, said = _marks(each), (each.text_content() or "").strip()
        marked = _UPDATED.search(marks) and not _PUBLISHED.search(marks)
        if marked or (len(said) < 80 and _SAYS_UPDATED.match(said)):
            each.drop_tree()
    return page


def _names(author: object) -> Iterator[str]:
    """The names in the "author" of linked data, which may be a list, a record or a text."""
    if isinstance(author, str):
        yield author
    elif isinstance(author, dict):
        yield from _names(author.get("name"))
    elif isinstance(author, list):
        for each in author:
            yield from _names(each)


def _linked(page: Page) -> list[dict[str, Any]]:
    """The records of articles in the page's linked data (JSON-LD), its own ones only:
    what they mention or list isn't followed."""
    records: list[dict[str, Any]] = []
    for script in page.iterfind(_LINKED_DATA):
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        records.extend(_records(data))
    return [each for each in records if _ARTICLES.search(str(each.get("@type")))]


def _records(data: object) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for each in data:
            yield from _records(each)
    elif isinstance(data, dict):
        yield data
        yield from _records(data.get("@graph"))
        yield from _records(data.get("mainEntity"))


def _in_address(url: str | None) -> str | None:
    """The day in an address like /2024/06/03/ or /2024/jun/3/."""
    named = re.search(r"/((?:19|20)\d\d)/([a-z]{3}|\d\d?)/(\d\d?)(?=/|$)", url or "", re.IGNORECASE)
    if not named:
        return None
    year, month, day = named.groups()
    return iso_date(f"{year}-{month}-{day}" if month.isdigit() else f"{day} {month} {year}")
