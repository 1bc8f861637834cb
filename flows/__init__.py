"""Prefect flows and the command line that arrange the nightly run."""
