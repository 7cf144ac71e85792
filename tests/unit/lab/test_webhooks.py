import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from lab.post import Reply
from lab.state import Bot, Config
from lab.webhooks import SECRET_HEADER, Webhooks, queue_key, retry_seconds

BOT = Bot(bot_id="7", username="b", token="t", webhook_secret="hush")


def message(chat_id: int, update_id: int = 1) -> dict[str, Any]:
    return {"update_id": update_id, "message": {"chat": {"id": chat_id}}}


def press(person_id: int, update_id: int = 1) -> dict[str, Any]:
    return {"update_id": update_id, "callback_query": {"id": "1", "from": {"id": person_id}}}


class World:
    """Answers from a script by update_id, 200 without one, and a clock that only sleeping moves."""

    def __init__(self, script: Mapping[int, list[Reply]] | None = None) -> None:
        self.script = {update_id: list(replies) for update_id, replies in (script or {}).items()}
        self.posted: list[tuple[str, int, str]] = []
        self.slept: list[float] = []
        self.in_reply: list[Mapping[str, Any]] = []
        self.now_ms = 1_795_000_000_000
        self.webhooks = Webhooks(
            self.post,
            self.sleep,
            now_ms=lambda: self.now_ms,
            retry_base_seconds=2.0,
            in_reply=lambda _bot, document: self.in_reply.append(document),
        )
        self.webhooks.configure(Config(api="http://api", bots=(BOT,)))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        update_id = json.loads(body)["update_id"]
        self.posted.append((url, update_id, headers[SECRET_HEADER]))
        await asyncio.sleep(0)
        replies = self.script.get(update_id)
        return replies.pop(0) if replies else Reply(status=200)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ms += int(seconds * 1000)
        await asyncio.sleep(0)

    def run(self, scenario: Callable[[Webhooks], Awaitable[None]]) -> None:
        async def play() -> None:
            await scenario(self.webhooks)
            await self.webhooks.close()

        asyncio.run(play())


async def settle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


def test_an_update_goes_to_rastro_with_the_secret() -> None:
    world = World()

    async def scenario(webhooks: Webhooks) -> None:
        delivery = webhooks.send(BOT, message(5))
        await delivery.told.wait()
        assert delivery.shown() | {"at_ms": 0} == {
            "update_id": 1,
            "bot_id": "7",
            "kind": "message",
            "delivered": True,
            "state": "delivered",
            "attempts": 1,
            "status": 200,
            "at_ms": 0,
        }

    world.run(scenario)
    assert world.posted == [("http://api/telegram/7", 1, "hush")]


def test_it_is_tried_again_at_once_then_ever_later_until_a_2xx() -> None:
    world = World({1: [Reply(status=500), Reply(status=None), Reply(status=401), Reply(status=302), Reply(status=204)]})

    async def scenario(webhooks: Webhooks) -> None:
        delivery = webhooks.send(BOT, message(5))
        await delivery.told.wait()
        assert (delivery.state, delivery.attempts, delivery.status) == ("pending", 1, 500)
        await settle()
        assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 5, 204)

    world.run(scenario)
    assert world.slept == [0.0, 2.0, 4.0, 8.0]


def test_the_head_of_a_chat_holds_up_that_chat_only() -> None:
    world = World({1: [Reply(status=500)] * 3})

    async def scenario(webhooks: Webhooks) -> None:
        for update in (message(5, 1), message(5, 2), message(6, 3), press(5, 4)):
            webhooks.send(BOT, update)
        await settle()

    world.run(scenario)
    order = [update_id for _, update_id, _ in world.posted]
    assert [update_id for update_id in order if update_id in {1, 2}] == [1, 1, 1, 1, 2]
    assert order.index(3) < order.index(2)
    assert order.index(4) < order.index(2)


def test_repeats_come_under_the_same_update_id() -> None:
    world = World()

    async def scenario(webhooks: Webhooks) -> None:
        delivery = webhooks.send(BOT, message(5), repeat=3)
        await delivery.told.wait()
        assert (delivery.state, delivery.attempts) == ("delivered", 3)

    world.run(scenario)
    assert [update_id for _, update_id, _ in world.posted] == [1, 1, 1]


def test_a_button_pressed_too_long_ago_is_dropped() -> None:
    world = World({1: [Reply(status=500)] * 50})

    async def scenario(webhooks: Webhooks) -> None:
        delivery = webhooks.send(BOT, press(5))
        await settle()
        assert delivery.state == "dropped"
        assert sum(world.slept) > 150

    world.run(scenario)


def test_a_method_in_the_answer_is_run() -> None:
    world = World(
        {
            1: [Reply(status=200, body=b'{"method": "sendMessage", "chat_id": 5, "text": "oi"}')],
            2: [Reply(status=200, body=b"ok")],
        }
    )

    async def scenario(webhooks: Webhooks) -> None:
        deliveries = [webhooks.send(BOT, message(5, 1)), webhooks.send(BOT, message(5, 2))]
        await settle()
        assert [delivery.state for delivery in deliveries] == ["delivered", "delivered"]

    world.run(scenario)
    assert [document["method"] for document in world.in_reply] == ["sendMessage"]


def test_without_a_webhook_updates_wait_until_there_is_one() -> None:
    world = World()

    async def scenario(webhooks: Webhooks) -> None:
        webhooks.set_hook(BOT, "", "")
        delivery = webhooks.send(BOT, message(5))
        await delivery.told.wait()
        assert (delivery.state, delivery.attempts) == ("pending", 0)
        webhooks.set_hook(BOT, "http://other/hook", "new")
        await settle()
        assert delivery.state == "delivered"

    world.run(scenario)
    assert world.posted == [("http://other/hook", 1, "new")]


def test_a_reset_forgets_what_was_on_its_way() -> None:
    world = World({1: [Reply(status=500)] * 1000})

    async def scenario(webhooks: Webhooks) -> None:
        webhooks.send(BOT, message(5, 1))
        await asyncio.sleep(0)
        webhooks.reset(Config(api="http://api", bots=(BOT,)))
        before = len(world.posted)
        await settle()
        assert len(world.posted) == before
        assert webhooks.deliveries == []
        fresh = webhooks.send(BOT, message(5, 2))
        await fresh.told.wait()
        assert fresh.state == "delivered"

    world.run(scenario)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0.0), (1, 2.0), (2, 4.0), (3, 8.0), (4, 16.0), (5, 32.0), (6, 60.0), (60, 60.0)]
)
def test_retry_times_are_telegrams(failures: int, seconds: float) -> None:
    assert retry_seconds(failures, 2.0) == seconds
    assert retry_seconds(failures, 0.1) == pytest.approx(seconds / 20)


def test_a_retry_after_is_heeded_up_to_an_hour() -> None:
    assert retry_seconds(0, 2.0, "7") == 7
    assert retry_seconds(0, 2.0, "99999") == 3600


def test_queues_are_telegrams() -> None:
    assert queue_key(BOT, message(5)) == queue_key(BOT, {"edited_message": {"chat": {"id": 5}}})
    assert queue_key(BOT, message(5)) != queue_key(BOT, press(5))
    assert queue_key(BOT, press(5)) != queue_key(BOT, {"my_chat_member": {"chat": {"id": 5}}})
    assert queue_key(BOT, {"some_future_update": {"x": 1}}) == ("7", "other", 0)
