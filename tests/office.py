"""Word, OpenDocument and e-book files for tests, small and built by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"


def packed(members: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as file:
        for name, held in members.items():
            file.writestr(name, held)
    return buffer.getvalue()


def relations(**targets: str) -> str:
    each = (
        f'<Relationship Id="r{kind}" Type="{RELATIONS}/{kind.replace("_", "-")}" Target="{name}"/>'
        for kind, name in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(each)}</Relationships>'


def word(
    body: str,
    *,
    namespace: str = W,
    core: str = "",
    styles: str = "",
    notes: str = "",
    before: str = "",
    main: str = "word/document.xml",
) -> bytes:
    """A Word document of a body's XML."""
    spaces = (
        f'xmlns:w="{namespace}" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="urn:wps"'
    )
    folder, _, name = main.rpartition("/")
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": relations(officeDocument=main, core_properties="docProps/core.xml"),
            main: f"{before}<w:document {spaces}><w:body>{body}</w:body></w:document>",
            f"{folder}/_rels/{name}.rels": relations(
                styles="styles.xml", footnotes="footnotes.xml", header="header1.xml"
            ),
            f"{folder}/styles.xml": f"<w:styles {spaces}>{styles}</w:styles>",
            f"{folder}/footnotes.xml": f"<w:footnotes {spaces}>{notes}</w:footnotes>",
            f"{folder}/header1.xml": f"<w:hdr {spaces}>{para(run('Page header'))}</w:hdr>",
            f"{folder}/comments.xml": f"<w:comments {spaces}>{para(run('hm'))}</w:comments>",
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f' xmlns:dcterms="http://purl.org/dc/terms/">{core}</cp:coreProperties>',
        }
    )


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def para(inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


A, B, C = (para(run(letter)) for letter in "abc")
NOTES = (
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    f'<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>{run(" The note.")}</w:p>'
    f"{para(run('Its end.'))}</w:footnote>"
)
MARK = '<w:r><w:footnoteReference w:id="2"/></w:r>'
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="mine"/>'
    '<w:basedOn w:val="Titel"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="character" w:styleId="Ghost"><w:name w:val="ghost"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="character" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
)


def opendocument(text: str, *, meta: str = "", styles: str = "", before: str = "") -> bytes:
    """An OpenDocument text of a body's XML."""
    names = "office text table style meta".split()
    spaces = " ".join(f'xmlns:{name}="{OASIS}{name}:1.0"' for name in names)
    spaces += f' xmlns:draw="{OASIS}drawing:1.0" xmlns:svg="{OASIS}svg-compatible:1.0"'
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{before}<office:document-content {spaces}><office:automatic-styles>"
            f"{styles}</office:automatic-styles><office:body><office:text>{text}"
            "</office:text></office:body></office:document-content>",
            "meta.xml": f"<office:document-meta {spaces}><office:meta>{meta}</office:meta>"
            "</office:document-meta>",
        }
    )


ODT_STYLES = (
    '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    '<style:style style:name="T1" style:family="text">'
    '<style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="L" style:parent-style-name="L"/>'
)
ODT_NOTE = (
    '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>The note.</text:p><text:p>Its end.</text:p></text:note-body>"
    "</text:note>"
)
CHAPTER = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'


def book(
    *chapters: str | bytes, metadata: str = "", encryption: str = "", spine: str = ""
) -> bytes:
    """An e-book of pages, each in a file of its own, and in a spine that begins with the last."""
    numbers = range(len(chapters))
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
        'full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    items = "".join(
        f'<item id="i{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in numbers
    )
    spine = spine or '<itemref idref="pic"/><itemref idref="nav"/><itemref idref="toc"/>' + "".join(
        f'<itemref idref="i{n}"/>' for n in reversed(numbers)
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata><manifest>{items}'
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        '<item id="toc" href="toc.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="pic" href="a.svg" media-type="image/svg+xml"/></manifest>'
        f"<spine>{spine}"
        '<itemref idref="lost"/></spine>'
        '<guide><reference type="toc" href="toc.xhtml"/>'
        '<reference type="toc" href="text/c%200.xhtml#toc"/></guide></package>',
        "OPS/nav.xhtml": f"{CHAPTER}<body><nav><ol><li>One</li></ol></nav></body></html>",
        "OPS/toc.xhtml": f"{CHAPTER}<body><p>One ... 1</p></body></html>",
    }
    for n in numbers:
        members[f"OPS/text/c {n}.xhtml"] = chapters[n]
    if encryption:
        members["META-INF/encryption.xml"] = encryption
    return packed(members)


def chapter(body: str) -> str:
    return f"<?xml version='1.0'?>{CHAPTER}<head><title>no</title></head><body>{body}</body></html>"
