"""The limit: one Redis pipeline and one write, signed by hand over a kept connection, and nothing else.

It does not look at its event, makes no token, knows no funnel, and fails where anything fails.
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import time
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import redis

from bench.contestants.work import answer, fill, new_click, wire_item

_HOST = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
_REGION = os.environ["AWS_REGION"]
_REDIS = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25)
_CONNECTION = http.client.HTTPConnection(_HOST, timeout=1.5)
_SIGNED = "content-type;host;x-amz-date;x-amz-target"
_TARGET = "DynamoDB_20120810.PutItem"
_TYPE = "application/x-amz-json-1.0"
_KEYS: dict[str, bytes] = {}


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record a click and lead on."""
    click = new_click()
    pipeline = _REDIS.pipeline(transaction=False)
    fill(pipeline, click, json.dumps(click))
    pipeline.execute()
    document = {
        "TableName": os.environ["CLICK_TABLE"],
        "Item": wire_item(click),
        "ConditionExpression": "attribute_not_exists(tracking_token)",
    }
    body = json.dumps(document).encode()
    _CONNECTION.request("POST", "/", body, _headers(body))
    written = _CONNECTION.getresponse()
    if written.status != http.HTTPStatus.OK:
        raise AssertionError(written.read())
    written.read()
    return answer(click)


def _headers(body: bytes) -> dict[str, str]:
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/{_REGION}/dynamodb/aws4_request"
    lines = f"content-type:{_TYPE}\nhost:{_HOST}\nx-amz-date:{moment}\nx-amz-target:{_TARGET}\n"
    canonical = f"POST\n/\n\n{lines}\n{_SIGNED}\n{sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_key(moment[:8]), text.encode(), "sha256").hex()
    who = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    return {
        "content-type": _TYPE,
        "x-amz-date": moment,
        "x-amz-target": _TARGET,
        "authorization": f"AWS4-HMAC-SHA256 {who}, SignedHeaders={_SIGNED}, Signature={signature}",
    }


def _key(day: str) -> bytes:
    if day not in _KEYS:
        key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in (day, _REGION, "dynamodb", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        _KEYS[day] = key
    return _KEYS[day]
