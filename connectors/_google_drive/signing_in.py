"""How an app of the user's own signs in at Google (page "OAuth 2.0 for mobile and desktop apps")."""

from connectors.oauth import OAuthApp

_DRIVE = ["https://www.googleapis.com/auth/drive"]

OAUTH = OAuthApp(
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    revoke_url="https://oauth2.googleapis.com/revoke",
    # Without these two there is no refresh token, or one at the very first sign-in only.
    authorize_parameters={"access_type": "offline", "prompt": "consent"},
    issuer="https://accounts.google.com",
    scopes_for={"sync": _DRIVE, "query": _DRIVE, "write": _DRIVE},
    guide="""At console.cloud.google.com: make a project, and enable the Google Drive API for it.
Under Google Auth Platform > Branding fill in the consent screen.
Under Audience choose internal; or external, with yourself as test user.
Under Data access add the scope listed here.
Under Clients create one of the type Desktop app, and copy its client id and client secret.
An app in testing has to be signed in again every seven days; publish it, or make it internal, to be spared that.""",
)
