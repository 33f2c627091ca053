"""撤销导入: what an import wrote is taken back, and what an undo took is restored."""
