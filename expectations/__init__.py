"""What must hold before a night is published: one suite per table, checked inside DuckDB."""
