"""A handler that imports all of the first card's libraries and makes both AWS clients, as many a function does."""

from __future__ import annotations

from typing import Any

import aws_lambda_powertools
import aws_lambda_powertools.utilities.batch
import aws_lambda_powertools.utilities.parameters
import boto3
import pydantic
import redis
import requests

LIBRARIES = (aws_lambda_powertools, pydantic, redis, requests)
CLIENTS = [boto3.client(name) for name in ("dynamodb", "sqs")]


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lead nowhere."""
    return {"statusCode": 204, "headers": {}, "body": ""}
