"""What connectors declare about signing in: the mistakes that are found, and what becomes of it in the manifest."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import BaseConnector
from connectors.discovery import discover
from connectors.oauth import ClientSecret, OAuthApp, Redirect
from connectors.registry import AuthType, Capability, ConnectorMeta
from connectors.validation import problems

GOOD: dict[str, Any] = {"authorize_url": "https://acme.example/authorize", "token_url": "https://acme.example/token"}
SIGNED_IN_TO = ["asana", "google_drive", "hubspot", "linear", "pipedrive", "slack"]


def found(auth_type: AuthType = AuthType.OAUTH2, **declared: Any) -> list[str]:
    """The mistakes in a connector with this sign-in."""

    class Acme(BaseConnector):
        meta = ConnectorMeta(
            name="Acme",
            slug="acme",
            auth_type=auth_type,
            capabilities=[Capability.QUERY],
            oauth_scopes=["read"],
            oauth=OAuthApp(**{**GOOD, **declared}),
        )

        async def query(self, request: str) -> Any: ...

    return problems(Acme)


def test_a_good_one_has_no_mistakes() -> None:
    assert found(scopes_for={"query": ["read"]}, device_url="https://acme.example/device") == []
    assert found(authorize_url="http://127.0.0.1:8000/authorize") == []
    assert found(redirect=Redirect.FIXED, redirect_uri="http://localhost:1234/callback") == []
    assert found(redirect=Redirect.PASTE, redirect_uri="https://acme.example/callback") == []


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"token_url": ""}, "`oauth.token_url` is missing"),
        ({"token_url": "http://acme.example/token"}, "must be an https address"),
        ({"revoke_url": "acme.example"}, "must be an https address"),
        ({"device_url": 7}, "`oauth.device_url` must be a text"),
        ({"pkce": "S256"}, "`oauth.pkce` must be True or False"),
        ({"client_secret": "maybe"}, "`oauth.client_secret` must be one of required, optional, none"),
        ({"grant_gone": "gone"}, "`oauth.grant_gone` must be a list of texts"),
        ({"kept": ["a"]}, "`oauth.kept` must be a dict of texts"),
        ({"scopes_for": {"query": "read"}}, "`oauth.scopes_for` must be a dict of lists"),
        ({"scopes_for": {"querry": ["read"]}}, "no capability, entity or operation"),
        ({"scopes_for": {"query": ["write"]}}, "not among `oauth_scopes`"),
        ({"redirect_uri": "https://acme.example/callback"}, "must be an http address of this machine"),
        ({"redirect": Redirect.FIXED}, "needs the port"),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, "leave it out"),
        ({"authorize_parameters": {"state": "x"}}, "which the protocol fills in itself"),
        ({"auth_type": AuthType.CUSTOM}, "an auth_type of CUSTOM uses none"),
    ],
)
def test_mistakes_are_named(declared: dict[str, Any], words: str) -> None:
    assert words in " ".join(found(**declared))


def test_what_is_no_declaration_is_said() -> None:
    class Acme(BaseConnector):
        meta = ConnectorMeta(name="Acme", slug="acme", capabilities=[Capability.QUERY], oauth="https://acme.example")  # type: ignore[arg-type]

        async def query(self, request: str) -> Any: ...

    assert "`oauth` must be an OAuthApp or None" in " ".join(problems(Acme))


@pytest.mark.parametrize("slug", SIGNED_IN_TO)
def test_the_six_say_how(slug: str) -> None:
    described = discover()[slug].manifest
    app = described["oauth"]
    assert app["guide"].count("\n") >= 2
    assert app["redirect_uri"] in app["guide"] + app["app_manifest"] or app["redirect"] == "loopback"
    assert set(app["scopes_for"]) >= {"query"} or "sync" in app["scopes_for"]
    assert ClientSecret(app["client_secret"]) in (ClientSecret.REQUIRED, ClientSecret.OPTIONAL)


def test_the_others_have_none() -> None:
    signed_in_to = [slug for slug, info in discover().items() if info.manifest["oauth"]]
    assert signed_in_to == sorted(signed_in_to)
    assert signed_in_to == SIGNED_IN_TO
