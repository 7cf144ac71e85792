"""Whether a container's memory stays flat: ``python -m bench.load_memory FUNCTION INVOCATIONS`` runs its handler so often.

Every invocation is somebody else's: a new person, click, fbclid, update or payment, some of them strangers, unknown funnels and
bots, and bodies that are no JSON, so that whatever a container remembers of what comes from outside shows. The backends keep
nothing.
"""

from __future__ import annotations

import base64
import gc
import hmac
import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.load_backends import BOT, PAYMENT_PREFIX, PIX_SECRET, PROVIDER, SECRETS, WEBHOOK_SECRET, install
from rastro.model import Campaign, Slug
from rastro.tracking import token
from rastro.tracking.signing import SigningKeys

FUNCTIONS: Mapping[str, str] = {
    "redirect": "RedirectFunction",
    "telegram_webhook": "TelegramWebhookFunction",
    "payment_webhook": "PaymentWebhookFunction",
}
SETTLED_AFTER = 10
"""The first reading is taken after a tenth of the invocations: by then everything is imported and every cache has its share."""
ROOT = Path(__file__).parent.parent
PRESS_EVERY = 50
_AT_MS = 1_795_521_600_000
_PAGE_BYTES = resource.getpagesize()
_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"


@dataclass(frozen=True, slots=True)
class Growth:
    """How much memory a process held, in megabytes, after a tenth of its invocations and after all."""

    first_mb: float
    last_mb: float
    answers: Mapping[str, int]
    """How often it answered with each status."""

    @property
    def grown_mb(self) -> float:
        """How much came on top."""
        return self.last_mb - self.first_mb


def measure(function: str, invocations: int) -> Growth:
    """Run a function's handler in a process of its own and return what it held; its logs go nowhere."""
    settings = json.loads((ROOT / "env.local.json").read_text(encoding="utf-8"))
    given = {**settings["Parameters"], **settings[FUNCTIONS[function]], "REDIS_URL": ""}
    environment = {"PATH": os.environ["PATH"], "POWERTOOLS_SERVICE_NAME": function, **given}
    environment |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "sa-east-1"}
    command = [sys.executable, "-m", "bench.load_memory", function, str(invocations)]
    finished = subprocess.run(
        command, check=False, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if finished.returncode != 0:
        raise RuntimeError(f"{function} failed:\n{finished.stderr}")
    return Growth(**json.loads(finished.stderr.splitlines()[-1]))


def run(function: str, invocations: int) -> Growth:
    """Invoke the handler so often, in this process."""
    install()
    handler = import_module(f"functions.{function}.app").lambda_handler
    event_of = _EVENTS[function]
    first_mb = 0.0
    answers: Counter[str] = Counter()
    for number in range(invocations):
        answers[str(handler(event_of(number), None)["statusCode"])] += 1
        if number + 1 == invocations // SETTLED_AFTER:
            first_mb = _resident_mb()
    return Growth(first_mb, _resident_mb(), dict(answers))


def _resident_mb() -> float:
    """Return what the process holds now (Linux), once everything that nobody holds is gone."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES / 1024**2


def _event(
    method: str,
    path: str,
    parameters: Mapping[str, str],
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "go.example.com", "user-agent": _AGENT, **(headers or {})},
        "pathParameters": dict(parameters),
        "requestContext": {
            "domainName": "go.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path, "sourceIp": "177.10.20.30"},
        },
        "isBase64Encoded": body is not None,
    }
    return event | ({} if body is None else {"body": base64.b64encode(body).decode()})


def _visit(number: int) -> dict[str, Any]:
    """Return a click of every kind in turn: direct, with the page, of no funnel, and a page's beacon and question."""
    slug, below = (
        ("demo", ""),
        ("demo-page", ""),
        (f"nothing-{number}", ""),
        ("demo-page", "/seen"),
        ("demo-page", "/status"),
    )[number % 5]
    path = f"/go/{slug}{below}"
    if below == "/seen":
        body = json.dumps({"n": _nonce(number, slug), "fbp": f"fb.1.{_AT_MS}.{number + 1}", "fbc": None}).encode()
        return _event("POST", path, {"slug": slug}, body=body)
    if below == "/status":
        return _event("GET", path, {"slug": slug}, query=f"n={_nonce(number, slug)}")
    query = f"fbclid=IwAR-{number:09d}_aB&utm_source=facebook&utm_campaign=c{number}&campaign_code=N{number}&u=x{number}"
    cookies = {"cookie": f"rastro_vid=v{number:030d}"} if number % 2 else {}
    return _event("GET", path, {"slug": slug}, query=query, headers=cookies)


def _nonce(number: int, slug: str) -> str:
    keys = SigningKeys.from_secret(SECRETS["signing-keys"])
    click_id = number.to_bytes(token.CLICK_ID_BYTES, "big")
    start = token.parse(keys, token.mint(keys, click_id=click_id, clicked_at_ms=_AT_MS, slug=Slug(slug), campaign=Campaign()))
    if start is None:
        raise AssertionError("unreachable")
    return token.beacon_nonce(keys, start)


def _update(number: int) -> dict[str, Any]:
    """Return an update of a new person: starts and messages, some strangers', some for no bot of ours, some that are no JSON."""
    person = {"id": 800_000_000 + number, "is_bot": False, "first_name": f"Ana {number}", "username": f"ana{number}"}
    chat = {"id": person["id"], "type": "private", "first_name": person["first_name"]}
    message = {"message_id": number + 1, "from": person, "chat": chat, "date": _AT_MS // 1000}
    kind = ("start", "say", "stranger", "elsewhere", "no JSON")[number % 5]
    update: dict[str, Any] = {"update_id": 10_000 + number}
    if number % PRESS_EVERY == 0:  # drawing the code takes longer than everything else together
        update["callback_query"] = {"id": str(number), "from": person, "message": message, "data": "buy:curso"}
    else:
        update["message"] = message | {"text": f"/start token{number}" if kind == "start" else f"olá {number}"}
    bot_id = f"71{number:08d}" if kind == "elsewhere" else BOT.bot_id
    secret = f"wrong-{number}" if kind == "stranger" else WEBHOOK_SECRET
    body = b"{" * 50 if kind == "no JSON" else json.dumps(update).encode()
    headers = {"x-telegram-bot-api-secret-token": secret, "content-type": "application/json"}
    return _event("POST", f"/telegram/{bot_id}", {"bot_id": bot_id}, headers=headers, body=body)


def _notice(number: int) -> dict[str, Any]:
    """Return a notice of a new payment: paid, of no charge of ours, refused, for no bot of ours, one that is no JSON."""
    kind = ("paid", "unknown", "stranger", "elsewhere", "no JSON")[number % 5]
    bot_id = f"71{number:08d}" if kind == "elsewhere" else BOT.bot_id
    payment_id = f"{'x' if kind == 'unknown' else PAYMENT_PREFIX}{number}"
    charge = {
        "correlationID": payment_id,
        "identifier": f"charge-{payment_id}",
        "value": 4990,
        "status": "COMPLETED",
        "payer": {"name": f"Ana {number} da Silva"},
    }
    document = {"event": "OPENPIX:CHARGE_COMPLETED", "charge": charge, "pix": {"endToEndId": f"E{number}", "value": 4990}}
    body = b"{" if kind == "no JSON" else json.dumps(document).encode()
    key = f"wrong-{number}" if kind == "stranger" else PIX_SECRET
    signature = base64.b64encode(hmac.digest(key.encode(), body, "sha1")).decode()
    headers = {"x-openpix-signature": signature, "content-type": "application/json"}
    parameters = {"provider": PROVIDER, "bot_id": bot_id}
    return _event("POST", f"/pix/{PROVIDER}/{bot_id}", parameters, headers=headers, body=body)


_EVENTS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "redirect": _visit,
    "telegram_webhook": _update,
    "payment_webhook": _notice,
}


if __name__ == "__main__":
    growth = run(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(asdict(growth)), file=sys.stderr)
