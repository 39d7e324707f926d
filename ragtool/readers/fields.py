"""Records of named fields to documents: which names hold the text, the title, the date.

A record is an object of JSON or a row of a table. Names are compared without
case, spaces and punctuation, so that "Date Published" is "datePublished".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone

from ragtool.readers.content import Content, iso_date
from ragtool.readers.markup import as_text

# In the order of trust. The text's first names say that all of it is there.
_TEXT = (
    "fulltext text body content article articlebody story message bodytext textbody contents "
    "articletext articlecontent storytext storybody maintext maincontent plaintext textcontent "
    "contenttext rawtext cleantext cleanedtext document transcript speech statement post posttext "
    "postcontent tweet tweettext selftext messagetext messagebody paragraphs html bodyhtml "
    "contenthtml texthtml articlehtml".split()
)
# These hold the text of an article's record where nothing above does, and a
# single remark in the records of other things.
_SUMMARY = (
    "description shortdescription summary abstract excerpt leadparagraph lead standfirst snippet "
    "comment comments note notes remarks review caption".split()
)
_TITLE = (
    "title headline subject heading maintitle articletitle webtitle pagetitle posttitle "
    "storytitle headlines".split()
)
_AUTHOR = (
    "author authors authorname authornames byline bylines creator creators writer writers "
    "writtenby reporter reporters journalist correspondent contributor contributors postedby by "
    "from fromname sender sendername speaker user username screenname".split()
)
_DATE = (
    "published datepublished publishedat publicationdate pubdate publisheddate publishdate "
    "publishedon publishedtime publishtime datepub firstpublished firstpublicationdate "
    "firstpublishdate webpublicationdate originallypublished dateissued issued date datetime "
    "articledate dateposted postdate posted postedat postedon sent sentat sentdate datesent "
    "timestamp createdat created datecreated createddate createdutc creationdate time "
    "year".split()
)
_SOURCE = (
    "source publisher publication outlet site sourcename publishername publicationname "
    "outletname sitename newspaper journal magazine medium media mediaoutlet mediasource "
    "provider website domain sourcedomain host".split()
)
_ADDRESS = "url link weburl articleurl canonicalurl sourceurl permalink href uri".split()
# Where a field is a record itself: {"author": {"name": ...}}, {"title": {"rendered": ...}}.
_INNER = (
    *("rendered", "name", "text", "content", "value", "main", "original", "date", "numberlong"),
    *("title", "body", "html", "label"),
)
_ABOUT = frozenset((*_TITLE, *_AUTHOR, *_DATE, *_SOURCE, *_ADDRESS))
# Under this name a search engine (Elasticsearch) gives the record itself.
_WHOLE = "_source"
# How deep the value of a field is looked into, and how many values of a list are taken.
_DEEPEST, _LONGEST_LIST = 4, 100_000

_HOST = re.compile(r"https?://(?:[^/@\s]*@)?(?:www\.)?([\w.-]+)", re.IGNORECASE)
_BYLINE = re.compile(r"^[Bb][Yy]:?\s+(?=[^\W\d_a-z])")
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?:\s*[+-]\d\d:?\d\d)?(?!\d)")
# What programs write when they have no date.
_NO_DAYS = frozenset({"1970-01-01", "1900-01-01"})
_MOMENT = re.compile(r"([01]\d{9})(?:\d{3})?(?:\.\d+)?")
_STAMP = re.compile(r"(\d{8})\d{6}")


def squeezed(name: str) -> str:
    """A field's name as it is compared."""
    return "".join(char for char in name.casefold() if char.isalnum())


def names_text(names: Iterable[str]) -> bool:
    """Whether a row with these fields is an article, by its names: one of them
    holds text, or there is a title with a summary below."""
    known = set(map(squeezed, names))
    return bool(known & set(_TEXT)) or bool(known & set(_SUMMARY) and known & set(_TITLE))


def is_text_name(name: str) -> bool:
    """Whether a field of this name holds text or a summary."""
    return squeezed(name) in {*_TEXT, *_SUMMARY}


def is_date_name(name: str) -> bool:
    """Whether a field of this name holds the day of publication or making."""
    return squeezed(name) in _DATE


def is_article(record: Mapping[str, object]) -> bool:
    """Whether a record has a title and a text of its own, not a mere summary."""
    own = {squeezed(name) for name, value in record.items() if value}
    return bool(own & set(_TEXT)) and bool(own & set(_TITLE))


def document(record: Mapping[str, object]) -> Content | None:
    """The record as a document: title, blank line, text. None when no field known
    by its name has letters in it, in the record or one level below.

    date: when it was published or sent, else made; the year alone if only that
    is there. source: the outlet, else the host of the record's address.
    Raises ReadError when the text is HTML that can't be parsed.
    """
    fields = _named(record)
    text = next(filter(_has_words, _values(fields, (*_TEXT, *_SUMMARY))), None)
    if text is None:
        return None
    text = as_text(text)
    if not _has_words(text):
        return None
    title = " ".join(as_text(next(_values(fields, _TITLE, listed=False), "")).split())
    return Content(
        f"{title}\n\n{text}" if title and not _begins_with(text, title) else text,
        title=title or None,
        author=_author(fields),
        date=next(filter(None, map(_date, _values(fields, _DATE))), None),
        source=_source(fields),
    )


def _named(record: Mapping[str, object]) -> dict[str, object]:
    """The fields under their compared names, then those of the records in it."""
    fields: dict[str, object] = {}
    inner = [
        value
        for name, value in record.items()
        if isinstance(value, Mapping) and (name == _WHOLE or squeezed(name) not in _ABOUT)
    ]
    for each in (record, *inner):
        for name, value in each.items():
            if value not in (None, "", [], {}) and name != _WHOLE:
                fields.setdefault(squeezed(name), value)
    return fields


def _values(
    fields: Mapping[str, object], names: Iterable[str], *, listed: bool = True
) -> Iterator[str]:
    """What the fields of these names say, those that say nothing left out.
    listed: a list's values are joined; else a list says nothing."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list) and not listed:
            continue
        if said := "\n".join(_said(value, depth=0)).strip():
            yield said


def _said(value: object, *, depth: int) -> Iterator[str]:
    """The words in a field, which may be a text, a list or a record."""
    if isinstance(value, str):
        yield value
    elif depth == _DEEPEST:
        return
    elif isinstance(value, list):
        for each in value[:_LONGEST_LIST]:
            yield from _said(each, depth=depth + 1)
    elif isinstance(value, Mapping):
        inner = {squeezed(name): each for name, each in value.items()}
        for name in _INNER:
            if words := list(_said(inner.get(name), depth=depth + 1)):
                yield from words
                return


def _has_words(value: str) -> bool:
    return any(map(str.isalpha, value))


def _begins_with(text: str, title: str) -> bool:
    return text.split("\n", maxsplit=1)[0] == title


def _author(fields: Mapping[str, object]) -> str | None:
    """The names with commas between; Python's and JSON's lists in a table's cell as well."""
    said = next(filter(_has_words, _values(fields, _AUTHOR)), "")
    if said.startswith("[") and said.endswith("]"):
        said = "\n".join(name.strip().strip("\"'") for name in said[1:-1].split(","))
    names = (_BYLINE.sub("", " ".join(name.split())) for name in as_text(said).split("\n"))
    return ", ".join(dict.fromkeys(filter(_has_words, names))) or None


def _source(fields: Mapping[str, object]) -> str | None:
    """The outlet's name, or the host where there is only an address."""
    named = next(filter(_has_words, _values(fields, _SOURCE, listed=False)), None)
    if named and not _HOST.match(named):
        return as_text(named)
    addresses = (named or "", *_values(fields, _ADDRESS, listed=False))
    return next((host[1] for address in addresses if (host := _HOST.match(address))), None)


def _date(value: str) -> str | None:
    """A date, also after or around a time of day, as a moment in seconds or
    milliseconds since 1970 (taken in UTC), or in 14 digits."""
    if moment := _MOMENT.fullmatch(value):
        return datetime.fromtimestamp(int(moment[1]), tz=timezone.utc).date().isoformat()
    if stamp := _STAMP.fullmatch(value):
        value = stamp[1]
    day = iso_date(value) or iso_date(_CLOCK.sub(" ", value[:200]))
    return None if day in _NO_DAYS else day
