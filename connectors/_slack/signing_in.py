"""How an app of the user's own signs in at Slack (page "Installing with OAuth")."""

from connectors._slack.declared import SCOPES
from connectors.oauth import ClientAuth, OAuthApp, Redirect

_REDIRECT_URI = "https://localhost:47316/callback"
"""Slack lets no http address in where bot scopes are asked for (changelog of 2026-03-30, "PKCE")."""
_BOT_SCOPES = "\n".join(f"      - {scope}" for scope in SCOPES)

OAUTH = OAuthApp(
    authorize_url="https://slack.com/oauth/v2/authorize",
    token_url="https://slack.com/api/oauth.v2.access",  # noqa: S106 - an address
    pkce=False,  # it would make the app a public client for good, which gets no bot scopes
    client_auth=ClientAuth.BASIC,
    scope_separator=",",
    authorize_parameters={"user_scope": "search:read"},
    redirect=Redirect.PASTE,
    redirect_uri=_REDIRECT_URI,
    kept={"authed_user.access_token": "user_token"},
    grant_gone=("invalid_refresh_token", "token_revoked", "token_expired", "account_inactive"),
    scopes_for={
        "sync": ["channels:read", "channels:history", "groups:read", "groups:history", "users:read"],
        "send_message": ["chat:write", "im:write"],
        "add_reaction": ["reactions:write"],
        "upload_file": ["files:write"],
    },
    guide="""At api.slack.com/apps: Create New App > From a manifest; choose the workspace and paste the manifest.
Under Basic Information copy the client id and the client secret; the signing secret too, for events.
Sign in and allow it. The browser then ends on a page that does not load: copy its address, and paste it here.""",
    app_manifest=f"""display_information:
  name: Revtops
features:
  bot_user:
    display_name: revtops
    always_online: false
oauth_config:
  redirect_urls:
    - {_REDIRECT_URI}
  scopes:
    bot:
{_BOT_SCOPES}
    user:
      - search:read
settings:
  event_subscriptions:
    bot_events:
      - message.channels
      - message.groups
  socket_mode_enabled: true
  org_deploy_enabled: false
  token_rotation_enabled: false
""",
)
