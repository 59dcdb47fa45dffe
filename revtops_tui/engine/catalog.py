"""Finding a connector by its slug. Imports no connector: listing them has a start-up bar."""

from __future__ import annotations

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import
if TYPE_CHECKING:
    from connectors.discovery import ConnectorInfo


def connector_info(ws: Workspace, slug: str) -> ConnectorInfo:
    """The connector of that slug. Raises EngineError for an unknown or a broken one."""
    info = ws.catalog.get(slug)
    if info is not None:
        return info
    for broken in ws.catalog.broken:
        if broken.name == slug:
            raise EngineError(
                "broken_connector", f"The connector {slug} is broken: {broken.reason}", hint=broken.source
            )
    hint = did_you_mean(slug, ws.catalog) or "revtops connectors lists what there is."
    raise EngineError("unknown_connector", f"There is no connector {slug}.", hint=hint)
