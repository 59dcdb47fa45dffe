"""Writes credentials into the encrypted file of a data directory, saying after each write that it is done.

Usage: vault_writer.py HOME NAME COUNT; the passphrase comes in REVTOPS_KEYRING_PASSPHRASE.
"""

import sys
from pathlib import Path

from store.credentials import open_credentials

if __name__ == "__main__":
    home, name, count = sys.argv[1:]
    store = open_credentials(Path(home))
    for number in range(int(count)):
        store.set(f"{name}/{number}", {"token": f"{name} {number}", "padding": "x" * 2000})
        print(number, flush=True)
