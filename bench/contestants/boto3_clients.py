"""The same input and output as the redirect's by boto3's client and redis-py, and nothing else."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import redis

from bench.contestants.work import answer, fill, new_click, wire_item

_REDIS = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25)
_DYNAMODB = boto3.client("dynamodb")


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record a click and lead on."""
    click = new_click()
    pipeline = _REDIS.pipeline(transaction=False)
    fill(pipeline, click, json.dumps(click))
    pipeline.execute()
    _DYNAMODB.put_item(
        TableName=os.environ["CLICK_TABLE"],
        Item=wire_item(click),
        ConditionExpression="attribute_not_exists(tracking_token)",
    )
    return answer(click)
