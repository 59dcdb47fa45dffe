"""Connecting, testing and disconnecting; and the connector behind a connection, ready to be used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.context import ConnectorContext
from connectors.errors import ConnectionRevokedError, ConnectorError, PermissionDeniedError
from connectors.oauth import TOKEN_FIELDS
from connectors.parameters import validate_fields
from connectors.registry import AuthField, ConnectorMeta, ConnectorScope, credential_fields
from revtops_tui.engine.brokered import Lending, lent
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.connected import ConnectionInfo, Proof, connections, info_of
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.locks import credentials_lock, run_lock
from revtops_tui.engine.nango import is_brokered
from revtops_tui.engine.oauth import scopes
from revtops_tui.engine.oauth.renewal import Renewal, give_back
from revtops_tui.engine.oauth.unstored import credentials_under, offer_again
from revtops_tui.engine.person import whoever_this_is
from revtops_tui.engine.recording import watcher
from revtops_tui.engine.secrets import data_masked, remember, remember_values
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection

if TYPE_CHECKING:
    from connectors.base import BaseConnector

__all__ = [
    "ConnectionInfo",
    "Proof",
    "add_to_credentials",
    "check_name",
    "connect",
    "connection",
    "connections",
    "connector_class",
    "credentials_of",
    "disconnect",
    "explained",
    "find",
    "open_connector",
    "prove",
    "test",
    "try_credentials",
    "use",
]

_NO_TEXT = ("integer", "boolean", "choice")
_A_SECRET = 12

T = TypeVar("T")


def connection(ws: Workspace, selector: str) -> ConnectionInfo:
    """One connection. Raises EngineError (not_connected, unknown_connector)."""
    return info_of(ws, find(ws, selector))


def find(ws: Workspace, selector: str) -> Connection:
    """The stored connection that `slug` or `slug:name` names. Raises EngineError."""
    slug, _, name = selector.partition(":")
    mine = [c for c in store.connections(ws.database, ws.organization_id) if c.slug == slug]
    exact = [c for c in mine if c.name == (name or store.DEFAULT_NAME)]
    if exact:
        return exact[0]
    if not name and len(mine) == 1:
        return mine[0]
    names = ", ".join(c.selector for c in mine)
    if mine and not name:
        raise EngineError("usage", f"{selector} does not say which connection.", hint=f"One of: {names}.")
    connector_class(ws, slug)
    raise EngineError(
        "not_connected",
        f"{selector} is not connected in organization {ws.organization_id}.",
        hint=f"There is: {names}. A further one: revtops connect {selector}" if mine else f"revtops connect {selector}",
    )


def connector_class(ws: Workspace, slug: str) -> type[BaseConnector]:
    """The connector's class, imported now. Raises EngineError for an unknown or a broken one."""
    try:
        return connector_info(ws, slug).load()
    except ConnectorError as error:
        raise people(error) from error


def connect(
    ws: Workspace,
    slug: str,
    values: Mapping[str, Any],
    *,
    name: str = store.DEFAULT_NAME,
    base_url: str | None = None,
    test: bool = True,
    signed_in: Mapping[str, Any] | None = None,
) -> ConnectionInfo:
    """Check the credentials, try them at the vendor, then keep them. Nothing is kept when they are refused.

    `signed_in`: what a sign-in brought (`engine.oauth.connecting.brought`), in place of a token among `values`. The
    other fields that the connection had are kept then, where `values` has no newer ones.
    """
    cls = connector_class(ws, slug)
    check_name(name)
    key = store.credentials_key(ws.organization_id, slug, name)
    if signed_in is not None:
        credentials = _completed(ws, cls, key, values, signed_in)
    else:
        credentials = _checked(cls.meta, credential_fields(cls.meta), values)
    proof = _run(_tested(ws, cls, credentials, base_url)) if test else None
    try:
        with credentials_lock(ws.home, key):
            before = ws.credentials.get(key)
            ws.credentials.set(key, credentials)
            try:
                saved = store.save_connection(
                    ws.database,
                    ws.organization_id,
                    slug,
                    name=name,
                    source_system=cls.source_system,
                    user_id=whoever_this_is() if cls.meta.scope is ConnectorScope.USER else None,
                    base_url=base_url,
                    identity=proof.identity or None if proof else None,
                    granted_scopes=proof.scopes if proof else (),
                )
            except Exception:
                _put_back(ws, key, before)
                raise
    except Exception as error:
        raise people(error) from error
    return replace(info_of(ws, saved), proof=proof)


def _put_back(ws: Workspace, key: str, before: dict[str, Any] | None) -> None:
    """No secret stays behind that no connection owns."""
    if before is None:
        ws.credentials.delete(key)
    else:
        ws.credentials.set(key, before)


def try_credentials(ws: Workspace, slug: str, values: Mapping[str, Any], *, base_url: str | None = None) -> str:
    """Try credentials at the vendor without keeping them; returns whose they are."""
    cls = connector_class(ws, slug)
    return _run(_tested(ws, cls, _checked(cls.meta, credential_fields(cls.meta), values), base_url)).identity


def test(ws: Workspace, selector: str) -> str:
    """Try a connection's stored credentials at the vendor; returns whose they are, and keeps the outcome."""
    return prove(ws, selector).identity


def prove(ws: Workspace, selector: str) -> Proof:
    """`test`, with everything that is known of the credentials then."""
    found = find(ws, selector)
    try:
        proof = use(ws, found.selector, _prove, insist=True)
    except EngineError as error:
        status = "revoked" if error.kind == ConnectionRevokedError.kind else "error"
        store.note_status(ws.database, found.id, status=status, error=error.message)
        raise
    store.note_status(ws.database, found.id, status="connected", error=None)
    store.note_proof(ws.database, found.id, identity=proof.identity, granted_scopes=proof.scopes)
    return proof


def disconnect(ws: Workspace, selector: str, *, delete_data: bool = False) -> int:
    """Forget the credentials, and with `delete_data` the rows too; returns how many rows were deleted.

    A vendor at which somebody signed in is told, so that its grant ends too. Raises EngineError (busy) while a sync of
    the connection runs. What was disconnected before can have its rows deleted still.
    """
    found = (_disconnected(ws, selector) if delete_data else None) or find(ws, selector)
    try:
        with run_lock(ws.home, found.id, found.selector):
            with credentials_lock(ws.home, found.credentials_key):  # one that is being renewed would come back
                kept = credentials_under(ws, found.credentials_key) or {}
                ws.credentials.delete(found.credentials_key)
            deleted = store.remove_connection(ws.database, found, delete_data=delete_data)
    except Exception as error:
        raise people(error) from error
    with suppress(EngineError):  # a connector that is not there any more can tell nobody
        if not _shares_its_grant(ws, found):
            give_back(connector_class(ws, found.slug).meta, kept, found.base_url)
    return deleted


def _disconnected(ws: Workspace, selector: str) -> Connection | None:
    """What was disconnected under that name, where records of it are left."""
    slug, _, name = selector.partition(":")
    found = store.disconnected(ws.database, ws.organization_id, slug, name or store.DEFAULT_NAME)
    return found if found and store.counts(ws.database, found.id) else None


def _shares_its_grant(ws: Workspace, found: Connection) -> bool:
    """Whether another connection is the same account's: vendors such as Google end all grants of an app at once."""
    others = store.connections(ws.database, found.organization_id)
    return any((one.slug, one.identity) == (found.slug, found.identity) for one in others)


def credentials_of(ws: Workspace, found: Connection) -> dict[str, Any]:
    """A connection's credentials, as they are kept. Raises EngineError when there are none."""
    try:
        credentials = credentials_under(ws, found.credentials_key)
    except Exception as error:
        raise people(error) from error
    if credentials is None:
        raise EngineError(
            "authentication",
            f"The credentials of {found.selector} are not in {ws.credentials.name}.",
            hint=f"revtops connect {found.selector}",
        )
    remember(connector_class(ws, found.slug).meta, credentials)
    return credentials


def add_to_credentials(ws: Workspace, found: Connection, fields: Mapping[str, Any]) -> None:
    """Keep further fields with a connection's credentials. Raises EngineError when there are none to add to."""
    with credentials_lock(ws.home, found.credentials_key):
        ws.credentials.set(found.credentials_key, {**credentials_of(ws, found), **fields})
        ws.unstored.pop(found.credentials_key, None)


def open_connector(ws: Workspace, found: Connection, **context: Any) -> BaseConnector:
    """The connector of a connection; `context` sets further fields of its ConnectorContext. Close it with `aclose`.

    `insist` among them: ask for a token also where the vendor said before that the grant is withdrawn.
    """
    cls = connector_class(ws, found.slug)
    context["on_exchange"] = watcher(ws, found.selector, found.id, context.get("on_exchange") or ws.on_exchange)
    return cls(
        ws.organization_id,
        found.user_id,
        context=ConnectorContext(
            organization_id=ws.organization_id,
            user_id=found.user_id,
            base_url=found.base_url,
            **{**_credentials_for(ws, found, cls.meta, context.pop("insist", False)), **context},
        ),
    )


def _credentials_for(ws: Workspace, found: Connection, meta: ConnectorMeta, insist: bool) -> dict[str, Any]:
    """What of a ConnectorContext is about credentials. `insist`: ask for a token also where the grant was withdrawn."""
    renewal = Renewal(ws, found, meta, insist=insist)

    def usable() -> dict[str, Any]:
        offer_again(ws, found.credentials_key)
        kept = credentials_of(ws, found)
        return Lending(ws, found, meta, kept).fetch() if is_brokered(kept) else kept

    async def renew(refused: str) -> dict[str, Any]:
        kept = await asyncio.to_thread(credentials_of, ws, found)
        return await (Lending(ws, found, meta, kept) if is_brokered(kept) else renewal)(refused)

    return {"credentials": usable, "renew": renew}


def use(
    ws: Workspace,
    selector: str,
    task: Callable[[BaseConnector], Awaitable[T]],
    *,
    purposes: Sequence[str] = (),
    **context: Any,
) -> T:
    """Run one task with a connection's connector, and close it. Raises EngineError.

    `purposes`: what it is for, the most telling first (an operation, a capability): so that a scope can be named.
    """
    found = find(ws, selector)

    async def run() -> T:
        connector = open_connector(ws, found, **context)
        try:
            return await task(connector)
        except ConnectionRevokedError:
            store.note_status(ws.database, found.id, status="revoked", error="The vendor withdrew the connection.")
            raise
        finally:
            await connector.aclose()

    try:
        return _run(run())
    except EngineError as error:
        told = explained(ws, found, error, *purposes)
        if told is error:
            raise
        raise told from error


def explained(ws: Workspace, found: Connection, error: EngineError, *purposes: str) -> EngineError:
    """The error; where the vendor refused something for which a scope is missing, it names the scope."""
    if error.kind != PermissionDeniedError.kind:
        return error
    meta = connector_class(ws, found.slug).meta
    granted = found.scopes or credentials_of(ws, found).get("granted_scopes") or ()
    own = error.hint if error.hint != PermissionDeniedError.default_hint else ""
    if own and not granted:
        return error  # the connector knows better than a list of scopes
    hint = scopes.hint(meta, granted, found.selector, *purposes)
    return EngineError(error.kind, error.message, hint=f"{own} {hint}".strip()) if hint else error


async def _tested(ws: Workspace, cls: type[BaseConnector], credentials: dict[str, Any], base_url: str | None) -> Proof:
    context = ConnectorContext(
        organization_id=ws.organization_id,
        base_url=base_url,
        credentials=lambda: lent(ws, cls.meta, credentials) if is_brokered(credentials) else dict(credentials),
        on_exchange=watcher(ws, cls.meta.slug, None, ws.on_exchange),
    )
    connector = cls(ws.organization_id, context=context)
    try:
        return await _prove(connector)
    finally:
        await connector.aclose()


async def _prove(connector: BaseConnector) -> Proof:
    identity = data_masked(await connector.test_connection())
    granted = tuple(data_masked(scope) for scope in await connector.granted_scopes())
    return Proof(identity, granted, scopes.missing(connector.meta.oauth_scopes, granted), _limits(connector))


def _limits(connector: BaseConnector) -> str:
    """What the vendor lets be asked, as a person would say it; empty where nobody knows."""
    left = connector.http.left
    if left is None:
        return ""
    of = f" of {left.of:,}" if left.of else ""
    return f"{left.requests:,}{of} requests left for {left.seconds:.0f} s"


def _run(task: Awaitable[T]) -> T:
    async def main() -> T:
        return await task

    try:
        return asyncio.run(main())
    except (Exception, SystemExit) as error:  # a connector that wants to leave ends its own call and nothing else
        raise people(error) from error


def _checked(meta: ConnectorMeta, fields: Sequence[AuthField], values: Mapping[str, Any]) -> dict[str, Any]:
    # Known before anything is said of them: also what somebody pasted into a field of another kind.
    other = {field.name for field in fields if field.type in _NO_TEXT}
    remember(meta, values)
    remember_values(v for name, v in values.items() if name in other and isinstance(v, str) and len(v) >= _A_SECRET)
    try:
        credentials = validate_fields(fields, values)
    except ConnectorError as error:
        raise people(error) from error
    remember(meta, credentials)
    return credentials


def _completed(
    ws: Workspace, cls: type[BaseConnector], key: str, values: Mapping[str, Any], signed_in: Mapping[str, Any]
) -> dict[str, Any]:
    """The credentials after a sign-in: what it brought, and the declared fields that are no token."""
    fields = [field for field in credential_fields(cls.meta) if field.name not in (*TOKEN_FIELDS, *signed_in)]
    try:
        before = credentials_under(ws, key) or {}
    except Exception as error:
        raise people(error) from error
    known = {field.name: before[field.name] for field in fields if field.name in before}
    given = {name: value for name, value in values.items() if name not in signed_in}
    remember(cls.meta, signed_in)
    return {**_checked(cls.meta, fields, {**known, **given}), **signed_in}


def check_name(name: str) -> None:
    """Whether a connection may be called so. Raises EngineError."""
    if not name or not all(c.isalnum() or c in "-_." for c in name):
        raise EngineError("invalid_input", "A connection's name has only letters, digits, and -, _ and . in it.")
