"""A charge point of the PyPI package `websockets` with permessage-deflate. Argument: the URL to connect to.

Connects with each set of parameters in turn, sends and answers CALLs of many lengths, and exits with 0 only if all
came through as they were.
"""

import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

OFFERS = [
    {"client_no_context_takeover": True},
    {"client_max_window_bits": True},
    {"client_max_window_bits": 9},
    {"server_max_window_bits": 9, "client_max_window_bits": 15},
    {"server_no_context_takeover": True, "client_no_context_takeover": True},
]


def payload(length):
    return {"vendorId": "V", "data": ("0123456789" * (length // 10 + 1))[:length]}


async def session(url, offer):
    factory = ClientPerMessageDeflateFactory(**offer)
    async with websockets.connect(
        url, subprotocols=["ocpp1.6"], compression=None, extensions=[factory], max_size=None
    ) as connection:
        agreed = connection.protocol.extensions
        assert len(agreed) == 1, agreed
        assert agreed[0].local_no_context_takeover == offer.get("client_no_context_takeover", False), agreed
        for index, length in enumerate((0, 1, 127, 1000, 70_000, 400_000)):
            await connection.send(json.dumps([2, str(index), "DataTransfer", payload(length)]))
            answer = json.loads(await connection.recv())
            assert answer == [3, str(index), {"status": "Accepted"}], answer
        # In fragments, which the library compresses one by one into one message.
        text = json.dumps([2, "fragments", "DataTransfer", payload(5000)])
        await connection.send(text[at : at + 999] for at in range(0, len(text), 999))
        answer = json.loads(await connection.recv())
        assert answer[:2] == [3, "fragments"], answer[:3]
        print("ready", url, flush=True)
        call = json.loads(await connection.recv())
        assert call[0] == 2 and call[3] == payload(20_000), call[:3]
        await connection.send(json.dumps([3, call[1], {"status": "Accepted"}], separators=(",", ":")))
        await connection.send(json.dumps([2, "end", "Heartbeat", {}]))
        await connection.recv()


async def main(url):
    for number, offer in enumerate(OFFERS):
        await asyncio.wait_for(session(f"{url}-{number}", offer), 60)
    print("done", flush=True)


asyncio.run(main(sys.argv[1]))
