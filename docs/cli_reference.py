"""Writes `cli.md` from the parsers: `python docs/cli_reference.py > docs/cli.md`. A test checks that it is current."""

from __future__ import annotations

import argparse
import sys

from revtops_tui.cli import commands
from revtops_tui.cli.main import top_parser
from revtops_tui.cli.parsing import EXIT_CODES, Parser

_INTRODUCTION = """\
# The command line

This page is made from the program's own help (`docs/cli_reference.py`); `revtops COMMAND --help` says the same.

stdout is data and stderr is talk, so that `revtops … > file` and `revtops … | jq` get nothing but the answer. With
`--json` every command prints one document, a failure too:

```json
{
  "error": {
    "kind": "not_connected",
    "message": "hubspot is not connected in organization default.",
    "hint": "revtops connect hubspot"
  }
}
```
"""

_ENVIRONMENT = {
    "REVTOPS_HOME": "the data directory; the platform's own by default",
    "REVTOPS_ORG": "the organization, where `--org` does not name one",
    "REVTOPS_CONNECTORS_PATH": "further folders with connectors, separated like those of `PATH`",
    "REVTOPS_KEYRING_PASSPHRASE": "keep credentials in an encrypted file under this passphrase, not in the keyring",
    "NO_COLOR": "no colours",
}

_DOCUMENTS = {
    "connectors": "array of `slug, name, description, auth_type, scope, entity_types, capabilities, write_operations, "
    "actions, event_types, query_description, auth_fields, icon`; a broken one has `error`. With a SLUG: that object; "
    "with `--new`: `{slug, file}`",
    "connections": "array of `slug, name, organization_id, status, identity, user_id, base_url, scopes, "
    "missing_scopes, last_sync_at, next_sync_at, last_error, counts`; `connect` prints one of them",
    "test": "`{connection, status, identity, scopes, missing_scopes, limits}`",
    "rename": "the connection, as in `connections`",
    "disconnect": "`{connection, status, deleted}`",
    "sync": "`{runs: [{slug, name, run_id, status, error, error_kind, hint, seconds, entities}]}`; `status` is "
    "success, partial, aborted or failed; `entities` has `inserted, updated, unchanged, deleted, rejected` by name",
    "schedule": "array of `slug, name, organization_id, every, anchor, cron, jitter, quiet, zone, full_every, enabled, "
    "running, next_due_at, last_run_at, last_status`, lengths of time in seconds; with a SLUG one of them",
    "daemon": "`{status}` when it was stopped; with `--once` `{runs: […]}` as `sync` has it; `status`: `{status, pid, "
    "since, unit}`; `install` and `uninstall`: `{status, unit, next}`",
    "query, sql": "`{columns, rows, truncated}`; an answer that is not tabular comes as `{result}`",
    "export": "`{file, format, rows, bytes, notes}`; `sql`, `query` and `queries run` with `--output` print the same",
    "queries": "array of `id, name, connection, text, at`, where `connection` is null for the local data; `save` and "
    "`delete` print one of them, `run` what `sql` or `query` does",
    "search": "`{records: [{entity, id, system, source_id, fields, excerpt}], truncated}`; `fields` is what the "
    "record is called, and its `url`; `excerpt` where its description has the words",
    "schema": "array, one object for each table or object type; the connector's own",
    "traffic": "array of `id, chain, selector, connection_id, run_id, ledger_id, entity, attempt, waited, started_at, "
    "seconds, method, url, status, error, may_change, budget, request_size, response_size, marked`; `show` prints one, "
    "with headers, bodies and `attempts`, or `{curl}`; `export` `{file, exchanges}`; `tail` a line for each as it "
    "comes; `clear` `{forgotten}`",
    "events": "array of `id, connection, event_id, type, payload, status, attempts, received_at, next_attempt_at, "
    "handled_at, error`; `replay` and `simulate` print those that they handled",
    "rejected": "array of `id, slug, name, entity, source_id, reason, field, payload, created_at, run_id`; with "
    "`--retry`: `{stored, rejected}`; with `--ignore`: `{ignored}`",
    "write, action": "`{status, result, error, ledger_id, approval_id, id, url}`; `status` is ok, failed, unknown, "
    "waiting or denied; without an operation the array of those there are. With `--dry-run`: `{status, request, "
    "changes, changed_since_sync, result}`, where `status` is not_sent",
    "ledger": "array of `id, selector, kind, operation, arguments, requested_by, status, result, error, created_at, "
    "finished_at, before, undoes, undone_by, vendor_id, url, seconds`; with an ID one of them",
    "undo": "as `write`; with `--dry-run` too",
    "approvals": "array of `id, slug, name, selector, kind, operation, arguments, requested_by, reason, status, "
    "created_at, expires_at, decided_at, decided_by, note, ledger_id`; with an ID one of them; `approve` and `edit` "
    "print what `write` does",
    "policy": "array of `selector, operation, requested_by, decision`; with a SLUG array of `operation, person, agent, "
    "api`",
    "mcp": "with `--http`: `{url}`, once it serves; over stdin and stdout the protocol. `config`: `{client, file, "
    "text}`; `token`: `{token}`",
    "listen": "`{url, connections}`, once it takes webhooks: the addresses for the vendors, as `connection, url`",
    "serve, web": "`{url}`, once it serves",
    "api": "`{token}`",
    "credentials": "`{place, connections}`, these an array of `organization_id, connection, fields, error`; `move`: "
    "`{from, to, moved, left}`; `rotate-passphrase`: `{rotated}`",
    "settings": "`{settings, problems}`; `get` and `set` print the setting by its name, `path` `{path}`",
    "keys": "`{commands, problems}`, the commands an array of `id, keys, help, area`",
    "completion": "`{shell, script}`",
    "simulate": "`{simulators}`, once they serve: an array of `slug, url, credentials`",
    "org": "array of `id, name, current, connections`; `create` and `use` print one of them",
    "doctor": "array of `name, ok, message, hint`; `ok` is null where there is nothing to judge",
    "backup": "`{file, bytes}`",
}
"""Command -> its document with --json."""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _INTRODUCTION,
            _table(("exit code", "meaning"), [(f"`{code}`", meaning) for code, meaning in EXIT_CODES.items()]),
            _table(("environment", "meaning"), [(f"`{name}`", meaning) for name, meaning in _ENVIRONMENT.items()]),
            "These options stand before the command or behind it:\n",
            _table(("option", "meaning"), [_row(action) for action in top_parser().common._group_actions]),
            *(_group(title) for title in commands.GROUPS),
            "## Documents\n\nWhat `--json` prints. Times are ISO 8601 in UTC.\n",
            _table(("command", "document"), [(f"`{names}`", shape) for names, shape in _DOCUMENTS.items()]).rstrip(
                "\n"
            ),
            "",
        ]
    )


def _group(title: str) -> str:
    return f"## {title}\n\n" + "\n".join(_command(name) for name in commands.GROUPS[title])


def _command(name: str) -> str:
    parser = commands.parser_for(name)
    if parser is None:
        raise LookupError(name)
    own = [a for a in parser._actions if a not in parser.common._group_actions and "--help" not in a.option_strings]
    parts = [
        f"### revtops {name}\n",
        f"{parser.description}\n",
        *([_table(("argument", "meaning"), [_row(action) for action in own])] if own else []),
        f"```sh\n{_examples(parser)}\n```\n",
    ]
    return "\n".join(parts)


def _examples(parser: Parser) -> str:
    return "\n".join(f"{line}  # {purpose}" for line, purpose in parser.examples)


def _row(action: argparse.Action) -> tuple[str, str]:
    value = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ()))
    if not action.option_strings:
        name = f"`{value}`" if action.nargs is None else f"`[{value}]`"
        return (f"{name}…" if action.nargs == "*" else name), action.help or ""
    name = ", ".join(action.option_strings)
    return f"`{name} {value or action.dest.upper()}`" if action.nargs != 0 else f"`{name}`", action.help or ""


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *((name.replace("|", r"\|"), meaning) for name, meaning in rows)]
    return "\n".join(f"| {left} | {right} |" for left, right in lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
