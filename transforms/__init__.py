"""The tables of `core` and `rotation`: one file each, SQL or pandas, with its declaration."""
