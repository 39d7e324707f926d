"""Mails, mailboxes and saved pages: built here by hand, since most are broken on purpose."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import mail, mail_body, mailbox, mhtml, mime
from ragtool.readers.content import Content

HEAD = (
    b"From: Jane Doe <jane@example.org>\r\nTo: Bob <bob@example.net>\r\n"
    b"Date: Mon, 3 Jun 2024 23:30:00 -0500\r\nSubject: The bridge\r\n"
)
SHOWN = "From: Jane Doe <jane@example.org>\nTo: Bob <bob@example.net>\n"
PROSE = "The mayor said on Monday that the bridge would open again in spring. " * 8


def plain(body: bytes, *, kind: bytes = b"text/plain; charset=utf-8", head: bytes = HEAD) -> bytes:
    return head + b"Content-Type: " + kind + b"\r\n\r\n" + body


def multipart(*parts: bytes, kind: bytes = b"mixed", head: bytes = HEAD) -> bytes:
    inner = b"".join(b"--=_b\r\n" + part + b"\r\n" for part in parts)
    return plain(inner + b"--=_b--\r\n", kind=b"multipart/" + kind + b'; boundary="=_b"', head=head)


def leaf(kind: bytes, body: bytes, *more: bytes) -> bytes:
    return b"\r\n".join([b"Content-Type: " + kind, *more, b"", body])


def body_of(data: bytes) -> str:
    """The stored text below the head."""
    return mail.parse(data).text.partition("\n\n")[2]


def names(data: bytes) -> list[str]:
    return [part.name for part in mail.parts(data)]


def test_a_mail() -> None:
    content = mail.parse(plain("Café opens.\r\n".encode()))
    assert content == Content(
        f"The bridge\n{SHOWN}Date: Mon, 3 Jun 2024 23:30:00 -0500\n\nCafé opens.",
        title="The bridge",
        author="Jane Doe",
        date="2024-06-03",
        source="example.org",
    )


def test_cc_and_attachments_stand_in_the_head() -> None:
    message = EmailMessage()
    message["From"], message["Cc"], message["Subject"] = "a@x.org", "Zoë <z@x.org>", "S"
    message.set_content("Text.")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Überblick.pdf")
    data = message.as_bytes()
    head = "S\nFrom: a@x.org\nCc: Zoë <z@x.org>\nAttachments: Überblick.pdf"
    assert mail.parse(data).text == f"{head}\n\nText."
    assert [(part.name, part.held) for part in mail.parts(data)] == [("Überblick.pdf", b"%PDF")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(b"=?utf-8?B?w4PCpA==?=", "Ã¤", id="base64"),
        pytest.param(b"=?iso-8859-1?q?Caf=E9_Europa?=", "Café Europa", id="quoted"),
        pytest.param(b"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?= c", "ab c", id="neighbours"),
        pytest.param(b"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä", id="cut between bytes"),
        pytest.param(b"=?ISO-2022-JP?B?GyRCJF4bKEI=?=", "ま", id="seven bits"),
        pytest.param(b"=?no-such?Q?plain?=", "plain", id="unknown charset"),
        pytest.param(b"=?utf-8?B?VEVTVA=?=", "TEST", id="padding short"),
        pytest.param(b"=?utf-8*en?Q?tongue?=", "tongue", id="with a language"),
        pytest.param(b'"=?utf-8?Q?=C3=A4?=" b', '"ä" b', id="in quotes"),
        pytest.param("raw ä".encode(), "raw ä", id="raw utf-8"),
        pytest.param("raw ä".encode("latin-1"), "raw ä", id="raw latin-1"),
        pytest.param(b"=?utf-8?X?a?=", "=?utf-8?X?a?=", id="no such form"),
        pytest.param(b"zero\xe2\x80\x8bwidth\x07", "zerowidth", id="invisible"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_subjects(written: bytes, expected: str | None) -> None:
    content = mail.parse(b"From: a@b.org\r\nSubject: " + written + b"\r\n\r\nText.")
    assert content.title == expected
    assert content.text.startswith(f"{expected}\nFrom" if expected else "From")


def test_raw_headers_are_in_the_encoding_of_the_text() -> None:
    word = "Привет"
    head = b"From: a@b.org\r\nSubject: " + word.encode("koi8-r") + b"\r\n"
    data = plain(word.encode("koi8-r"), kind=b"text/plain; charset=koi8-r", head=head)
    assert mail.parse(data).title == word


@pytest.mark.parametrize(
    ("written", "author", "source"),
    [
        (b"Jane <jane@Example.ORG>", "Jane", "example.org"),
        (b"jane@example.org", "jane@example.org", "example.org"),
        (b"jane@example.org (Jane Doe)", "Jane Doe", "example.org"),
        (b'"Doe, Jane" <j@x.org>', "Doe, Jane", "x.org"),
        (b"=?utf-8?Q?Doe=2C_J=C3=A4ne?= <j@x.org>", "Doe, Jäne", "x.org"),
        (b"A <a@x.org>, b@y.org", "A, b@y.org", "x.org"),
        (b"<<broken", "<<broken", None),
        (b"", None, None),
    ],
)
def test_senders(written: bytes, author: str | None, source: str | None) -> None:
    content = mail.parse(b"Subject: S\r\nFrom: " + written + b"\r\n\r\nText.")
    assert (content.author, content.source) == (author, source)


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        (b"List-Id: Bridges <b.lists.org>\r\nList-Post: <mailto:b@lists.org>\r\n", "Bridges"),
        (b"List-Id: <b.lists.org>\r\nList-Post: <mailto:b@lists.org>\r\n", "b.lists.org"),
        (b"List-Id: 1234 <1234.sender.net>\r\n", "example.org"),
        (b"List-Id: News <n.org>\r\nList-Post: NO\r\n", "example.org"),
    ],
)
def test_lists(headers: bytes, source: str) -> None:
    assert mail.parse(HEAD + headers + b"\r\nText.").source == source


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"Mon, 3 Jun 2024 00:30:00 +0900", "2024-06-03"),
        (b"3 Jun 24 10:00 GMT", "2024-06-03"),
        (b"2024-06-03T10:00:00Z", "2024-06-03"),
        (b"Mon, 30 Jun 3609 15:33:50 +0600", None),
        (b"Thu, 1 Jan 1970 00:00:00 +0000", None),
        (b"Mon, 32 Jun 2024 10:00:00 +0000", None),
        (b"Pn, 29 paX 2007 21:13:00 +0100", None),
        (b"Mon, 3 Jun 99999999999999999999 10:00:00 +9999999999", None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_dates(written: bytes, expected: str | None) -> None:
    data = b"From: a@b.org\r\nDate: " + written + b"\r\n\r\nText."
    assert mail.parse(data).date == expected


@pytest.mark.parametrize(
    ("kind", "encoding", "body", "expected"),
    [
        (b"text/plain; charset=utf-8", b"base64", base64.b64encode("ä".encode()), "ä"),
        (b"text/plain", b"base64", b"VGV4dA!!==\r\n--\r\nsent by our list", "Text"),
        (b"text/plain", b"BASE64 ", b"VGV4d", "Tex"),
        (b"text/plain; charset=latin1", b"quoted-printable ", b"a=E4 =\r\nb= \r\nc", "aä bc"),
        (b"text/plain", b"quoted-printable;", b"50 =3D 50 =ZZ", "50 = 50 =ZZ"),
        (b"text/plain", b"x-uuencode", b"begin 644 a\n#86)C\n`\nend\n", "abc"),
        (b"text/plain", b"nonsense", b"Text.", "Text."),
        (b"text/plain; charset=windows-1251", b"8bit", "Мост".encode("cp1251"), "Мост"),
        (b"text/plain; charset=utf-8", b"8bit", "Größe".encode("latin-1"), "Größe"),
        (b"text/plain; charset=latin1", b"8bit", "Größe".encode(), "Größe"),
        (b"text/plain; charset=x-unknown", b"8bit", "Größe".encode(), "Größe"),
        (b"text/plain; charset=iso-8859-8-i", b"8bit", "שלום".encode("iso-8859-8"), "שלום"),
        (b"text/plain; charset=utf-7", b"7bit", b"Gr+APYA3w-e", "Größe"),
        (b"text/plain; charset=utf-16le", b"8bit", "Größe".encode("utf-16-le"), "Größe"),
        (b"text/plain; charset=zlib_codec", b"7bit", b"Text", "Text"),
        (b"text/plain; charset*=utf-8''latin1", b"8bit", "ä b c".encode("latin-1"), "ä b c"),
        (b"nonsense", b"7bit", b"Text\0 here", "Text here"),
        (b"text/plain", b"7bit", b"<html><body><p>A</p><p>B</p>", "A\nB"),
        (b"text/enriched", b"7bit", b"Text", "Text"),
        (b"application/octet-stream", b"7bit", b"Text", ""),
    ],
)
def test_encodings(kind: bytes, encoding: bytes, body: bytes, expected: str) -> None:
    head = HEAD + b"Content-Transfer-Encoding: " + encoding + b"\r\n"
    assert body_of(plain(body, kind=kind, head=head)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\n\n\n\nb\n", "a\n\nb", id="blank lines"),
        pytest.param(
            "It rained on the hills all through the long night and the river\n"
            "rose until the bridge was under water and nobody could cross it\n"
            "any more.\n",
            "It rained on the hills all through the long night and the river rose until the bridge "
            "was under water and nobody could cross it any more.",
            id="wrapped",
        ),
        pytest.param("Yes.\n\n> Is it so?\n> > Who?\n>>> I\nBye", None, id="quotations"),
        pytest.param(
            "> It rained on the hills all through the long night and the river\n"
            "> rose until the bridge was under water and nobody could cross it\n"
            "> any more.\n",
            "> It rained on the hills all through the long night and the river rose until the "
            "bridge was under water and nobody could cross it any more.",
            id="wrapped quotation",
        ),
        pytest.param("Text.\n-- \nJane\nEditor", "Text.\n\n--\n\nJane\nEditor", id="signature"),
        pytest.param("so\u00adft \u200bzero\ufeff b\u2028c", "soft zero b\nc", id="invisible"),
        pytest.param("क्\u200dष", "क्\u200dष", id="joiners in words"),
        pytest.param("a\u200c \u200c b", "a  b", id="joiners elsewhere"),
        pytest.param("", "", id="empty"),
    ],
)
def test_plain_bodies(text: str, expected: str | None) -> None:
    quoted = "Yes.\n\n> Is it so?\n>> Who?\n>>> I\nBye"
    assert mail_body.from_plain(text) == (quoted if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "delsp", "expected"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("日 \n本", True, "日本"),
        ("> one \n> two \nthree", False, "> one two\nthree"),
        (" From here \n >there", False, "From here >there"),
        ("end \n-- \nJane", False, "end\n\n--\n\nJane"),
    ],
)
def test_flowed_bodies(text: str, delsp: bool, expected: str) -> None:
    assert mail_body.from_plain(text, flowed=True, delsp=delsp) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a <b>b</b>\n c</p><div>d<br>e</div>", "a b c\nd\ne"),
        ("<table><tr><td>Jane<td>5 <td></tr><tr><th>Bob</table>", "Jane | 5\nBob"),
        ("<ul><li>a<li><p>b</p></ul>", "- a\n- b"),
        ("x<blockquote>y<blockquote>z</blockquote></blockquote>w", "x\n> y\n>> z\nw"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<style>p{}</style><script>x</script><title>t</title><p>a", "a"),
        ("<p style='DISPLAY : none'>preview</p><p>a&nbsp;b&shy;c</p>", "a bc"),
        ("<!-- x -->a<?php y ?>b", "ab"),
        ("<?xml version='1.0' encoding='utf-16'?><html><body>ä</body></html>", "ä"),
        ("a &lt; b &#xD800; &#0;", "a < b \ufffd \ufffd"),
        ("", ""),
        ("<", None),
        ("<div>" * 3000 + "deep", None),
    ],
)
def test_html_bodies(markup: str, expected: str | None) -> None:
    found = mail_body.from_html(markup)
    found.encode()
    assert expected is None or found == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param((b"Plain.", b"<p>Rich.</p>"), "Plain.", id="plain"),
        pytest.param((b" \r\n", b"<p>Rich.</p>"), "Rich.", id="empty"),
        pytest.param(
            (b"View in browser: https://a.org/b", f"<p>{PROSE}</p>".encode()), PROSE, id="stub"
        ),
        pytest.param((PROSE.encode(), b"<p>Rich.</p>"), PROSE, id="less in HTML"),
    ],
)
def test_alternatives(parts: tuple[bytes, bytes], expected: str) -> None:
    data = multipart(
        leaf(b"text/plain", parts[0]), leaf(b"text/html", parts[1]), kind=b"alternative"
    )
    assert body_of(data) == expected.strip()
    assert not names(data)


def test_parts_of_a_body_stand_in_order() -> None:
    data = multipart(leaf(b"text/plain", b"One."), leaf(b"text/html", b"<p>Two.</p>"))
    assert body_of(data) == "One.\n\nTwo."


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((b'Content-Disposition: attachment; filename="a b.pdf"',), "a b.pdf"),
        ((b"Content-Disposition: attachment; filename=a b.pdf",), "a b.pdf"),
        ((b"Content-Disposition: attachment; filename*=utf-8''%C3%A4.pdf",), "ä.pdf"),
        ((b"Content-Disposition: attachment; filename*=iso-8859-1'de'%E4.pdf",), "ä.pdf"),
        (
            (b"Content-Disposition: attachment; filename*0*=utf-8''%C3%A4", b" ;filename*1=b.pdf"),
            "äb.pdf",
        ),
        ((b'Content-Disposition: attachment; filename="=?utf-8?Q?=C3=A4.pdf?="',), "ä.pdf"),
        ((b"Content-Disposition: attachment; filename=\xe4.pdf",), "ä.pdf"),
        ((b"Content-Disposition: attachment; filename=\xc3\xa4.pdf",), "ä.pdf"),
        ((b"Content-Disposition: attachment; filename*=no-such''a.pdf",), "a.pdf"),
        ((b"Content-Disposition: attachment",), "attachment-1.pdf"),
        ((), "attachment-1.pdf"),
    ],
)
def test_names_of_attachments(headers: tuple[bytes, ...], expected: str) -> None:
    data = multipart(leaf(b"text/plain", b"Text."), leaf(b"application/pdf", b"%PDF", *headers))
    assert [(part.name, part.held) for part in mail.parts(data)] == [(expected, b"%PDF")]
    assert f"Attachments: {expected}\n" in mail.parse(data).text


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (leaf(b"image/png; name=a.png", b"", b"Content-Disposition: inline"), []),
        (leaf(b"image/png; name=a.png", b"", b"Content-ID: <a>"), []),
        (leaf(b"image/png; name=a.png", b"x"), ["a.png"]),
        (leaf(b"application/pgp-signature; name=a.asc", b"x"), []),
        (leaf(b"text/plain", b"x", b"Content-Disposition: attachment; filename=a.txt"), ["a.txt"]),
        (leaf(b"text/csv; name=a.csv", b"x"), ["a.csv"]),
        (leaf(b"text/x-log", b"x"), ["attachment-1.txt"]),
        (leaf(b"application/ms-tnef; name=winmail.dat", b"x"), ["winmail.dat"]),
        (leaf(b"message/rfc822", HEAD + b"\r\nText."), ["The bridge.eml"]),
        (leaf(b"message/rfc822", b"From: a@b.org\r\n\r\nText."), ["message.eml"]),
    ],
)
def test_what_is_an_attachment(part: bytes, expected: list[str]) -> None:
    assert names(multipart(leaf(b"text/plain", b"Text."), part)) == expected


def test_names_are_distinct() -> None:
    pdfs = [leaf(b"application/pdf; name=" + name, b"") for name in (b"a.pdf", b"A.pdf", b"a.pdf")]
    found = names(multipart(*pdfs, leaf(b"application/pdf; name=b", b"")))
    assert found == ["a.pdf", "A (2).pdf", "a (3).pdf", "b"]


@pytest.mark.parametrize("encoded", [False, True])
def test_attached_mails_come_whole(encoded: bool) -> None:
    inner = plain("Größe.".encode())
    more = (b"Content-Transfer-Encoding: base64",) if encoded else ()
    body = base64.encodebytes(inner) if encoded else inner
    (part,) = mail.parts(multipart(leaf(b"message/rfc822; name=a.eml", body, *more)))
    assert isinstance(part.held, bytes)
    assert mail.parse(part.held) == mail.parse(inner)


def test_bounces_keep_their_status() -> None:
    status = leaf(
        b"message/delivery-status", b"Action: failed\r\n\r\nFinal-Recipient: rfc822;a@b.c"
    )
    data = multipart(leaf(b"text/plain", b"Sorry."), status, kind=b"report")
    assert body_of(data) == "Sorry.\n\nAction: failed\n\nFinal-Recipient: rfc822;a@b.c"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"From x Mon May  2 16:07:05 2005\n" + HEAD + b"\r\nText.", id="envelope"),
        pytest.param(b"\xef\xbb\xbf\r\n\r\n" + HEAD + b"\r\nText.", id="mark and blank lines"),
        pytest.param(
            HEAD + b"X-B: c\r\nstray line\r\nX-A: b\r\nCc: \r\n\r\nText.", id="stray line"
        ),
        pytest.param(HEAD.replace(b": ", b"   : ", 4) + b"\r\nText.", id="blanks before colons"),
        pytest.param(HEAD.replace(b"\r\n", b"\n") + b"\nText.", id="line feeds"),
        pytest.param(plain(b"Text.", kind=b"multipart/mixed"), id="no boundary, no parts"),
        pytest.param(
            multipart(leaf(b"text/plain", b"Text.")).replace(b'boundary="=_b"', b"x=y"),
            id="no boundary",
        ),
        pytest.param(
            multipart(leaf(b"text/plain", b"Text.")).replace(b'y="=_b"', b"y=wrong"),
            id="wrong boundary",
        ),
        pytest.param(
            multipart(leaf(b"text/plain", b"Text.")).removesuffix(b"--=_b--\r\n"), id="cut"
        ),
    ],
)
def test_broken_mails_are_read(data: bytes) -> None:
    content = mail.parse(data)
    assert (content.title, content.date) == ("The bridge", "2024-06-03")
    assert content.text.endswith("\n\nText.")


def test_no_body_leaves_the_head() -> None:
    data = multipart(leaf(b"application/pdf; name=a.pdf", b"%PDF"))
    assert mail.parse(data).text.endswith("-0500\nAttachments: a.pdf")


def nested(depth: int) -> bytes:
    """Multiparts in each other, each with a boundary of its own."""
    data = leaf(b"text/plain", b"Text.")
    for level in range(depth):
        mark = b"b%d" % level
        kind = b"multipart/mixed; boundary=" + mark
        data = leaf(kind, b"--" + mark + b"\r\n" + data + b"\r\n--" + mark + b"--")
    return HEAD + data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "headers", id="empty"),
        pytest.param(b"Dear Jane,\n\nthe bridge: closed.\n", "headers", id="prose"),
        pytest.param(b"Title: a\nAuthor: b\n\nText.", "headers", id="other headers"),
        pytest.param(b"\x7fELF\x02\x01\x01\0\0", "headers", id="binary"),
        pytest.param(nested(mime.DEEPEST + 2), "parts", id="deep"),
        pytest.param(nested(2000), "parts", id="very deep"),
        pytest.param(
            multipart(*[leaf(b"text/plain", b"x")] * (mime.MOST_PARTS + 1)), "parts", id="many"
        ),
    ],
)
def test_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        mail.parse(data)
    with pytest.raises(ReadError, match=reason):
        list(mail.parts(data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Subject: " + b"=?a?q?" * 50_000 + b"\r\n\r\n", id="open words"),
        pytest.param(b"Subject: " + b"=?a?q?b?= " * 50_000 + b"\r\n\r\n", id="words"),
        pytest.param(b"From: " + b'"<(,' * 50_000 + b"\r\n\r\n", id="addresses"),
        pytest.param(b"Content-Type: a/b" + b"; a*0*=b" * 50_000 + b"\r\n\r\n", id="parameters"),
        pytest.param(HEAD + b"\r\n" + b"> " * 500_000, id="quotation marks"),
        pytest.param(HEAD + b"\r\na" + b" " * 500_000 + b"b\r\nc", id="blanks"),
        pytest.param(HEAD + b"\r\n" + b">\r\n" * 200_000, id="quoted blank lines"),
        pytest.param(plain(b"<blockquote>a" * 50_000, kind=b"text/html"), id="quotations"),
        pytest.param(plain(b"<td>" * 100_000, kind=b"text/html"), id="cells"),
        pytest.param(plain(b"<li>\n" * 100_000, kind=b"text/html"), id="items"),
        pytest.param(plain(b"<meta " * 100_000, kind=b"text/html"), id="metas"),
        pytest.param(multipart(*[leaf(b"a/b; name=a.pdf", b"")] * 5_000), id="one name"),
    ],
)
def test_hostile_mails_end_soon(data: bytes) -> None:
    begun = time.process_time()
    for read in (mail.parse, lambda each: list(mail.parts(each)), mail.looks_like_mail):
        try:
            read(data)
        except ReadError:
            continue
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (HEAD + b"\r\nText.", True),
        (b"Received: from a\r\n by b\r\nSubject: c\r\n\r\n", True),
        (b"From x Mon May  2 16:07:05 2005\nMessage-ID: <a>\nTo: b\n\n", True),
        (b"TO: The mayor\nFROM: Jane\nDATE: 3 June\nSUBJECT: Bridge\n\nText.", False),
        (b"Date: June 3\nTitle: Bridge\nSource: The Paper\n\nText.", False),
        (b"Content-Type: text/x-wiki\n\nText.", False),
        (b"From the hill: a view\nTo see it\n", False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_looks_like_mail(data: bytes, expected: bool) -> None:
    assert mail.looks_like_mail(data) is expected


ENVELOPE = b"From jane@example.org Mon May  2 16:07:05 2005\n"
BOX = (
    ENVELOPE
    + b"From: a@b.org\nSubject: =?utf-8?Q?M=C3=BCnster?=\n\nFrom here on.\n\n"
    + b">From the hill.\n>>From quoted.\nFrom 9:00 to 10:00 we met\nand parted.\n\n"
    + ENVELOPE.replace(b"jane@example.org", b"-")
    + b"From: c@d.org\nSubject: a/b: c?\n\nTwo.\n\n"
    + ENVELOPE
    + b"From: e@f.org\n\nThree.\n"
)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_mailboxes(ends: bytes) -> None:
    data = BOX.replace(b"\n", ends)
    found = list(mailbox.parts(data))
    assert mailbox.looks_like_mailbox(data)
    assert [part.name for part in found] == [
        "0001 Münster.eml",
        "0002 a b c.eml",
        "0003 no subject.eml",
    ]
    contents = [mail.parse(part.held) for part in found if isinstance(part.held, bytes)]
    assert [content.author for content in contents] == ["a@b.org", "c@d.org", "e@f.org"]
    assert "\nFrom the hill." in contents[0].text
    assert "\n>From quoted." in contents[0].text.replace("> From", ">From")
    assert "From 9:00 to 10:00" in contents[0].text


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(BOX, True, id="mailbox"),
        pytest.param(ENVELOPE + HEAD + b"\r\nText.", False, id="single mail"),
        pytest.param(ENVELOPE + HEAD + b"\r\n" + b"long " * 20_000, True, id="goes on"),
        pytest.param(HEAD + b"\r\n" + BOX, False, id="mail with a mailbox in it"),
        pytest.param(b"From here: a view\nTo: see it\n\n", False, id="prose"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_looks_like_mailbox(data: bytes, expected: bool) -> None:
    assert mailbox.looks_like_mailbox(data) is expected


def test_no_mailbox() -> None:
    with pytest.raises(ReadError, match="no mailbox"):
        list(mailbox.parts(HEAD + b"\r\nText."))


def saved(*parts: bytes, start: bytes = b"") -> bytes:
    head = b"From: <Saved by Blink>\r\nSubject: Saved\r\nDate: Mon, 3 Jun 2024 10:00:00 +0000\r\n"
    return multipart(*parts, kind=b"related" + start, head=head)


def page(title: str, *, charset: str) -> bytes:
    markup = f"<html><head><title>{title}</title></head><body><p>{PROSE}</p></body></html>"
    return base64.encodebytes(markup.encode(charset))


BASE64 = b"Content-Transfer-Encoding: base64"


def test_saved_pages() -> None:
    address = b"Content-Location: https://www.paper.example/bridge"
    data = saved(
        leaf(b"text/html; charset=koi8-r", page("Мост открыт", charset="koi8-r"), BASE64, address),
        leaf(b"text/html", page("An advertisement", charset="utf-8"), BASE64),
        leaf(b"image/png", b"x"),
    )
    content = mhtml.parse(data)
    assert (content.title, content.source) == ("Мост открыт", "paper.example")
    assert content.date is None
    assert PROSE.strip() in content.text


def test_saved_pages_begin_where_they_say() -> None:
    data = saved(
        leaf(b"text/html", page("A frame in it", charset="utf-8"), BASE64),
        leaf(b"text/html", page("The page itself", charset="utf-8"), BASE64, b"Content-ID: <r@x>"),
        start=b'; start="<r@x>"',
    )
    assert mhtml.parse(data).title == "The page itself"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(leaf(b"image/png", b"x")), "no page"),
        (b"<html>", "headers"),
        (saved(leaf(b"text/html", b"", BASE64)), "no text"),
    ],
)
def test_no_saved_page(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        if not mhtml.parse(data).text:
            raise ReadError("no text")


VALID = multipart(
    multipart(
        leaf(b"text/plain; charset=utf-8; format=flowed", "Größe. \r\n> so".encode()),
        leaf(b"text/html", b"<table><tr><td>a<blockquote>b</table>"),
        kind=b"alternative",
        head=b"",
    ).replace(b"=_b", b"=_c"),
    leaf(b"message/rfc822", HEAD + b"\r\nText."),
    leaf(b"application/pdf; name*=utf-8''%C3%A4", b"JVBERg==", BASE64),
    leaf(b"message/delivery-status", b"Action: failed"),
)


def read_all(data: bytes) -> None:
    """Whatever the bytes, the readers give what can be stored or a ReadError."""
    assert mail.looks_like_mail(data) in {True, False}
    assert mailbox.looks_like_mailbox(data) in {True, False}
    for read in (mail.parse, mhtml.parse):
        try:
            content = read(data)
        except ReadError:
            continue
        content.text.encode()
        assert not {"\0", "\r", "\u00ad", "\u200b", "\ufeff"} & set(content.text)
    for parts in (mail.parts, mailbox.parts):
        try:
            found = list(parts(data))
        except ReadError:
            continue
        assert len({part.name for part in found}) == len(found)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    read_all(data)
    read_all(b"Subject: a\n" + data)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 6), st.binary(max_size=4)), max_size=8
    )
)
def test_mutated_mails(edits: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for at, length, put in edits:
        data = data[:at] + put + data[at + length :]
    read_all(data)
    read_all(ENVELOPE + data + b"\n\n" + ENVELOPE + data)
