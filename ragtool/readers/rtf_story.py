"""Paragraphs, rows and notes of Rich Text, as they end one after another."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragtool.readers.zipped import row_lines, stored


@dataclass(slots=True)
class Story:
    """A run of paragraphs: the document's, a note's or a text box's."""

    lines: list[tuple[str, int]] = field(default_factory=list)  # with the paragraph's style
    pieces: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    row: list[list[str]] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)  # the row of a table in the cell
    beside: list[str] = field(default_factory=list)  # notes of the open paragraph or row

    def end_paragraph(self, style: int = 0, *, in_table: bool = False) -> None:
        """Ends a paragraph, of a table's cell if it is in one."""
        text = stored([whole("".join(self.pieces))])
        self.pieces.clear()
        if in_table:
            self.cell.append(text)
            return
        if self.row or self.cell or self.nested:
            self.end_row()
        self.lines.append((text, style))
        self._settle()

    def end_cell(self) -> None:
        """Ends a table's cell."""
        self.end_paragraph(in_table=True)
        self.end_nested()
        self.row.append(self.cell)
        self.cell = []

    def end_nested(self) -> None:
        """Ends a row of a table in a cell."""
        self.cell.extend(row_lines([[cell] for cell in self.nested]))
        self.nested.clear()

    def end_row(self) -> None:
        """Ends a table's row, and a cell in it that was left open."""
        if "".join(self.pieces).strip() or self.nested or self.cell:
            self.end_cell()
        self.lines.extend((line, 0) for line in row_lines(self.row))
        self.row, self.cell = [], []
        self._settle()

    def _settle(self) -> None:
        self.lines.extend((line, 0) for line in self.beside)
        self.beside.clear()

    def finished(self) -> list[str]:
        """All its lines, when there is no more to come."""
        self.end_paragraph()
        return [line for line, _ in self.lines]


def whole(text: str) -> str:
    """The text with characters that were given as two surrogates made one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
