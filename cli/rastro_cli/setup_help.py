"""The texts of ``--help`` of the set-up commands, in Portuguese."""

from __future__ import annotations

from collections.abc import Mapping

SETUP_PORTUGUESE: Mapping[str, str] = {
    # setup
    "Set a deployment up, step by step, and check that everything is in place.": (
        "Configura uma implantação, passo a passo, e confere se está tudo no lugar."
    ),
    "Only check what is there; ask nothing.": "Só confere o que existe; não pergunta nada.",
    # keys
    "Make and rotate the keys that sign links.": "Cria e troca as chaves que assinam os links.",
    "Make the signing keys, unless there are some.": "Cria as chaves de assinatura, se ainda não existem.",
    "Make a new key; the one of now stays valid as the previous one.": (
        "Cria uma chave nova; a de agora continua valendo como anterior."
    ),
    "Rotate although links of the key before last may still be in use.": (
        "Troca mesmo que links da chave que vai sair ainda estejam em uso."
    ),
    # bots
    "Add Telegram bots, and look after them.": "Adiciona bots do Telegram e cuida deles.",
    "Add a bot: check its token, store it, have its updates sent here.": (
        "Adiciona um bot: confere o token, grava-o e aponta o webhook para cá."
    ),
    "Read the token from a file, - for stdin; else it is asked for.": (
        "Lê o token de um arquivo, - para a entrada padrão; sem isso ele é perguntado."
    ),
    "How many updates Telegram may hand over at once.": "Quantos eventos o Telegram pode entregar ao mesmo tempo.",
    "Give the webhook a new secret, in the place of the one of now.": "Dá ao webhook um segredo novo, no lugar do atual.",
    "List the bots that were added, with the funnels that lead to them.": (
        "Lista os bots adicionados, com os funis que levam a eles."
    ),
    "Ask Telegram whether a bot's token and webhook are as they should be.": (
        "Pergunta ao Telegram se o token e o webhook de um bot estão como deveriam."
    ),
    "Set the webhook anew first, with the token that is stored.": "Antes, grava de novo o webhook, com o token guardado.",
    "List the notices about charges that are none of ours.": "Lista os avisos sobre cobranças que não são nossas.",
    "How many days to look back, today (UTC) included.": "Quantos dias olhar para trás, com hoje (UTC).",
    # the operator's chat
    "Say which chat is told of alarms.": "Define que chat recebe os alarmes.",
    "Have a bot tell a chat of alarms, beginning with a first message.": (
        "Faz um bot avisar um chat dos alarmes, começando por uma primeira mensagem."
    ),
    "The bot that tells; one that was added.": "O bot que avisa; um que já foi adicionado.",
    "The chat's number; of a group, a negative one.": "O número do chat; de um grupo, negativo.",
    # providers
    "Add accounts at PIX providers, and look after them.": "Adiciona contas em provedores PIX e cuida delas.",
    "The PIX provider, such as openpix.": "O provedor PIX, como openpix.",
    "A bot that sells by this account; several are possible.": "Um bot que vende por esta conta; podem ser vários.",
    "The bot that sells by this account.": "O bot que vende por esta conta.",
    "Add an account: check its credentials, store them, register the callback or say how it is done.": (
        "Adiciona uma conta: confere as credenciais, grava-as e cadastra o webhook, ou diz como se faz no painel."
    ),
    "Read the credentials from a JSON file, - for stdin; else they are asked for.": (
        "Lê as credenciais de um arquivo JSON, - para a entrada padrão; sem isso elas são perguntadas."
    ),
    "List the accounts, and the providers that there are.": "Lista as contas e os provedores que existem.",
    "Ask a provider whether it takes an account's credentials.": "Pergunta a um provedor se aceita as credenciais de uma conta.",
    "Register the callback anew, where the provider's API can.": ("Cadastra de novo o webhook, se a API do provedor permite."),
    "Say what is done in a provider's panel, with the callback's exact address.": (
        "Diz o que fazer no painel de um provedor, com o endereço exato do webhook."
    ),
    "Show the secrets of our own making, which the panel asks for; none of the provider's.": (
        "Mostra os segredos criados por nós, que o painel pede; nenhum do provedor."
    ),
    # pixels
    "Store the access token of a pixel, and test it where a test code is given.": (
        "Grava o token de acesso de um pixel e o testa, se há um código de teste."
    ),
    # funnels
    "Add and change funnels, and build their links.": "Cria e muda funis, e monta os links deles.",
    "Add a funnel; what the options do not say is asked for.": "Cria um funil; o que as opções não dizem é perguntado.",
    "Change a funnel: what the options say, or all of it in $EDITOR.": (
        "Muda um funil: o que as opções dizem, ou tudo no $EDITOR."
    ),
    "List the funnels.": "Lista os funis.",
    "Show a funnel, and what it lacks.": "Mostra um funil e o que falta nele.",
    "Let a funnel take a break: its page says so, its bots go on.": ("Pausa um funil: a página dele avisa, os bots continuam."),
    "End the break of a funnel.": "Encerra a pausa de um funil.",
    "Build the link of an ad, as Ads Manager takes it; with --plain one for a bio, a message or a poster.": (
        "Monta o link de um anúncio, como o Gerenciador de Anúncios o pede; com --plain, o de uma bio, mensagem ou cartaz."
    ),
    "The funnel's name in its URL.": "O nome do funil no link.",
    "The name that visitors read.": "O nome que os visitantes leem.",
    "page (a page with a button, the default) or direct (straight to the bot).": (
        "page (uma página com botão, o padrão) ou direct (direto para o bot)."
    ),
    "The PIX provider.": "O provedor PIX.",
    "A bot that it leads to; several are possible.": "Um bot a que ele leva; podem ser vários.",
    "A pixel that it reports to; several are possible.": "Um pixel a que ele informa; podem ser vários.",
    "Report to no pixel.": "Não informa a nenhum pixel.",
    "Send the pixel's events as test events; empty ends it.": "Envia os eventos do pixel como de teste; vazio encerra.",
    "The product to add or change.": "O produto a adicionar ou mudar.",
    "The product's name.": "O nome do produto.",
    "The product's price, such as 49,90.": "O preço do produto, como 49,90.",
    "What the buyer gets: an https address.": "O que o comprador recebe: um endereço https.",
    "What the buyer gets: an invitation into this group or channel.": (
        "O que o comprador recebe: um convite para este grupo ou canal."
    ),
    "The product's description.": "A descrição do produto.",
    "The funnel's own texts, a JSON object in a file.": "Os textos próprios do funil, um objeto JSON em um arquivo.",
    "The page's picture, an https address; empty: none.": "A imagem da página, um endereço https; vazio: nenhuma.",
    "A country that it sells in, such as BR; several are possible.": "Um país em que ele vende, como BR; podem ser vários.",
    "The funnel, or what changes of it, as JSON in a file, - for stdin.": (
        "O funil, ou o que muda nele, como JSON em um arquivo, - para a entrada padrão."
    ),
    "Lead to this bot too.": "Leva também a este bot.",
    "No longer lead to this bot.": "Não leva mais a este bot.",
    "Report to this pixel too.": "Informa também a este pixel.",
    "No longer report to this pixel.": "Não informa mais a este pixel.",
    "No longer sell this product.": "Não vende mais este produto.",
    "Sell in every country.": "Vende em todos os países.",
    "Your own code of the campaign; else Meta's id of it.": "O seu código da campanha; sem ele, o id que a Meta dá a ela.",
    "Set a parameter; an empty value takes it out.": "Define um parâmetro; um valor vazio o tira.",
    "A link outside ads, with the given parameters alone.": "Um link fora dos anúncios, só com os parâmetros dados.",
    "Write the plain link as a QR code into a file.": "Grava o link simples como QR code em um arquivo.",
}
"""By the English text beside each command."""
