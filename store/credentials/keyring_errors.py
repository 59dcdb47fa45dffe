"""Every way an OS keyring fails, as a sentence for a person.

The `keyring` package lets most failures of the systems below it through as they are (jeepney's, secretstorage's,
pywintypes', plain OSErrors). They are told apart by class name, as the classes of another platform cannot be imported.
"""

from dataclasses import dataclass

from store.credentials import PASSPHRASE_VARIABLE, CredentialsError

_USE_FILE = f"set {PASSPHRASE_VARIABLE} to keep credentials in an encrypted file instead"
_WINDOWS_TOO_LONG = 1783  # RPC_X_BAD_STUB_DATA: what CredWrite answers to a value over 2,560 bytes
_WINDOWS_NO_SESSION = 1312  # ERROR_NO_SUCH_LOGON_SESSION: a network logon has no credential set


@dataclass(frozen=True)
class _Failure:
    kind: str
    message: str  # {label}: the keyring, {seconds}: the time-out
    hint: str

    def error(self, label: str, seconds: float) -> CredentialsError:
        return CredentialsError(self.kind, self.message.format(label=label, seconds=f"{seconds:g}"), self.hint)


_MISSING = _Failure(
    "keyring_missing",
    "There is no OS keyring to use: {label} is not running here or has no collection to store in.",
    f"Install and unlock a Secret Service such as GNOME Keyring, KWallet or KeePassXC, or {_USE_FILE}.",
)
_LOCKED = _Failure(
    "keyring_locked",
    "The OS keyring ({label}) is locked, or its unlock dialog was dismissed.",
    f"Unlock it (a desktop does so at login) and try again, or {_USE_FILE}.",
)
_TIMEOUT = _Failure(
    "keyring_timeout",
    "The OS keyring ({label}) did not answer within {seconds} s; whether a change arrived is not known.",
    "Look for an open password dialog, or restart the keyring's service, and try again.",
)
_DENIED = _Failure(
    "keyring_denied",
    "The OS keyring ({label}) refused access to the credentials.",
    f"Allow revtops when the system asks, or {_USE_FILE}.",
)
_TOO_BIG = _Failure(
    "too_big",
    "The credentials are larger than the OS keyring ({label}) accepts for one item; nothing was stored.",
    f"Store only the fields that the connector asks for, or {_USE_FILE}.",
)

_BY_CLASS = {
    "TimeoutError": _TIMEOUT,
    "SizeLimitError": _TOO_BIG,
    "KeyringLocked": _LOCKED,
    "LockedException": _LOCKED,
    "PromptDismissedException": _DENIED,
    "PasswordSetError": _DENIED,
    "PasswordDeleteError": _DENIED,
    "PermissionError": _DENIED,
    "NoKeyringError": _MISSING,
    "InitError": _MISSING,  # a default collection could not be made, or the service went away
    "SecretServiceNotAvailableException": _MISSING,
    "ConnectionError": _MISSING,
    "FileNotFoundError": _MISSING,  # the bus address names a socket that is gone
    "EOFError": _MISSING,
    "ImportError": _MISSING,
    "NameError": _MISSING,  # how keyring's modules fail when the binding they tried to import is not installed
}
_BY_CODE = {_WINDOWS_TOO_LONG: _TOO_BIG, _WINDOWS_NO_SESSION: _MISSING}


def explain(error: BaseException, label: str, seconds: float) -> CredentialsError:
    """The sentence for an exception that the keyring named `label` raised within a time-out of `seconds`."""
    code = error.args[0] if error.args else None
    if isinstance(code, int) and code in _BY_CODE:
        return _BY_CODE[code].error(label, seconds)
    for cls in type(error).__mro__:
        if cls.__name__ in _BY_CLASS:
            return _BY_CLASS[cls.__name__].error(label, seconds)
    # Not the error's own text: nobody has checked what an unknown error quotes.
    return CredentialsError(
        "keyring_failed",
        f"The OS keyring ({label}) failed in an unexpected way ({type(error).__name__}).",
        f"Run `revtops doctor`, or {_USE_FILE}.",
    )
