"""Proof after each deploy that every route, trigger, index, TTL and schedule of the template is there and works.

"CREATE_COMPLETE" proves nothing of that on the emulator. The routes are asked for answers that only the function behind can
give; the triggers are pulled by records of a funnel that does not exist, which therefore makes no event, and are removed again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from rastro.model import (
    BotId,
    BotUser,
    ChatId,
    Click,
    Confidence,
    ConversionEvent,
    EventName,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    PixelId,
    Slug,
    TrackingToken,
)
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.dynamodb import Table
from rastro.stores.messages import lost_click_message
from rastro.stores.payments import DynamoPaymentStore
from stack.aws import Aws
from stack.errors import SmokeFailed
from stack.repairs import Repairs
from stack.schedule import scheduled_event
from stack.seed import BOT, DEMO, PROVIDER
from stack.stackfile import Description

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef
    from mypy_boto3_sqs import SQSClient

PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.1
_HTTP_SECONDS = 20
_NOWHERE = "smoke-test"
"""The slug of a funnel that does not exist, and part of every id of the records that pull the triggers."""
_PREVIEW = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that leaves nothing behind, and the status that only the function answers it with."""

    path: str
    status: int
    body: str | None = None


REQUESTS: Mapping[str, Request] = {
    "GET /go/{slug}": Request(f"/go/{DEMO.slug}", 200),  # a link preview: the funnel is known, and no click is made
    "POST /go/{slug}/seen": Request(f"/go/{DEMO.slug}/seen", 400, "{}"),
    "GET /go/{slug}/status": Request(f"/go/{DEMO.slug}/status", 403),
    "POST /telegram/{bot_id}": Request(f"/telegram/{BOT.bot_id}", 401, "{}"),
    "POST /pix/{provider}/{bot_id}": Request(f"/pix/{PROVIDER}/{BOT.bot_id}", 401, "{}"),
    "POST /pix/{provider}/{bot_id}/pix": Request(f"/pix/{PROVIDER}/{BOT.bot_id}/pix", 401, "{}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """The smoke test of one deployed stack."""

    aws: Aws
    stack: Description
    processed: Mapping[str, Any]
    physical: Mapping[str, str]
    repairs: Repairs

    def run(self) -> None:
        """Raise ``SmokeFailed`` with everything that is not as the template says."""
        # One after the other for each function: the emulator starts a further process for a request that comes meanwhile.
        behind = sorted({route.function for route in self.repairs.routes})
        checks: Sequence[Callable[[], Iterator[str]]] = (
            self._triggers,
            self._reconciler,
            *(partial(self._routes, name) for name in behind),
            self._tables,
            self._schedules,
        )
        with ThreadPoolExecutor(max_workers=len(checks)) as pool:
            running = [pool.submit(_all, check) for check in checks]
            problems = [problem for found in running for problem in found.result()]
        if problems:
            raise SmokeFailed("The stack was deployed, but does not work:\n" + "\n".join(f"  {line}" for line in problems))

    def _routes(self, function: str) -> Iterator[str]:
        for route in self.repairs.routes:
            if route.function == function:
                yield from self._route(route.key)

    def _route(self, key: str) -> Iterator[str]:
        request = REQUESTS.get(key)
        if request is None:
            yield f"{key}: a route that the smoke test does not know"
            return
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                key.partition(" ")[0],
                self.stack.api + request.path,
                data=request.body,
                headers={"User-Agent": _PREVIEW, "Content-Type": "application/json"},
                allow_redirects=False,
                timeout=_HTTP_SECONDS,
            )
        if answer.status_code != request.status:
            yield f"{key}: answered {answer.status_code} instead of {request.status}: {answer.text[:200]}"

    def _reconciler(self) -> Iterator[str]:
        lambda_: LambdaClient = self.aws.client("lambda")
        event = json.dumps(scheduled_event(datetime.now(UTC))).encode()
        answer = lambda_.invoke(FunctionName=self.stack.functions["reconciler"], Payload=event)
        if "FunctionError" in answer:
            yield f"the reconciler failed: {answer['Payload'].read().decode()[:300]}"

    def _tables(self) -> Iterator[str]:
        dynamodb: DynamoDBClient = self.aws.client("dynamodb")
        for name, resource in self.processed["Resources"].items():
            if resource["Type"] != "AWS::DynamoDB::Table":
                continue
            table = dynamodb.describe_table(TableName=self.physical[name])["Table"]
            found = {index["IndexName"]: list(index["KeySchema"]) for index in table.get("GlobalSecondaryIndexes", [])}
            for index in resource["Properties"].get("GlobalSecondaryIndexes", []):
                if found.get(index["IndexName"]) != index["KeySchema"]:
                    yield f"{name}: the index {index['IndexName']} is not as the template says"
            ttl = dynamodb.describe_time_to_live(TableName=self.physical[name])["TimeToLiveDescription"]
            if ttl.get("AttributeName") != self.repairs.ttl.get(name):
                yield f"{name}: the TTL attribute is {ttl.get('AttributeName')}, not {self.repairs.ttl.get(name)}"

    def _schedules(self) -> Iterator[str]:
        events = self.aws.client("events")
        for name, resource in self.processed["Resources"].items():
            if resource["Type"] != "AWS::Events::Rule":
                continue
            targets = events.list_targets_by_rule(Rule=self.physical[name])["Targets"]
            if not any(target["Arn"].endswith(f":{self.stack.functions['reconciler']}") for target in targets):
                yield f"{name}: the schedule does not lead to the reconciler"

    def _triggers(self) -> Iterator[str]:
        mappings = {
            self.physical[name]: name
            for name, resource in self.processed["Resources"].items()
            if resource["Type"] == "AWS::Lambda::EventSourceMapping"
        }
        self._pull()
        deadline = time.monotonic() + PATIENCE_SECONDS
        results = self._results()
        # The queue too has to be empty, before the row is deleted that the last message of it is about.
        while time.monotonic() < deadline and not (
            all(_has_run(results.get(uuid)) for uuid in mappings) and self._queue_is_empty()
        ):
            time.sleep(_POLL_SECONDS)
            results = self._results()
        results = self._results()
        self._delete("event", event_key=_ledger_row(0).event.key)
        if not self._delete("click", tracking_token=_NOWHERE):
            yield f"the sender did not restore a click from the queue within {PATIENCE_SECONDS:.0f} s"
        for uuid, name in mappings.items():
            result = results.get(uuid, "no such mapping")
            if not result.startswith("OK") or "partial failures" in result:
                yield f"{name}: {result}"

    def _results(self) -> dict[str, str]:
        lambda_: LambdaClient = self.aws.client("lambda")
        mappings: list[EventSourceMappingConfigurationTypeDef] = lambda_.list_event_source_mappings()["EventSourceMappings"]
        return {mapping["UUID"]: mapping.get("LastProcessingResult", "") for mapping in mappings}

    def _queue_is_empty(self) -> bool:
        sqs: SQSClient = self.aws.client("sqs")
        counts = sqs.get_queue_attributes(QueueUrl=self.stack.queues["capi"], AttributeNames=["All"])["Attributes"]
        return counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"

    def _pull(self) -> None:
        """Write the records, gone again before anybody reads them: their streams keep them. The sender finds its row settled."""
        now_ms = int(time.time() * 1000)
        dynamodb: DynamoDBClient = self.aws.client("dynamodb")
        tables = {name: Table(dynamodb, table) for name, table in self.stack.tables.items()}
        sqs: SQSClient = self.aws.client("sqs")
        sqs.send_message(QueueUrl=self.stack.queues["capi"], MessageBody=lost_click_message(_click(now_ms)))
        bot_user, payment, row = _bot_user(now_ms), _payment(now_ms), _ledger_row(now_ms)
        DynamoBotUserStore(tables["bot_user"]).save(bot_user)
        DynamoPaymentStore(tables["payment"], tables["event"]).save(payment, [row])
        dynamodb.update_item(
            TableName=self.stack.tables["event"],
            Key={"event_key": {"S": row.event.key}},
            UpdateExpression="SET #status = :accepted",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":accepted": {"S": LedgerStatus.ACCEPTED}},
        )
        self._delete("payment", payment_id=payment.payment_id)
        self._delete("bot_user", bot_id=bot_user.bot_id, chat_id=bot_user.chat_id)

    def _delete(self, table: str, **key: str) -> bool:
        dynamodb: DynamoDBClient = self.aws.client("dynamodb")
        answer = dynamodb.delete_item(
            TableName=self.stack.tables[table],
            Key={name: {"S": value} for name, value in key.items()},
            ReturnValues="ALL_OLD",
        )
        return "Attributes" in answer


def _all(check: Callable[[], Iterator[str]]) -> list[str]:
    return list(check())


def _has_run(result: str | None) -> bool:
    return result is not None and (result.startswith("OK") or result == "FAILED")


def _click(now_ms: int) -> Click:
    return Click(
        tracking_token=TrackingToken(_NOWHERE),
        slug=Slug(_NOWHERE),
        clicked_at_ms=now_ms,
        pageview_event_id=f"pageview_{_NOWHERE}",
    )


def _bot_user(now_ms: int) -> BotUser:
    return BotUser(
        bot_id=BotId("0"),
        chat_id=ChatId("0"),
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        slug=Slug(_NOWHERE),
        tracking_session_id=TrackingToken(_NOWHERE),
        link_source=LinkSource.START_PARAM,
        link_confidence=Confidence.CERTAIN,
        last_start_at_ms=now_ms,
    )


def _payment(now_ms: int) -> Payment:
    return Payment(
        payment_id=PaymentId(_NOWHERE),
        bot_id=BotId("0"),
        chat_id=ChatId("0"),
        slug=Slug(_NOWHERE),
        sku=_NOWHERE,
        product_name=_NOWHERE,
        amount_cents=1,
        provider=PROVIDER,
        status=PaymentStatus.PENDING,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


def _ledger_row(now_ms: int) -> LedgerRow:
    event = ConversionEvent(
        pixel_id=PixelId("0"),
        event_name=EventName.PURCHASE,
        event_id=f"purchase_{_NOWHERE}",
        event_time_s=now_ms // 1000,
        payload={},
    )
    return LedgerRow(event=event, status=LedgerStatus.QUEUED, created_at_ms=now_ms, updated_at_ms=now_ms)
