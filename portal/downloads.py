"""Workbooks handed out as downloads."""

from urllib.parse import quote

from django.http import HttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_response(content: bytes, file_name: str) -> HttpResponse:
    """An .xlsx to save under a Chinese name; the name is quoted, so it can break out of no header."""
    disposition = f"attachment; filename=\"workbook.xlsx\"; filename*=UTF-8''{quote(file_name, safe='')}"
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": disposition})
