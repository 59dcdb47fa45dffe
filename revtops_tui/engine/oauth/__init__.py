"""Signing in with OAuth 2 on this machine, with an app of the user's own, and keeping the tokens fresh.

`sign_in.begin` starts a sign-in by browser, `device.begin` one on another device; both are finished by whoever waits.
`renewal` keeps the tokens of a connection fresh, in one process at a time. `client` speaks to the vendor's endpoints.
"""
