"""The simulator of the provider, which scripts/torture and scripts/bench post with."""

from collections import Counter
from itertools import islice
import re

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.intellisms.protocol import Message, parse
from custom_components.intellisms.receiving.endpoint import MAX_BODY
from tests.simulator import SAYS, TEXT, Provider, Writer


def test_the_simulator_writes_what_the_provider_does() -> None:
    writer = Writer("a", ["44771012346"])
    posts = [*islice(writer.mixed(), 16), writer.json("sms_text", times=120)]
    said: Counter[str | None] = Counter()
    texts: list[str | None] = []
    for post in posts:
        assert len(post.body) < MAX_BODY
        messages = [one for one in parse(post.body) if isinstance(one, Message)]
        assert tuple(message.message_id for message in messages) == post.message_ids
        said.update(message.sender for message in messages)
        for message in messages:
            fits = re.match(TEXT, message.text or "") is not None
            assert fits == (message.message_id in post.texts)
            texts += [message.text] if fits else []
    assert len(texts) == len(set(texts)) > 100
    assert max(said.values()) == SAYS
    ids = [message_id for post in posts for message_id in post.message_ids]
    assert len(set(ids)) == len(ids)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_simulator_posts_until_it_hears_a_200() -> None:
    posted: Counter[bytes] = Counter()

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        posted[body] += 1
        return web.Response(status=503 if posted[body] == 1 else 200)

    app = web.Application()

    async def hello(request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/", hello)
    app.router.add_post("/", answer)
    writer = Writer("a", ["44771012346"])
    plain, twins = writer.json("sms_text"), writer.json("sms_text", copies=2)
    unheard = writer.json("sms_text", answer_lost=True)
    async with TestServer(app) as server, Provider(str(server.make_url("/")), retry_after=0) as it:
        assert await it.is_heard()
        for post in (plain, twins, unheard):
            it.send(post)
        assert await it.drain(5) == 0
        await server.close()
        assert not await it.is_heard()
    assert [posted[post.body] for post in (plain, twins, unheard)] == [2, 3, 3]
    assert it.answers == {503: 3, 200: 5}
    assert it.sent.keys() == it.acknowledged.keys()
