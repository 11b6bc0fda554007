"""Rows as CSV or XLSX, so that no program takes a text for a formula."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from tickets import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Excel's own limit is a little higher; further rows go to another sheet.
ROWS_ON_A_SHEET = 1_000_000
# A longer text would leave its cell empty.
_LETTERS_IN_A_CELL = 32_767
_OPTIONS = {
    # Rows leave memory as they come.
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
    "default_date_format": "yyyy-mm-dd hh:mm",
}


def write(
    file: BinaryIO, kind: str, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write the rows under the header into the file, which stays open."""
    (_write_csv if kind == "csv" else _write_xlsx)(file, header, rows)


def _write_csv(
    file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write(cells.BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return cells.guarded(value)


def _write_xlsx(
    file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    workbook = xlsxwriter.Workbook(file, _OPTIONS)
    book = _Book(workbook, header)
    for row in rows:
        book.add(row)
    workbook.close()


class _Book:
    """A workbook that begins another sheet where one is full."""

    def __init__(self, workbook: Any, header: Sequence[str]) -> None:
        self._workbook = workbook
        self._header = header
        self._bold = workbook.add_format({"bold": True})
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._workbook.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._header):
            self._sheet.write_string(0, column, name, self._bold)
        self._row = 1

    def add(self, values: Sequence[Any]) -> None:
        """Write one row; texts are texts, whatever they begin with."""
        if self._row > ROWS_ON_A_SHEET:
            self._begin()
        for column, value in enumerate(values):
            self._write(column, value)
        self._row += 1

    def _write(self, column: int, value: Any) -> None:
        if isinstance(value, str):
            self._sheet.write_string(self._row, column, value[:_LETTERS_IN_A_CELL])
        elif isinstance(value, date) and not isinstance(value, datetime):
            self._sheet.write_datetime(self._row, column, value, self._day)
        elif value is not None:
            self._sheet.write(self._row, column, value)
