"""Models from the hub, over HTTP. The only module that opens a socket.

One try, no retries: where there is no hub it must be found out in seconds,
because another source is waiting. What was already brought is taken up with
a Range request, and checked at the end like everything else.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragtool.models.aside import BLOCK, Aside, Unavailable
from ragtool.models.catalogue import Model, ModelFile
from ragtool.models.progress import Meter

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import Request

HUB = "https://huggingface.co"

# Name look-up, connection and redirect together; each alone can hang for longer.
_ANSWER_SECONDS = 6.0
_READ_SECONDS = 30.0


def fetch(model: Model, root: Path, *, base: str, meter: Meter) -> None:
    """Brings the model's files that `root` lacks from the hub at `base`.

    Raises Unavailable when the hub can't be reached, breaks off, or has
    another file; ModelError when the disk won't take it.
    """
    behind = 0
    for entry in model.files:
        target = model.file(root, entry)
        if not target.exists():
            with Aside(target, entry) as aside:
                _stream(_url(model, entry, base), aside, entry, behind=behind, meter=meter)
                aside.finish()
        behind += entry.bytes
        meter.reach(behind)


def reachable(url: str) -> bool:
    """Whether a GET of `url` is answered without an error within a few seconds."""
    try:
        _open(url, {}).close()
    except Unavailable:
        return False
    return True


def _url(model: Model, entry: ModelFile, base: str) -> str:
    from urllib.parse import quote

    pieces = (model.repository, "resolve", model.revision, entry.path)
    return "/".join((base.rstrip("/"), *(quote(piece) for piece in pieces)))


def _stream(url: str, aside: Aside, entry: ModelFile, *, behind: int, meter: Meter) -> None:
    kept = aside.kept
    if kept == entry.bytes:
        aside.begin(kept)
        return
    with _open(url, {"Range": f"bytes={kept}-"} if kept else {}) as response:
        start = kept if kept and _goes_on(response, kept) else 0
        _check_length(response, entry.bytes - start)
        aside.begin(start)
        while block := _read(response):
            aside.write(block)
            meter.reach(behind + aside.size)
    if aside.size < entry.bytes and response.headers.get("Content-Length"):
        raise Unavailable(f"the connection broke off after {aside.size:,} bytes")


def _goes_on(response: HTTPResponse, kept: int) -> bool:
    """Whether the server took the Range to heart; many answer with the whole file."""
    begins = f"bytes {kept}-"
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(begins)


def _check_length(response: HTTPResponse, expected: int) -> None:
    """The log-in page of a public network must not become the beginning of a model."""
    announced = response.headers.get("Content-Length")
    if announced is not None and announced != str(expected):
        raise Unavailable(f"another file is there, of {announced} bytes")


def _read(response: HTTPResponse) -> bytes:
    from http.client import HTTPException

    try:
        return response.read(BLOCK)
    except (OSError, HTTPException) as error:
        raise Unavailable(f"the connection broke off ({_reason(error)})") from error


def _open(url: str, headers: dict[str, str]) -> HTTPResponse:
    from urllib.request import Request

    if not url.startswith(("https://", "http://")):
        raise Unavailable(f"{url} is not an address of the web")
    answers: queue.Queue[Any] = queue.Queue()
    request = Request(url, headers={"User-Agent": "ragtool", **headers})
    # A thread, because a name look-up without a network obeys no time-out.
    threading.Thread(target=_ask, args=(request, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=_ANSWER_SECONDS)
    except queue.Empty:
        raise Unavailable(f"no answer within {_ANSWER_SECONDS:.0f} seconds") from None
    if isinstance(answer, BaseException):
        raise Unavailable(_reason(answer)) from answer
    response: HTTPResponse = answer
    return response


def _ask(request: Request, answers: queue.Queue[Any]) -> None:
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        answers.put(urlopen(request, timeout=_READ_SECONDS))
    except (OSError, HTTPException, ValueError) as error:
        answers.put(error)


def _reason(error: BaseException) -> str:
    from urllib.error import HTTPError, URLError

    if isinstance(error, HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, URLError) and isinstance(error.reason, OSError):
        error = error.reason
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())
