import json

import pytest
import requests

from tests.integration.lab.running import BOT_ID, TOKEN, Rastro, RunningLab, wait_until

pytestmark = pytest.mark.integration
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (300).to_bytes(4, "big") * 2


def test_a_start_reaches_rastro_with_its_secret_and_payload(lab: RunningLab, rastro: Rastro) -> None:
    told = lab.control("POST", "telegram/start", {"chat_id": 5, "payload": "abc_1", "first_name": "Ana", "language": "pt"})
    assert (told["delivered"], told["attempts"], told["status"]) == (True, 1, 200)
    (received,) = rastro.received
    assert received.path == f"/telegram/{BOT_ID}"
    assert received.headers["x-telegram-bot-api-secret-token"] == "hush"
    assert received.json["update_id"] == told["update_id"]
    assert received.json["message"]["text"] == "/start abc_1"
    assert received.json["message"]["from"] == {"id": 5, "is_bot": False, "first_name": "Ana", "language_code": "pt"}


def test_a_bare_start_has_no_payload(lab: RunningLab, rastro: Rastro) -> None:
    lab.control("POST", "telegram/start", {"chat_id": "5"})
    assert rastro.received[0].json["message"]["text"] == "/start"


def test_a_press_lands_on_the_message_with_that_button(lab: RunningLab, rastro: Rastro) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    markup = {"inline_keyboard": [[{"text": "Comprar", "callback_data": "buy:curso"}]]}
    form = {"chat_id": "5", "text": "<b>Curso</b>", "parse_mode": "HTML", "reply_markup": json.dumps(markup)}
    sent = lab.bot("sendMessage", data=form).json()["result"]
    lab.control("POST", "telegram/press", {"chat_id": 5, "data": "buy:curso"})
    query = rastro.received[1].json["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("buy:curso", sent["message_id"])
    assert query["message"]["text"] == "Curso"
    assert lab.bot("answerCallbackQuery", json={"callback_query_id": query["id"]}).json() == {"ok": True, "result": True}
    calls = lab.control("GET", "telegram/calls")
    assert [(call["bot_id"], call["method"]) for call in calls] == [(BOT_ID, "sendMessage"), (BOT_ID, "answerCallbackQuery")]
    assert calls[0]["params"]["reply_markup"] == markup


def test_a_repeat_delivers_the_same_update_again(lab: RunningLab, rastro: Rastro) -> None:
    told = lab.control("POST", "telegram/start?repeat=3", {"chat_id": 5})
    assert (told["delivered"], told["attempts"]) == (True, 3)
    assert {received.json["update_id"] for received in rastro.received} == {told["update_id"]}
    assert len(rastro.received) == 3


def test_a_failure_is_told_and_tried_again(lab: RunningLab, rastro: Rastro) -> None:
    rastro.fail(500, 502)
    told = lab.control("POST", "telegram/start", {"chat_id": 5})
    assert (told["delivered"], told["attempts"], told["status"]) == (False, 1, 500)
    wait_until(lambda: lab.control("GET", "telegram/updates")[0]["delivered"])
    assert len(rastro.received) == 3
    assert len({received.body for received in rastro.received}) == 1


def test_one_chat_is_served_in_order_and_does_not_hold_up_another(lab: RunningLab, rastro: Rastro) -> None:
    rastro.fail(500, 500)
    for chat_id in (5, 5, 6):
        lab.control("POST", "telegram/start?wait=false", {"chat_id": chat_id})
    wait_until(lambda: all(update["delivered"] for update in lab.control("GET", "telegram/updates")))
    of_five = [received.json["update_id"] for received in rastro.received if received.json["message"]["chat"]["id"] == 5]
    assert of_five == sorted(of_five)
    assert len(set(of_five)) == 2
    assert len(rastro.received) == 5


def test_a_method_in_the_answer_is_run_as_a_call(lab: RunningLab, rastro: Rastro) -> None:
    rastro.script.append((200, b'{"method": "sendMessage", "chat_id": 5, "text": "oi"}', 0.0))
    lab.control("POST", "telegram/start", {"chat_id": 5})
    assert [call["in_reply"] for call in lab.control("GET", "telegram/calls")] == [True]
    assert lab.control("GET", "telegram/chats/5")[-1]["text"] == "oi"


def test_a_raw_update_is_sent_as_it_is(lab: RunningLab, rastro: Rastro) -> None:
    update = {"update_id": 12, "some_future_update": {"x": 1}}
    assert lab.control("POST", "telegram/update", {"bot_id": BOT_ID, "update": update})["update_id"] == 12
    assert rastro.received[0].json == update
    lab.control("POST", "telegram/update", {"channel_post": {"chat": {"id": -1}}})
    assert "channel_post" in rastro.received[1].json


def test_who_blocks_the_bot_cannot_be_written_to(lab: RunningLab, rastro: Rastro) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    lab.control("POST", "telegram/block", {"chat_id": 5})
    assert rastro.received[1].json["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    refused = lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"})
    assert (refused.status_code, refused.json()["description"]) == (403, "Forbidden: bot was blocked by the user")
    lab.control("POST", "telegram/unblock", {"chat_id": 5})
    assert lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"}).status_code == 200


def test_a_photo_is_uploaded_and_can_be_seen(lab: RunningLab) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    files = {"photo": ("pix.png", PNG, "image/png")}
    message = lab.bot("sendPhoto", data={"chat_id": "5", "caption": "Pague"}, files=files).json()["result"]
    file_id = message["photo"][-1]["file_id"]
    assert requests.get(f"{lab.url}/_/telegram/files/{file_id}", timeout=10).content == PNG
    (call,) = lab.control("GET", "telegram/calls")
    assert call["params"]["photo"] == {"file": {"name": "pix.png", "bytes": len(PNG), "content_type": "image/png"}}


def test_a_webhook_can_be_set_elsewhere_and_taken_away(lab: RunningLab, rastro: Rastro) -> None:
    assert lab.bot("deleteWebhook").json()["result"] is True
    told = lab.control("POST", "telegram/start", {"chat_id": 5})
    assert (told["delivered"], told["attempts"]) == (False, 0)
    assert lab.bot("getWebhookInfo").json()["result"]["pending_update_count"] == 1
    lab.bot("setWebhook", json={"url": f"{rastro.url}/elsewhere", "secret_token": "new"})
    wait_until(lambda: rastro.received)
    assert rastro.received[0].path == "/elsewhere"
    assert rastro.received[0].headers["x-telegram-bot-api-secret-token"] == "new"
    lab.control("POST", "reset")
    lab.control("POST", "telegram/start", {"chat_id": 5})
    assert rastro.received[1].path == f"/telegram/{BOT_ID}"


def test_tokens_and_methods_that_do_not_exist(lab: RunningLab) -> None:
    assert lab.bot("getMe", token="1:nobody").status_code == 401
    assert lab.bot("sendRocket").status_code == 404
    assert lab.bot("getMe", token=TOKEN).json()["result"]["id"] == int(BOT_ID)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("telegram/start", {}),
        ("telegram/start", {"chat_id": True}),
        ("telegram/start", {"chat_id": 5, "payload": 3}),
        ("telegram/start?repeat=0", {"chat_id": 5}),
        ("telegram/press", {"chat_id": 5}),
        ("telegram/update", {"update": {}}),
    ],
)
def test_a_wrong_control_call_says_what_is_wrong(lab: RunningLab, path: str, body: dict[str, object]) -> None:
    assert set(lab.control("POST", path, body, status=400)) == {"error"}


def test_an_unknown_bot_or_chat_is_not_found(lab: RunningLab) -> None:
    assert BOT_ID in lab.control("POST", "telegram/start", {"chat_id": 5, "bot_id": "1"}, status=404)["error"]
    lab.control("GET", "telegram/chats/99", status=404)
