"""What users keep in Prefect's Secret blocks."""


def kept_secret(name: str) -> str | None:
    """The text of the Secret block of that name; None where there is none, or no text in it."""
    from prefect.blocks.system import Secret

    try:
        value = Secret.load(name).get()  # type: ignore[union-attr]
    except ValueError:  # Prefect's word for no such block
        return None
    return value if isinstance(value, str) else None
