"""``rastro funnel`` as its operator uses it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rastro.model import Funnel, FunnelMode, Slug
from tests.fakes.world import FUNNEL, World
from tests.unit.cli.conftest import API, Operator

BOT, OTHER = "7000000001", "7000000002"
PIXEL = "1000000000000001"
NEW = (
    *("funnel", "add", "pao", "--name", "Curso de Pão", "--bot", BOT, "--provider", "openpix", "--pixel", PIXEL),
    *("--sku", "curso", "--product", "Curso", "--price", "49,90", "--delivery-url", "https://example.com/curso"),
)


@pytest.fixture(autouse=True)
def _ready(operator: Operator) -> None:
    operator.is_ready()


def _funnel(world: World, slug: str = "pao") -> Funnel:
    funnel = world.funnels.get(Slug(slug))
    assert funnel is not None
    return funnel


def _nothing_stored(world: World) -> bool:
    return list(world.funnels.slugs()) == ["curso"]


def test_a_funnel_is_added_by_options_alone(operator: Operator, world: World) -> None:
    assert operator(*NEW) == 0
    funnel = _funnel(world)
    assert (funnel.name, funnel.mode, funnel.provider) == ("Curso de Pão", FunnelMode.PAGE, "openpix")
    assert [(bot.bot_id, bot.username) for bot in funnel.bots] == [(BOT, "pao_bot")]
    assert [(each.sku, each.price_cents) for each in funnel.products] == [("curso", 4990)]
    assert [pixel.pixel_id for pixel in funnel.pixels] == [PIXEL]
    assert f"{API}/go/pao" in operator.out
    assert "rastro funnel link pao --profile local" in operator.out


def test_a_funnel_is_added_by_questions(operator: Operator, world: World) -> None:
    operator.answering(
        "Curso de Pão",
        "",
        "",
        "",
        "49,9",
        "49,90",
        "exemplo",
        "https://example.com/curso",
        "n",
        "2000000000000002",
        "EAA" + "x" * 30,
    )
    assert operator("funnel", "add") == 0
    funnel = _funnel(world, "curso-de-pao")
    assert [(each.sku, each.name, each.price_cents) for each in funnel.products] == [("curso-de-pao", "Curso de Pão", 4990)]
    assert operator.vault.secrets["pixels/2000000000000002/token"] == "EAA" + "x" * 30
    assert "49,9 não é um preço" in operator.err
    assert "exemplo não é o id de um grupo" in operator.err
    assert "EAAx" not in operator.err + operator.out


def test_products_are_asked_for_until_there_are_no_more(operator: Operator, world: World) -> None:
    operator.answering(
        "Curso", "", "10,00", "https://example.com/a", "s", "VIP", "curso", "vip", "99", "-1001234567890", "talvez", "n"
    )
    assert operator("funnel", "add", "pao", "--name", "Curso", "--no-pixel") == 0
    assert [(each.sku, each.delivery_url, each.delivery_chat_id) for each in _funnel(world).products] == [
        ("curso", "https://example.com/a", None),
        ("vip", "", "-1001234567890"),
    ]
    assert "aparece duas vezes" in operator.err
    assert "Responda s ou n" in operator.err
    assert "nada vai à Meta" in operator.out


def test_a_bot_is_chosen_where_there_are_several(operator: Operator, world: World) -> None:
    operator.has_bot(OTHER, "outro_bot")
    operator.vault.secrets[f"providers/openpix/{OTHER}"] = '{"app_id": "app"}'
    operator.answering("7", "2", "n")
    arguments = [argument for argument in NEW if argument not in ("--bot", BOT)]
    assert operator(*arguments) == 0
    assert "Escolha um destes" in operator.err
    assert [bot.bot_id for bot in _funnel(world).bots] == [OTHER]


def test_a_funnel_comes_from_a_file(operator: Operator, world: World, tmp_path: Path) -> None:
    path = tmp_path / "funnel.json"
    document = {
        "slug": "pao",
        "name": "Curso de Pão",
        "mode": "direct",
        "bots": [{"bot_id": BOT, "username": "pao_bot"}],
        "products": [{"sku": "curso", "name": "Curso", "price": "49,90", "delivery_url": "https://example.com"}],
        "pixels": [{"pixel_id": PIXEL}],
        "provider": "openpix",
        "countries": ["br"],
    }
    path.write_text(json.dumps(document))
    assert operator("funnel", "add", "--file", str(path)) == 0
    assert (_funnel(world).mode, _funnel(world).countries) == (FunnelMode.DIRECT, ("BR",))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--price", "grátis"), "grátis não é um preço"),
        (("--sku", "x" * 61), "sku"),
        (("--delivery-url", "http://example.com"), "não é um endereço https"),
        (("--provider", "paypal"), "Não há provedor PIX paypal"),
        (("--provider", "efi"), "não tem conta no efi"),
        (("--picture", "a.jpg"), "a imagem não é"),
        (("--country", "Brasil"), "BRASIL não é um país"),
        (("--test-event-code", "TEST 1"), "código de teste"),
    ],
)
def test_what_is_not_right_is_told_and_nothing_stored(
    operator: Operator, world: World, arguments: tuple[str, ...], says: str
) -> None:
    assert operator(*NEW, *arguments) == 2
    assert says in operator.err
    assert _nothing_stored(world)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ('{"wellcome": "Oi"}', "não há texto wellcome"),
        ('{"welcome": "Oi, $nome"}', "pode usar: $first_name"),
        ('{"welcome": "<h1>Oi</h1>"}', "não é HTML que o Telegram aceita"),
        ('{"welcome": 7}', "texts"),
        ("Oi", "não é JSON"),
    ],
)
def test_texts_that_would_fail_in_the_chat_are_refused(operator: Operator, world: World, texts: str, says: str) -> None:
    operator.answers.piped = texts
    assert operator(*NEW, "--texts", "-") == 2
    assert says in operator.err
    assert _nothing_stored(world)


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        (f"bots/{BOT}/token", "não foi adicionado"),
        (f"providers/openpix/{BOT}", "não tem conta no openpix"),
    ],
)
def test_a_funnel_needs_its_bot_and_its_account(operator: Operator, world: World, missing: str, says: str) -> None:
    del operator.vault.secrets[missing]
    assert operator(*NEW) in (2, 3)
    assert says in operator.err
    assert _nothing_stored(world)


def test_a_pixel_without_a_token_has_it_asked_for(operator: Operator, world: World) -> None:
    del operator.vault.secrets[f"pixels/{PIXEL}/token"]
    assert operator.answering("no token", "EAA" + "y" * 30)(*NEW) == 0
    assert operator.vault.secrets[f"pixels/{PIXEL}/token"] == "EAA" + "y" * 30
    assert "Isso não é um token de acesso" in operator.err


@pytest.mark.parametrize(("slug", "says"), [("curso", "Já existe um funil"), ("a b", "de 1 a 64 caracteres")])
def test_a_name_that_is_taken_or_none_is_refused(operator: Operator, slug: str, says: str) -> None:
    assert operator("funnel", "add", slug) == 2
    assert says in operator.err


def test_one_thing_is_changed_at_a_time(operator: Operator, world: World) -> None:
    assert operator("funnel", "edit", "curso", "--price", "39,90") == 0
    changed = _funnel(world, "curso")
    assert changed == replace(FUNNEL, products=(replace(FUNNEL.products[0], price_cents=3990),))
    operator(
        "funnel", "edit", "curso", "--name", "Pão", "--mode", "page", "--country", "BR", "--picture", "https://example.com/a.jpg"
    )
    changed = _funnel(world, "curso")
    assert (changed.name, changed.mode, changed.countries) == ("Pão", FunnelMode.PAGE, ("BR",))
    operator("funnel", "edit", "curso", "--everywhere", "--picture", "")
    assert (_funnel(world, "curso").countries, _funnel(world, "curso").picture_url) == ((), None)


def test_products_are_added_changed_and_removed(operator: Operator, world: World) -> None:
    assert operator("funnel", "edit", "curso", "--sku", "vip") == 2
    assert "--product, --price" in operator.err
    added = ("--sku", "vip", "--product", "VIP", "--price", "99", "--delivery-chat", "-1001234567890")
    assert operator("funnel", "edit", "curso", *added) == 0
    assert [each.sku for each in _funnel(world, "curso").products] == ["curso", "vip"]
    assert operator("funnel", "edit", "curso", "--price", "1,00") == 2
    assert "Existem: curso, vip" in operator.err
    operator("funnel", "edit", "curso", "--sku", "vip", "--delivery-url", "https://example.com/vip", "--description", "Tudo")
    vip = _funnel(world, "curso").product("vip")
    assert vip is not None
    assert (vip.delivery_url, vip.delivery_chat_id, vip.description) == ("https://example.com/vip", None, "Tudo")
    assert operator("funnel", "edit", "curso", "--remove-product", "curso") == 0
    assert operator("funnel", "edit", "curso", "--remove-product", "vip") == 2
    assert "o funil precisa de um produto" in operator.err


def test_bots_and_pixels_come_and_go(operator: Operator, world: World) -> None:
    operator.has_bot(OTHER, "outro_bot")
    assert operator("funnel", "edit", "curso", "--add-bot", OTHER) == 2
    assert f"O bot {OTHER} não tem conta no openpix" in operator.err
    operator.vault.secrets[f"providers/openpix/{OTHER}"] = '{"app_id": "app"}'
    assert operator("funnel", "edit", "curso", "--add-bot", OTHER, "--remove-pixel", PIXEL) == 0
    funnel = _funnel(world, "curso")
    assert [bot.username for bot in funnel.bots] == ["pao_bot", "outro_bot"]
    assert [pixel.pixel_id for pixel in funnel.pixels] == ["1000000000000002"]
    assert operator("funnel", "edit", "curso", "--remove-bot", BOT, "--add-pixel", PIXEL, "--test-event-code", "TEST1") == 0
    assert {pixel.test_event_code for pixel in _funnel(world, "curso").pixels} == {"TEST1"}
    assert "modo de teste" in operator.out
    operator("funnel", "edit", "curso", "--test-event-code", "")
    assert {pixel.test_event_code for pixel in _funnel(world, "curso").pixels} == {None}


def test_a_change_keeps_what_the_deployment_noted_of_a_bot(operator: Operator, world: World) -> None:
    banned = replace(FUNNEL, bots=(replace(FUNNEL.bots[0], banned_at_ms=5),))
    world.funnels.put(banned)
    operator.answers.piped = json.dumps({"name": "Pão", "bots": [{"bot_id": BOT, "username": "pao_bot"}]})
    assert operator("funnel", "edit", "curso", "--file", "-") == 0
    assert _funnel(world, "curso") == replace(banned, name="Pão")
    assert "fora do rodízio" in operator.out


def test_all_of_a_funnel_is_changed_in_the_editor(operator: Operator, world: World) -> None:
    operator.answers.edit_to = lambda text: text.replace("49,90", "59,90")
    assert operator("funnel", "edit", "curso") == 0
    assert _funnel(world, "curso").products[0].price_cents == 5990


@pytest.mark.parametrize(
    ("edited", "says"),
    [(None, "Nada foi mudado"), ("{", "não é JSON"), ('{"nome": "Pão"}', "nome"), ('{"name": ""}', "falta o nome")],
)
def test_an_edit_that_is_not_right_changes_nothing(operator: Operator, world: World, edited: str | None, says: str) -> None:
    operator.answers.edit_to = lambda _text: edited
    assert operator("funnel", "edit", "curso") == 2
    assert says in operator.err
    assert _funnel(world, "curso") == FUNNEL


def test_a_change_that_changes_nothing_says_so(operator: Operator) -> None:
    assert operator("funnel", "edit", "curso", "--price", "49,90") == 0
    assert "já era assim" in operator.out


def test_a_funnel_takes_a_break_and_comes_back(operator: Operator, world: World) -> None:
    assert operator("funnel", "pause", "curso") == 0
    assert _funnel(world, "curso") == replace(FUNNEL, paused=True)
    assert operator("funnel", "list") == 0
    assert "pausado" in operator.out
    assert operator("funnel", "resume", "curso") == 0
    assert _funnel(world, "curso") == FUNNEL


def test_a_funnel_is_shown_with_what_it_lacks(operator: Operator) -> None:
    assert operator("funnel", "show", "curso") == 0
    assert "R$ 49,90" in operator.out
    del operator.vault.secrets[f"pixels/{PIXEL}/token"]
    document = operator.json("funnel", "show", "curso")
    assert document["url"] == f"{API}/go/curso"
    assert document["funnel"]["products"][0]["price_cents"] == 4990
    assert [check["check"] for check in document["checks"]] == ["no_pixel_token"]


def test_the_funnels_are_listed(operator: Operator, world: World) -> None:
    assert operator("funnel", "list") == 0
    assert operator.out.split() == ["curso", "Curso", "de", "Pão", "@pao_bot", "curso", "R$", "49,90", "openpix"]
    assert [funnel["slug"] for funnel in operator.json("funnel", "list")["funnels"]] == ["curso"]
    world.funnels.funnels.clear()
    operator("funnel", "list")
    assert "rastro funnel add" in operator.out


def test_a_link_is_told_field_by_field(operator: Operator) -> None:
    assert operator("funnel", "link", "curso", "--campaign-code", "NATAL26") == 0
    lines = operator.out.splitlines()
    assert f"  {API}/go/curso" in lines
    assert any(
        line.startswith("  utm_source={{site_source_name}}&") and line.endswith("&campaign_code=NATAL26") for line in lines
    )
    document = operator.json("funnel", "link", "curso")
    assert document["url"] == f"{document['website_url']}?{document['url_parameters']}"


def test_a_plain_link_is_drawn_as_a_qr_code(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "qr.png"
    assert operator("funnel", "link", "curso", "--param", "utm_source=cartaz", "--qr", str(path)) == 0
    assert operator.out.splitlines()[0] == f"{API}/go/curso?utm_source=cartaz"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert operator("funnel", "link", "curso", "--qr", str(tmp_path / "no" / "qr.png")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--param", "gclid=1"), "não guarda gclid"),
        (("--param", "utm_term"), "NOME=VALOR"),
        (("--param", "utm_term={{campaign.nome}}"), "{{adset.name}}"),
        (("--plain", "--param", "utm_term={{ad.id}}"), "ninguém preenche {{ad.id}}"),
    ],
)
def test_a_parameter_that_would_be_lost_is_told(operator: Operator, arguments: tuple[str, ...], says: str) -> None:
    assert operator("funnel", "link", "curso", *arguments) == 2
    assert says in operator.err


@pytest.mark.parametrize("command", ["edit", "show", "pause", "resume", "link"])
def test_a_funnel_that_is_not_there_ends_with_3(operator: Operator, command: str) -> None:
    assert operator("funnel", command, "nada") == 3
    assert "Existem: curso" in operator.err
