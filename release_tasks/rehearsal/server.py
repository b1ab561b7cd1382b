"""Serve local registries on loopback, and under their public names through a TLS-ending proxy."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal import bodies, peers, screening
from release_tasks.rehearsal.faults import Faults, Lost
from release_tasks.rehearsal.tokens import Tokens
from release_tasks.rehearsal.visitors import Visitors
from release_tasks.rehearsal.web import App, Entry, Log, Request, Response

if TYPE_CHECKING:
    from trustme import CA

HTTPS = "443"
LARGE = bodies.LARGEST  # bytes; more is refused before it is read
TLS_HANDSHAKE = b"\x16"  # the first byte of a client that begins with TLS


class Servers:
    """A server for each local registry, and the proxy in front of all of them."""

    def __init__(
        self,
        apps: Iterable[App],
        folder: Path,
        others: App | None = None,
        loopback: Mapping[int, App] | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Prepare the servers.

        `others` answers for every host that no app has; without it, such a host is refused.
        `loopback` are apps that also listen on a port of their own. With `tokens`, only this user
        and root are answered, and who sends one of the tokens. Raises `ReleaseError` where
        such a port is in use.
        """
        import trustme

        self.log = Log()
        self.faults = Faults()
        self.ca_file = folder / "ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.urls: dict[str, str] = {}
        proxy = _Server(self.log, self.faults, authority)
        proxy.others = others
        self._servers = [proxy]
        for port, app in (loopback or {}).items():
            self._servers.append(
                _listening(self.log, self.faults, authority, app, port)
            )
        for app in apps:
            server = _Server(self.log, self.faults, authority, app)
            self._servers.append(server)
            self.urls[app.name] = server.url
            for host in app.hosts:
                proxy.routes[host] = app
        self.proxy = proxy.url
        for server in self._servers:
            server.tokens = tokens

    def __enter__(self) -> Servers:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _listening(
    log: Log, faults: Faults, authority: CA, app: App, port: int
) -> _Server:
    try:
        return _Server(log, faults, authority, app, port)
    except OSError as error:
        raise ReleaseError(
            f"the rehearsal needs port {port} of this machine for the project's own registry, "
            f"and cannot have it: {error.strerror}",
            f"stop what listens on port {port} while you rehearse",
        ) from error


class _Server(ThreadingHTTPServer):
    """The server of one registry, or the proxy, which has `routes` instead of an `app`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        log: Log,
        faults: Faults,
        authority: CA,
        app: App | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.log = log
        self.faults = faults
        self.authority = authority
        self.app = app
        self.routes: dict[str, App] = {}
        self.others: App | None = None
        self.tokens: Tokens | None = None
        self.visitors = Visitors()
        self.context_for = cache(self._context_for)

    def start(self) -> None:
        poll_interval = 0.05  # seconds
        target, args = self.serve_forever, (poll_interval,)
        threading.Thread(target=target, args=args, daemon=True).start()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Accept every connection of this user, and a few of others."""
        if self.tokens is None or not peers.are_known():
            return True
        if peers.is_ours(client_address, cast(Any, self.server_address)):
            return True
        return self.visitors.enter(client_address, request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.visitors.leave(client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def _context_for(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(
            host, "localhost", "127.0.0.1"
        ).configure_cert(context)
        # cargo would like h2, and accepts this
        context.set_alpn_protocols(["http/1.1"])
        return context

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without both, each answer waits for the client's delayed ACK: 43 ms (Nagle).
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version, sys_version = "rehearsal", ""
    app: App | None = None
    public_host = ""

    def setup(self) -> None:
        """Accept TLS from a client that begins with it: gh uses nothing else for a GH_HOST."""
        super().setup()
        if self.connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            self._secure("localhost")

    def do_CONNECT(self) -> None:
        """Continue as the TLS server of the wanted host, or refuse what is not routed."""
        if not self._is_admitted(is_proxy=True):
            self._ask_for_token(407, "Proxy-Authenticate")
            return
        host, _, port = self.path.rpartition(":")
        app = self._server.routes.get(host)
        public_host = host
        if app is None:
            app = self._server.others
            if port != HTTPS:
                public_host = self.path
        if app is None:
            self._refuse(host)
            return
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        self._secure(host)
        self.app = app
        self.public_host = public_host
        self.close_connection = False

    def _is_admitted(self, is_proxy: bool) -> bool:
        """Tell whether this client may ask anything: this user, root, or who has a token.

        Where the system does not tell users, the proxy wants a token, and what is public can be
        read at the registries' own addresses.
        """
        tokens = self._server.tokens
        if tokens is None or self._is_of_this_user:
            return True
        if not is_proxy and not peers.are_known():
            return True
        has_token = tokens.are_in(
            {key.lower(): value for key, value in self.headers.items()}
        )
        if has_token:
            self._server.visitors.has_token(self.client_address)
        return has_token

    @property
    def _is_of_this_user(self) -> bool:
        is_visitor = self.client_address in self._server.visitors
        return peers.are_known() and not is_visitor

    def _ask_for_token(self, status: int, header: str) -> None:
        answer = Response.of_text(
            "this rehearsal belongs to another user\n", status
        )
        answer.headers[header] = 'Basic realm="rehearsal"'
        self._refuse_with(answer)

    def _refuse_with(self, answer: Response) -> None:
        """Answer, and close the connection: where its next request begins is not known."""
        self.close_connection = True
        answer.headers["Connection"] = "close"
        self._send(answer)

    def _refuse(self, host: str) -> None:
        entry = Entry(
            "proxy", "CONNECT", host, self.path, status=0, agent="", sent=0
        )
        self._server.log.add(entry)
        self._send(
            Response(403, f"{host} is not part of the rehearsal\n".encode())
        )
        self.close_connection = True

    def finish(self) -> None:
        """Close the connection whatever happened; socketserver does not know the TLS one."""
        for close in (
            self.wfile.close,
            self.rfile.close,
            lambda: self.connection.shutdown(socket.SHUT_RDWR),
            self.connection.close,
        ):
            with contextlib.suppress(OSError, ValueError):
                close()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; the log has every request."""

    @property
    def _server(self) -> _Server:
        return cast(_Server, self.server)

    def _secure(self, host: str) -> None:
        context = self._server.context_for(host)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", -1)

    def _serve(self) -> None:
        app = self.app or self._server.app
        if app is None:
            self._lead_to_https()
            return
        if self.app is None and not self._is_admitted(is_proxy=False):
            self._ask_for_token(401, "WWW-Authenticate")
            return
        reason = screening.reason_against(self.headers, self.app is None)
        if reason is not None:
            self._refuse_with(reason)
            return
        request = self._request()
        try:
            answer = self._server.faults.answer(app, request)
            if answer.status >= 400 and request.length > LARGE:
                self._log(app, request, answer.status)
                self._send_early(answer, request)
                return
            # an unread rest would be taken for the next request
            for _ in request.chunks():
                pass
        except (Lost, ConnectionError):
            self.close_connection = True
            self._log(app, request, 0)
            return
        except bodies.Malformed as error:
            self._log(app, request, 400)
            self._refuse_with(Response.of_text(f"{error}\n", 400))
            return
        except bodies.TooLarge as error:
            self._log(app, request, 413)
            self._send_early(Response.of_text(f"{error}\n", 413), request)
            return
        except Exception as error:
            answer = Response(
                500, f"the local registry failed: {error!r}\n".encode()
            )
            self.close_connection = True
        self._log(app, request, answer.status)
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = (
        _serve
    )

    def _lead_to_https(self) -> None:
        """Answer a plain http:// request to the proxy, as the public services do."""
        scheme, _, rest = self.path.partition("://")
        host = rest.partition("/")[0]
        answer = Response(403, b"only CONNECT to a routed host\n")
        if scheme == "http" and host in self._server.routes:
            answer = Response(301, headers={"Location": f"https://{rest}"})
        self.close_connection = True  # a body that was sent is not read
        self._send(answer)

    def _request(self) -> Request:
        headers = {key.lower(): value for key, value in self.headers.items()}
        scheme = "https"
        if self.connection is self.request:
            scheme = "http"
        host = self.public_host or headers.get("host", "")
        return Request(
            method=self.command,
            target=self.path,
            headers=headers,
            base=f"{scheme}://{host}",
            public=bool(self.public_host),
            stream=cast(Any, self.rfile),
        )

    def _send_early(self, answer: Response, request: Request) -> None:
        """Refuse a large body before it has arrived, and read it until the client hangs up.

        A connection that is closed with an unread rest is reset, and the answer lost.
        """
        self.close_connection = True
        answer.headers["Connection"] = "close"
        self._send(answer)
        with contextlib.suppress(OSError):
            for _ in request.chunks():
                pass

    def _log(self, app: App, request: Request, status: int) -> None:
        entry = Entry(
            app=app.name,
            method=request.method,
            host=request.host,
            target=request.target,
            status=status,
            agent=request.header("user-agent"),
            sent=request.length,
        )
        self._server.log.add(entry)

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status, answer.reason or None)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status != 204:
            self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer.body)
        self.wfile.flush()

    def _send_body(self, body: bytes | Path) -> None:
        if isinstance(body, Path):
            with body.open("rb") as file:
                shutil.copyfileobj(file, self.wfile)
        else:
            self.wfile.write(body)
