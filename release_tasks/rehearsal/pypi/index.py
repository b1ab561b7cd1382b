"""The pages of the local PyPI: the simple index in JSON and HTML, and the older JSON API."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

from release_tasks import endpoints
from release_tasks.rehearsal.pypi.store import Store, Upload, version_of
from release_tasks.rehearsal.pypi.upstream import SIMPLE_JSON, ListedFile
from release_tasks.rehearsal.web import Request, Response

JSON = dict[str, Any]
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
HTML = "text/html"
# The content types of PEP 691 by the types that a client may ask for.
SERVED = {
    SIMPLE_JSON: SIMPLE_JSON,
    SIMPLE_HTML: SIMPLE_HTML,
    SIMPLE_JSON.replace("v1", "latest"): SIMPLE_JSON,
    SIMPLE_HTML.replace("v1", "latest"): SIMPLE_HTML,
    "text/html": HTML,
    "text/*": HTML,
    "*/*": HTML,
}
# The fields of an upload that the JSON API shows unchanged.
INFO = (
    "name",
    "summary",
    "description",
    "description_content_type",
    "license",
    "author",
    "author_email",
    "requires_python",
)


def answer_simple(request: Request, data: JSON) -> Response:
    """Answer with an index page in the form that the client prefers (PEP 691), else 406."""
    kind = _preferred(request.headers.get("accept", "*/*"))
    if kind is None:
        return Response.of_text("no such content type\n", 406)
    if kind == SIMPLE_JSON:
        answer = Response.of_json(data, kind=kind)
    else:
        headers = {"Content-Type": f"{kind}; charset=UTF-8"}
        answer = Response(200, _page(data).encode(), headers)
    answer.headers |= {"Vary": "Accept", "Cache-Control": "max-age=0"}
    return answer


def project_list(store: Store) -> JSON:
    """Return the list of the projects that were published here."""
    with store.lock:
        names = {upload.form.project for upload in store.uploads.values()}
    return {
        "meta": {"api-version": "1.1"},
        "projects": [{"name": name} for name in sorted(names)],
    }


def project_page(request: Request, name: str, files: list[ListedFile]) -> JSON:
    """Return a project's page of the simple index (PEP 691 and 700)."""
    versions = {version_of(file.filename) for file in files} - {""}
    return {
        "meta": {"api-version": "1.1", "_last-serial": len(files)},
        "name": name,
        "versions": sorted(versions),
        "files": [_entry(request, file) for file in files],
    }


def project_json(
    request: Request, store: Store, name: str, version: str = ""
) -> JSON | None:
    """Return the data of `/pypi/NAME/json`, or of `/pypi/NAME/VERSION/json`; None for nothing."""
    files = store.files(name)
    own = store.own(name)
    wanted = [upload for upload in own if version in ("", upload.version)]
    if files is None or not wanted:
        return store.real.about(name, version)
    releases: dict[str, list[JSON]] = {}
    if not version:
        real = store.real.about(name) or {}
        releases |= real.get("releases", {})
    yanked = {file.filename: file.yanked for file in files}
    for upload in own:
        entry = _file_json(request, upload, yanked.get(upload.listed.filename))
        before = releases.get(upload.version, [])
        releases[upload.version] = [*before, entry]
    newest = version or _newest(releases)
    data: JSON = {
        "info": _info(wanted[-1], newest),
        "urls": releases.get(newest, []),
    }
    if not version:
        data |= {"releases": releases, "last_serial": len(files)}
    return data


def address(request: Request, path: str) -> str:
    """Return the address of a file, on the host that this client can reach."""
    if request.public:
        return endpoints.PYPI_FILES + path
    return request.base + path


def _newest(releases: dict[str, list[JSON]]) -> str:
    from packaging.version import Version

    versions = [Version(number) for number, files in releases.items() if files]
    final = [version for version in versions if not version.is_prerelease]
    return str(max(final or versions))


def _info(upload: Upload, version: str) -> JSON:
    form = upload.form
    urls = {}
    for value in form.values.get("project_urls", []):
        label, separator, url = value.partition(", ")
        if separator:
            urls[label] = url
    return {
        **{key: form.get(key) for key in INFO},
        "version": version,
        "classifiers": form.values.get("classifiers", []),
        "license_expression": form.get("license_expression") or None,
        "requires_dist": form.values.get("requires_dist"),
        "project_urls": urls or None,
        "yanked": False,
    }


def _file_json(request: Request, upload: Upload, reason: str | None) -> JSON:
    """Return a file for the JSON API; `reason` is why it was yanked, None where it was not."""
    file = upload.listed
    return {
        "filename": file.filename,
        "url": address(request, file.path),
        "size": file.size,
        "digests": {"sha256": file.sha256, "blake2b_256": upload.blake2},
        "packagetype": upload.form.get("filetype"),
        "python_version": upload.form.get("pyversion") or "source",
        "requires_python": file.requires_python or None,
        "upload_time_iso_8601": _iso(file.uploaded),
        "yanked": reason is not None,
        "yanked_reason": reason or None,
    }


def _entry(request: Request, file: ListedFile) -> JSON:
    entry: JSON = {
        "filename": file.filename,
        "url": address(request, file.path),
        "hashes": {},
        "requires-python": file.requires_python or None,
        "yanked": False,
        "core-metadata": False,
        "data-dist-info-metadata": False,
    }
    if file.sha256:
        entry["hashes"] = {"sha256": file.sha256}
    if file.yanked is not None:
        entry["yanked"] = file.yanked or True
    if file.size is not None:
        entry["size"] = file.size
    if file.uploaded is not None:
        entry["upload-time"] = _iso(file.uploaded)
    if file.metadata:
        digest = {"sha256": file.metadata}
        entry |= {"core-metadata": digest, "data-dist-info-metadata": digest}
    return entry


def _page(data: JSON) -> str:
    """Return an index page as HTML (PEP 503)."""
    name = data.get("name")
    if name:
        rows = [_file_link(file) for file in data["files"]]
    else:
        rows = [_project_link(project["name"]) for project in data["projects"]]
    return (
        '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">'
        f"<title>{name or 'Simple index'}</title></head><body>\n"
        + "<br/>\n".join(rows)
        + "\n</body></html>\n"
    )


def _project_link(name: str) -> str:
    return f'<a href="/simple/{name}/">{name}</a>'


def _file_link(file: JSON) -> str:
    url = file["url"]
    if file["hashes"]:
        url += f"#sha256={file['hashes']['sha256']}"
    attributes = {"href": url}
    if file["requires-python"] is not None:
        attributes["data-requires-python"] = file["requires-python"]
    if file["core-metadata"]:
        digest = f"sha256={file['core-metadata']['sha256']}"
        attributes |= {
            "data-core-metadata": digest,
            "data-dist-info-metadata": digest,
        }
    if file["yanked"] is True:
        attributes["data-yanked"] = ""
    elif file["yanked"]:
        attributes["data-yanked"] = file["yanked"]
    text = " ".join(
        f'{key}="{html.escape(value)}"' for key, value in attributes.items()
    )
    return f"<a {text}>{file['filename']}</a>"


def _preferred(accept: str) -> str | None:
    """Return the content type that an Accept header prefers, None where none is served."""
    best, weight = None, 0.0
    for choice in accept.split(","):
        kind, *parameters = [part.strip() for part in choice.split(";")]
        served = SERVED.get(kind.lower())
        quality = _quality(parameters)
        if served and quality > weight:
            best = served
            weight = quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            return float(parameter[2:])
    return 1.0


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
