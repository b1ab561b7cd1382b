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
    r"|(^|_)(PASS|PAT|JWT|DSN|SAS|OTP|TOTP|CREDS?)($|_)|(^|_)PW$"
    r"|(^|_)(?<!PUBLIC_)KEY$|_PWD$|_AUTH$|AUTH_CONFIG|AUTH_IDENT$|^BUNDLE_\w+__\w+$",
    re.IGNORECASE,
)
# the name of the program that keeps secrets (the Cargo book, "Credential Providers")
NO_SECRET_NAME = re.compile(
    r"CARGO_\w*CREDENTIAL_PROVIDERS?|CARGO_CREDENTIAL_ALIAS_\w+"
)
# Values that say themselves that they are secret, by the prefixes that the services document.
SECRET_VALUE = re.compile(
    r"\b(gh[opsur]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|pypi-AgE[\w-]{16,}"
    r"|gl(pat|dt|rt|rtr|cbt|ptt|ft|soat|imt|agent|oas|wt)-[\w.-]{20,}"
    r"|cio[A-Za-z0-9]{32,}|npm_[A-Za-z0-9]{36,}|dckr_[op]at_[\w-]{20,}|xox[abeprs]-[\w-]{10,}"
    r"|(AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{30,}|sk-[\w-]{20,}"
    r"|xapp-\d-[\w-]{10,}|ya29\.[\w-]{20,}|hvs\.[\w-]{24,}|do[opr]_v1_[a-f0-9]{64}"
    r"|rubygems_[a-f0-9]{48}|oy2[a-z0-9]{43}|AGE-SECRET-KEY-1[A-Z0-9]{58}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAccountKey=[\w+/]{86}"
    r"|(?<=://hooks\.slack\.com/services/)[\w/]{20,}"
    r"|(?<=/api/webhooks/)\d+/[\w-]{20,}"
    r"|(?i:authorization: *(basic|bearer|token) +\S+)"
)
# A file as a text, such as one with a key.
FILE_NAME = re.compile(
    r"_(BASE64|B64)$|(^|_)(P12|PFX|PEM|KEYSTORE|KEYCHAIN|KUBE_CONFIG)$",
    re.IGNORECASE,
)
# a line of such a file
LOGIN_IN_FILE = re.compile(
    r"(^|[{,])[ \t\"'-]*[\w.-]*(passw(or)?d|secret|token|private_?key|access_?key)[\"']?"
    r"[ \t]*[:=][ \t]*[\"']?\S",
    re.IGNORECASE | re.MULTILINE,
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


def is_secret_file(name: str, value: str) -> bool:
    """Tell whether a variable is a file with a secret, by its name, or by a line of its value.

    The path of a file is none.
    """
    if FILE_NAME.search(name):
        return bool(value) and not _is_path(value)
    is_file = "\n" in value or value.startswith("{")
    return is_file and LOGIN_IN_FILE.search(value) is not None


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
        elif is_secret_file(name, value):
            found.add(value)
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
    for address in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield address
        yield re.sub("%..", lambda match: match[0].lower(), address)
        yield quote(address, safe="")  # in the parameter of another one
    for letters in (True, False):
        text = json.dumps(value, ensure_ascii=letters)[1:-1]
        yield text
        yield text.replace("/", "\\/")  # as PHP writes it
        yield json.dumps(text, ensure_ascii=letters)[1:-1]
        yield _as_go_writes(text)
    yield from _in_markup(value)
    yield from _in_shells(value)
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


def _as_go_writes(text: str) -> str:
    """Return a text of JSON with the letters that Go's `encoding/json` escapes."""
    for letter in "&<>":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _in_markup(value: str) -> Iterator[str]:
    """Yield a value as HTML and XML have it; quotes have several names there."""
    plain = (
        value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
    yield plain
    for double in ('"', "&quot;", "&#34;"):
        for single in ("'", "&#x27;", "&#39;", "&apos;"):
            yield plain.replace('"', double).replace("'", single)


def _in_shells(value: str) -> Iterator[str]:
    """Yield a value as shells, Rust, Go and git quote it."""
    yield value.replace("'", "'\"'\"'")
    yield value.replace("'", "'\\''")
    yield value.replace("'", "''")  # YAML, PowerShell
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    yield escaped
    yield escaped.replace("'", "\\'")
    yield escaped.replace("$", "\\$").replace("`", "\\`")
    octal = "".join(
        chr(byte) if byte < 128 else f"\\{byte:03o}"
        for byte in value.encode(errors="surrogateescape")
    )
    yield octal
    yield octal.replace('"', '\\"')
    yield octal.replace("'", "\\'")


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
