"""What a secret looks like, by name and by value, and a text without any."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

MASK = "***"
# characters; hiding shorter values would garble ordinary text
SHORTEST_SECRET = 8

SECRET_NAME = re.compile(
    r"TOKEN(?!IZ)|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|AUTHORIZATION|COOKIE|WEBHOOK"
    r"|CONNECTION_STRING|SSHPASS|(API|PRIVATE|ACCESS|SIGNING|DEPLOY)_?KEY"
    r"|(^|_)(PASS|PAT|JWT|DSN|SAS|OTP|TOTP|CREDS?)($|_)"
    r"|(^|_)(?<!PUBLIC_)KEY$|_PWD$|_AUTH$|AUTH_CONFIG|AUTH_IDENT$|^BUNDLE_\w+__\w+$",
    re.IGNORECASE,
)
# the name of the program that keeps secrets (the Cargo book, "Credential Providers")
NO_SECRET_NAME = re.compile(
    r"CARGO_\w*CREDENTIAL_PROVIDERS?|CARGO_CREDENTIAL_ALIAS_\w+"
)
# Values that say themselves that they are secret, by the prefixes that the services document.
SECRET_VALUE = re.compile(
    r"\b(gh[opsur]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|pypi-AgE[\w-]{16,}"
    r"|cio[A-Za-z0-9]{32,}|npm_[A-Za-z0-9]{36,}|dckr_[op]at_[\w-]{20,}|xox[abeprs]-[\w-]{10,}"
    r"|(AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{30,}|sk-[\w-]{20,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?i:authorization: *(basic|bearer|token) +\S+)"
)
# user:password, which may have an @
LOGIN_IN_URL = re.compile(r"(?<=://)[^/\s:@'\"]*:[^/\s'\"]+(?=@)")
# a token as the user
USER_IN_URL = re.compile(r"(?<=http://|ttps://)[^/\s:@'\"]{8,}(?=@)")
TOKEN_IN_URL = re.compile(
    r"(?<=[?&])((?:[\w-]*token|sig|signature|x-amz-signature|x-amz-security-token|password"
    r"|secret|client_secret|api_?key|private_key)=)[^&\s'\"#]+",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable is secret by its name."""
    if SECRET_NAME.search(name) is None:
        return False
    return NO_SECRET_NAME.fullmatch(name) is None


@lru_cache(maxsize=4096)
def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable is secret by its name, or by what its value looks like."""
    return is_secret_name(name) or SECRET_VALUE.search(value) is not None


def hidden(text: str) -> str:
    """Return a text without the secrets of our own environment, and as `hide` does."""
    return hide(text, secrets(os.environ))


def hider() -> Callable[[str], str]:
    """Return what does as `hidden` for many texts, with the environment that is set now."""
    values = secrets(os.environ)
    return lambda text: hide(text, values)


def has_login(url: str) -> bool:
    """Tell whether an address has a password, or a token in place of a user."""
    return bool(LOGIN_IN_URL.search(url) or USER_IN_URL.search(url))


def secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of secret variables, and the passwords in the addresses of others."""
    found: set[str] = set()
    for name, value in environment.items():
        if is_secret(name, value) and not _is_path(value):
            found.add(value)
            # output comes line by line
            found.update(line.strip() for line in value.splitlines())
        elif "@" in value:
            found.update(
                login.split(":", 1)[1] for login in LOGIN_IN_URL.findall(value)
            )
    return tuple(sorted(filter(_is_long_enough, found), key=len, reverse=True))


def hide(text: str, values: tuple[str, ...]) -> str:
    """Replace secret values in `text`, in each form in which programs print them.

    What looks like a token is replaced, too, and so are logins and tokens in addresses.
    """
    for form in _forms(values):
        if form in text:
            text = text.replace(form, MASK)
    text = SECRET_VALUE.sub(MASK, text)
    if "://" not in text:
        return text
    text = TOKEN_IN_URL.sub(rf"\g<1>{MASK}", text)
    return USER_IN_URL.sub(MASK, LOGIN_IN_URL.sub(MASK, text))


@lru_cache(maxsize=8)
def _forms(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the secrets in every form, the longest first: one can be the start of another."""
    found: set[str] = set()
    for value in values:
        found.update(_forms_of(value))
    return tuple(sorted(filter(_is_long_enough, found), key=len, reverse=True))


def _forms_of(value: str) -> Iterator[str]:
    import base64  # `inv --list` needs none of them
    import json
    from urllib.parse import quote, quote_plus

    data = value.encode(errors="surrogateescape")
    yield value
    yield quote(data, safe="")
    yield quote(data)
    yield quote_plus(data)
    yield json.dumps(value)[1:-1]
    for shown in (repr(value)[1:-1], repr(data)[2:-1]):
        yield shown
        # the text around it decides whether quotes are escaped
        plain = shown.replace("\\'", "'")
        yield plain
        yield plain.replace("'", "\\'")
    yield data.hex()
    yield data.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            yield _inner(
                encode(b"\0" * before + data).decode(), before, len(data)
            )


def _inner(encoded: str, before: int, size: int) -> str:
    """Return the letters of a base64 text that depend on `size` bytes behind `before` others."""
    first = -(-before * 8 // 6)
    return encoded[first : (before + size) * 8 // 6]


@lru_cache(maxsize=256)
def _is_path(value: str) -> bool:
    """Tell whether a value is the path of a file, which is no secret."""
    return os.path.exists(value)


def _is_long_enough(secret: str) -> bool:
    return len(secret) >= SHORTEST_SECRET
