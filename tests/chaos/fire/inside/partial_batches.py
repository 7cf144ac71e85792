"""The outbox as a stream calls it on AWS: what it names as failed comes again, alone and with all after it.

The emulator passes over what the handler of a stream names as failed, but gives a batch again whose handler raised. So the place
up to which a batch was dealt with is kept here, as AWS keeps its checkpoint, and the handler raises. A process that dies forgets
the place, and its batch comes again whole, as it would on AWS.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from typing import Any

from functions.outbox import app

_done: dict[str, set[str]] = {}
"""By stream, the sequence numbers of the present batch that were dealt with."""


class NotAllDealtWith(Exception):
    """Have the batch come again."""


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Relay what is left of a batch; raises ``NotAllDealtWith`` when something has to come again."""
    records = event["Records"]
    stream = records[0]["eventSourceARN"]
    done = _done.setdefault(stream, set())
    left = [record for record in records if record["dynamodb"]["SequenceNumber"] not in done]
    answer = app.lambda_handler({"Records": left}, context) if left else {"batchItemFailures": []}
    failures = answer["batchItemFailures"]
    if not failures:
        done.clear()
        return answer
    for record in left:
        number = record["dynamodb"]["SequenceNumber"]
        if number == failures[0]["itemIdentifier"]:
            break
        done.add(number)
    raise NotAllDealtWith
