"""导入: an uploaded workbook from check to preview, confirmation, result and undo."""
