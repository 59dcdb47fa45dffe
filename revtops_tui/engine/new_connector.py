"""The beginning of a connector of one's own: the template under another name, in the drop-in folder."""

from __future__ import annotations

from pathlib import Path

import connectors
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from store.home import make_private

_TEMPLATE = Path(connectors.__file__).parent / "_template.py"


def new_connector(ws: Workspace, slug: str) -> Path:
    """Write a connector called `slug`, ready to be changed; returns its file. Raises EngineError."""
    if not slug.isidentifier() or not slug.isascii() or slug != slug.lower() or slug.startswith("_"):
        raise EngineError(
            "usage", f"{slug} cannot be a connector's slug.", hint="Lower-case letters, digits and _, such as my_crm."
        )
    file = ws.home / "connectors" / f"{slug}.py"
    if slug in ws.catalog or file.exists():
        raise EngineError("usage", f"There is a connector {slug} already.", hint=f"revtops connectors {slug}")
    words = slug.split("_")
    names = {
        "my_crm": slug,
        "my-crm": slug.replace("_", "-"),
        "MyCrm": "".join(word.capitalize() for word in words),
        "My CRM": " ".join(words).capitalize(),
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, its in names.items():
        text = text.replace(name, its)
    try:
        make_private(file.parent)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise people(error) from error
    return file
