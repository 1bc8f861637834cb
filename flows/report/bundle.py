"""The JavaScript that draws charts: Vega, Vega-Lite and Vega-Embed in one piece, from vl-convert.

Putting it together takes seconds, so it is kept beside the project's packages.
`python -m flows.report.bundle` prepares it.
"""

import os
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def bundle() -> str:
    """The JavaScript, as it may stand in a script element."""
    with suppress(OSError):
        return kept().read_text(encoding="utf-8")
    import vl_convert

    # The words that would end the element are the same to JavaScript in this spelling.
    made: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace(
        "</script", r"<\/script"
    )
    made = made.replace("<!--", r"<\!--")
    with suppress(OSError):  # an installation that cannot be written makes it every night
        _keep(made)
    return made


def kept() -> Path:
    """Where the bundle for this version of vl-convert is, or would be."""
    name = f"vega-{version('vl-convert-python')}.js"
    return Path(sys.prefix) / "share" / "rotation" / name


def _keep(made: str) -> None:
    """Write the bundle whole or not at all."""
    kept().parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=kept().parent, suffix=".partial")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made)
    Path(partial).replace(kept())


if __name__ == "__main__":
    bundle()
