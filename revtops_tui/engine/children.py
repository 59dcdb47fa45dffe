"""What programs that are started from here are told of this process's environment: everything but its secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from connectors.redaction import is_sensitive
from revtops_tui.engine.workspace import Workspace
from store.credentials import PASSPHRASE_VARIABLE


def environment_of(ws: Workspace, ours: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of an editor, a pager, a browser, a clipboard: without the passphrase of the encrypted file, the
    key of the broker and the credentials of built-in connectors. Their own secrets, such as a token for git, they keep.
    """
    from revtops_tui.engine.nango import SECRET_KEY

    fields = (field for info in ws.catalog.values() for field in info.manifest["auth_fields"])
    secret = {field["env"] for field in fields if field["type"] == "password" or is_sensitive(field["env"])}
    return {name: value for name, value in ours.items() if name not in {PASSPHRASE_VARIABLE, SECRET_KEY, *secret}}
