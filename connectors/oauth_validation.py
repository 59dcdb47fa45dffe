"""Checks what a connector declares about signing in; `connectors.validation` asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.oauth import ClientAuth, ClientSecret, OAuthApp, Redirect
from connectors.wording import shown, suggestion

if TYPE_CHECKING:
    from connectors.registry import ConnectorMeta

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TEXTS = (
    "scope_parameter", "scope_separator", "redirect_uri", "issuer", "instance_url", "guide", "app_manifest",
)  # fmt: skip
_ENUMS = {"client_secret": ClientSecret, "client_auth": ClientAuth, "redirect": Redirect}
_OF_THE_PROTOCOL = frozenset(
    {"client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method"}
)


def oauth_problems(meta: ConnectorMeta) -> Iterator[str]:
    """Every mistake in `meta.oauth`, one sentence each."""
    from connectors.registry import AuthType

    if meta.oauth is None:
        return
    if meta.auth_type is AuthType.CUSTOM:
        yield "`oauth` gives a connection its token, and an auth_type of CUSTOM uses none: declare another."
    wrong = list(_wrong_types(meta.oauth))
    yield from wrong
    if not wrong:
        yield from _endpoint_problems(meta.oauth)
        yield from _redirect_problems(meta.oauth)
        yield from _parameter_problems(meta.oauth)
        yield from _scope_problems(meta, meta.oauth)


def _wrong_types(app: OAuthApp) -> Iterator[str]:
    for each in fields(app):
        value = getattr(app, each.name)
        if expected := _expected(each.name, value):
            yield f"`oauth.{each.name}` must be {expected}, not {shown(value)}."


def _expected(name: str, value: Any) -> str:
    """What the field should be; empty when it is."""
    if name in _ENUMS:
        return "" if isinstance(value, _ENUMS[name]) else f"one of {', '.join(_ENUMS[name])}"
    if name == "pkce":
        return "" if isinstance(value, bool) else "True or False"
    if name in ("authorize_parameters", "kept"):
        return "" if _is_texts_by_text(value) else "a dict of texts"
    if name == "scopes_for":
        fits = isinstance(value, dict) and all(_is_texts(scopes) for scopes in value.values())
        return "" if fits else "a dict of lists of texts"
    if name == "grant_gone":
        return "" if _is_texts(value) else "a list of texts"
    optional = name in ("revoke_url", "device_url") and value is None
    return "" if optional or isinstance(value, str) else "a text"


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_texts_by_text(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items())


def _endpoint_problems(app: OAuthApp) -> Iterator[str]:
    for name in ("authorize_url", "token_url", "revoke_url", "device_url"):
        url = getattr(app, name)
        if url is None:
            continue
        if not url:
            yield f"`oauth.{name}` is missing."
        elif not _is_private(url):
            yield f"`oauth.{name}` must be an https address: tokens and codes travel there, and {shown(url)} is none."


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or _is_loopback(url))


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _redirect_problems(app: OAuthApp) -> Iterator[str]:
    if app.redirect is not Redirect.PASTE and not _is_loopback(app.redirect_uri):
        yield f"`oauth.redirect_uri` must be an http address of this machine, not {shown(app.redirect_uri)}."
    elif app.redirect is Redirect.FIXED and urlsplit(app.redirect_uri).port is None:
        yield "`oauth.redirect_uri` needs the port that the app is registered with."
    elif app.redirect is Redirect.LOOPBACK and urlsplit(app.redirect_uri).port is not None:
        yield "`oauth.redirect_uri` has a port, and a LOOPBACK redirect takes whichever is free: leave it out."


def _parameter_problems(app: OAuthApp) -> Iterator[str]:
    for name in sorted(_OF_THE_PROTOCOL & app.authorize_parameters.keys()):
        yield f"`oauth.authorize_parameters` has `{name}`, which the protocol fills in itself."


def _scope_problems(meta: ConnectorMeta, app: OAuthApp) -> Iterator[str]:
    operations = [*(each.name for each in meta.write_operations), *(each.name for each in meta.actions)]
    known = [*(capability.value for capability in meta.capabilities), *meta.entity_types, *operations]
    for name, scopes in app.scopes_for.items():
        if name not in known:
            yield f"`oauth.scopes_for` has {shown(name)}, no capability, entity or operation{suggestion(name, known)}."
        for scope in scopes:
            if scope not in meta.oauth_scopes:
                yield f"`oauth.scopes_for` asks for {shown(scope)}, which is not among `oauth_scopes`."
