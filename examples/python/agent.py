"""An agent that asks, acts and reports, over a stock NATS client (pip install nats-py)."""
import asyncio
import json
import os

import nats

AGENT = "python:counter"
API_KEY = os.environ["WRIT_API_KEY"]  # writ_<key>_<secret>
KEY = API_KEY.split("_")[1]


async def main() -> None:
    nc = await nats.connect(
        os.environ["WRIT_NATS_URL"],
        token=API_KEY,
        inbox_prefix=f"_INBOX.{KEY}",
    )

    async def request(subject: str, body: dict, headers: dict | None = None) -> dict:
        data = json.dumps(body).encode()
        reply = await nc.request(f"writ.default.{subject}", data, timeout=5, headers=headers)
        answer = json.loads(reply.data)
        if answer.get("ok") is False:
            raise RuntimeError(f"{answer['error']['code']}: {answer['error']['message']}")
        return answer

    registered = await request(f"cmd.{KEY}.registry.register-agent", {
        "agentId": AGENT, "name": "Counter", "type": "analysis", "version": "1.0.0",
        "capabilities": ["count_words"],
    })
    print("registered, event", registered["seq"])

    asked = await request(f"ask.{KEY}.permission", {
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "count_words"},
        "resource": {"type": "document", "id": "readme"},
        "options": {"atLeast": registered["token"]},
    })
    print(" ".join([asked["context"]["outcome"], asked["context"].get("code", "")]).strip())
    if not asked["decision"]:
        print(asked["context"]["reasons"][0]["text"])
        await nc.drain()
        return

    with open("README.md", encoding="utf-8") as file:
        words = len(file.read().split())
    print(words, "words")

    reported = await request(f"cmd.{KEY}.execution.report", {
        "executionId": f"count-{asked['context']['decisionId']}",
        "agentId": AGENT, "action": "count_words", "resource": "document:readme",
        "decisionId": asked["context"]["decisionId"], "outcome": "succeeded",
    })
    print("reported, event", reported["seq"])
    await nc.drain()


asyncio.run(main())
