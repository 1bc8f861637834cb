"""The DuckDB warehouse: landing, transforming, publishing. Imports nothing of `flows`."""
