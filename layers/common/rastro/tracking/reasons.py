"""What each reason code means and what to do about it, in Portuguese and English: written once, here."""

from __future__ import annotations

from collections.abc import Mapping

from rastro.explanation import Explanation, Language
from rastro.model import Reason


def explain(reason: Reason, language: Language) -> Explanation:
    """Return what a reason code means."""
    return _EXPLANATIONS[reason][language]


_EXPLANATIONS: Mapping[Reason, Mapping[Language, Explanation]] = {
    Reason.DIRECT_ENTRY: {
        Language.PT: Explanation(
            "A pessoa entrou no bot diretamente, sem passar pelo redirect: nenhum clique dela foi registrado.",
            "Divulgue sempre o link /go/{slug} em vez de t.me. Quem entra direto vê o botão que passa pelo site; "
            "sem passar por ele, não há clique a recuperar.",
        ),
        Language.EN: Explanation(
            "The person entered the bot directly, without passing the redirect: no click of theirs was recorded.",
            "Always publish the link /go/{slug} instead of t.me. Whoever enters directly is shown the button that leads over "
            "the site; unless they pass it, there is no click to recover.",
        ),
    },
    Reason.PAYLOAD_DROPPED: {
        Language.PT: Explanation(
            "A pessoa passou pelo redirect, mas o Telegram entregou o /start sem o token do clique.",
            "Rode o reparo: o clique pode ser achado pelo navegador ou pelo fbclid. No modo page, a página oferece o "
            "/start CÓDIGO para copiar quando isso acontece.",
        ),
        Language.EN: Explanation(
            "The person passed the redirect, but Telegram delivered the /start without the click's token.",
            "Run the repair: the click may be found by the browser or by the fbclid. In page mode the page offers "
            "/start CODE to be copied when this happens.",
        ),
    },
    Reason.TOKEN_INVALID: {
        Language.PT: Explanation(
            "O /start trouxe um texto que não é um token deste sistema: cortado, alterado, de outro sistema ou forjado.",
            "Veja com `rastro doctor token` o que chegou e confira se algum encurtador ou integração altera o link do bot. "
            "Se as chaves de assinatura foram trocadas duas vezes em poucos dias, tokens antigos deixaram de valer.",
        ),
        Language.EN: Explanation(
            "The /start brought a text that is no token signed by this system: cut, altered, of another system, or forged.",
            "See with `rastro doctor token` what arrived, and check whether a shortener or an integration alters the bot's link. "
            "If the signing keys were rotated twice within days, older tokens are no longer valid.",
        ),
    },
    Reason.TOKEN_FOREIGN: {
        Language.PT: Explanation(
            "O token do /start é válido, mas é de um funil que não leva a este bot.",
            "Se o funil deveria levar a este bot, acrescente o bot ao cadastro do funil e rode o reparo; "
            "se não, corrija o link que foi divulgado.",
        ),
        Language.EN: Explanation(
            "The token of the /start is valid, but of a funnel that does not lead to this bot.",
            "If the funnel should lead to this bot, add the bot to the funnel's record and run the repair; "
            "if not, correct the link that was published.",
        ),
    },
    Reason.CLICK_EXPIRED: {
        Language.PT: Explanation(
            "O clique a que a pessoa estava ligada não está mais em nenhum registro: cliques são guardados por 90 dias.",
            "Não há o que recuperar desse clique. Um clique novo da pessoa liga as próximas vendas.",
        ),
        Language.EN: Explanation(
            "The click that the person was linked to is no longer in any store: clicks are kept for 90 days.",
            "There is nothing to recover of that click. A new click of the person links the sales to come.",
        ),
    },
    Reason.OUTSIDE_WINDOW: {
        Language.PT: Explanation(
            "O clique conhecido é mais antigo que a janela de atribuição no momento da venda.",
            "Se esses cliques devem contar, aumente AttributionWindowDays (padrão: 7 dias) e rode o reparo.",
        ),
        Language.EN: Explanation(
            "The known click is older than the attribution window allows at the time of the sale.",
            "If such clicks are to count, raise AttributionWindowDays (7 days by default) and run the repair.",
        ),
    },
    Reason.FBCLID_ABSENT: {
        Language.PT: Explanation(
            "O bot_user não tem fbclid nem outro vestígio de um clique.",
            "Se o sistema anterior guardou o fbclid da pessoa, importe-o com `rastro import legacy` e rode o reparo.",
        ),
        Language.EN: Explanation(
            "The bot_user has neither an fbclid nor another trace of a click.",
            "If an earlier system kept the person's fbclid, bring it in with `rastro import legacy` and run the repair.",
        ),
    },
    Reason.FBCLID_UNKNOWN: {
        Language.PT: Explanation(
            "O bot_user tem um fbclid, mas nenhum clique registrado deste funil veio com ele.",
            "Confira se o anúncio leva a /go/{slug} e se o fbclid está inteiro (maiúsculas e minúsculas contam, nada cortado). "
            "Se o clique estiver na fila de recuperação, rode o reparo mais tarde.",
        ),
        Language.EN: Explanation(
            "The bot_user has an fbclid, but no recorded click of this funnel came with it.",
            "Check that the ad leads to /go/{slug} and that the fbclid is whole (case counts, nothing cut off). "
            "If the click still waits in the queue to be restored, run the repair later.",
        ),
    },
    Reason.FILTERED_CLICK: {
        Language.PT: Explanation(
            "A visita foi reconhecida como prévia de link, pré-carregamento ou robô, e por isso não virou clique.",
            "Se foi uma pessoa, anote o navegador dela e corrija a lista de prévias; a venda em si não tem clique a recuperar.",
        ),
        Language.EN: Explanation(
            "The visit was recognised as a link preview, a prefetch or a robot, and so made no click.",
            "If it was a person, note the browser and correct the list of previews; the sale itself has no click to recover.",
        ),
    },
    Reason.STORES_UNAVAILABLE: {
        Language.PT: Explanation(
            "O registro de cliques (ou a chave de assinatura) não respondeu quando a ligação foi procurada.",
            "Rode o reparo: nada se perdeu, só não pôde ser lido naquele momento. Se persistir, veja os alarmes.",
        ),
        Language.EN: Explanation(
            "The click store (or the signing key) did not answer when the link was looked for.",
            "Run the repair: nothing was lost, it only could not be read at that moment. If it stays so, look at the alarms.",
        ),
    },
    Reason.CLICK_AFTER_SALE: {
        Language.PT: Explanation(
            "O único clique conhecido da pessoa aconteceu depois da venda: não foi ele que a causou.",
            "Nada a reparar: o clique conta para as próximas vendas da pessoa.",
        ),
        Language.EN: Explanation(
            "The only known click of the person was made after the sale: it did not cause it.",
            "Nothing to repair: the click counts for the person's sales to come.",
        ),
    },
    Reason.LEGACY_PAYMENT: {
        Language.PT: Explanation(
            "O pagamento veio do sistema anterior sem ligação com um clique.",
            "Rode o reparo. Se ele não achar nada e o sistema anterior tiver o fbclid da pessoa, importe-o no bot_user com "
            "`rastro import legacy` e repita. Sem fbclid e sem passagem pelo redirect, não há o que recuperar.",
        ),
        Language.EN: Explanation(
            "The payment came from the earlier system without a link to a click.",
            "Run the repair. If it finds nothing and the earlier system has the person's fbclid, bring it in with `rastro import "
            "legacy` and repeat. Without an fbclid and without a passage of the redirect there is nothing to recover.",
        ),
    },
}
