"""The same input and output as the redirect's, the write signed by botocore's signer and sent over a kept connection."""

from __future__ import annotations

import http.client
import json
import os
from typing import Any
from urllib.parse import urlsplit

import redis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.contestants.work import answer, fill, new_click, wire_item

_URL = os.environ["AWS_ENDPOINT_URL"]
_REDIS = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25)
_CONNECTION = http.client.HTTPConnection(urlsplit(_URL).netloc, timeout=1.5)
_SIGNER = SigV4Auth(
    Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "dynamodb", os.environ["AWS_REGION"]
)
_HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}


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
    request = AWSRequest("POST", f"{_URL}/", headers=_HEADERS, data=json.dumps(document))
    _SIGNER.add_auth(request)
    signed = request.prepare()
    body = signed.body if isinstance(signed.body, bytes) else str(signed.body).encode()
    _CONNECTION.request("POST", "/", body, dict(signed.headers.items()))
    written = _CONNECTION.getresponse()
    if written.status != http.HTTPStatus.OK:
        raise AssertionError(written.read())
    written.read()
    return answer(click)
