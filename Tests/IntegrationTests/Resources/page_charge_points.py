"""Charge points for the page's tests: good ones and broken ones."""

import asyncio
import base64
import json
import threading
import urllib.parse

import websockets


class ChargePoints:
    """On a thread of their own; they answer every CALL, ClearCache with an error."""

    def __init__(self, url, second):
        self.url = url
        self.second = second
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.open = {}

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def connect(self, identity, vendor="Vendor", model="Model", firmware="1.0", subprotocol="ocpp1.6", error=""):
        async def begin():
            url = f"{self.url}/ocpp/{urllib.parse.quote(identity, safe='')}"
            connection = await websockets.connect(url, subprotocols=[subprotocol])
            self.open[identity] = connection
            self.loop.create_task(self.answer(connection, error))
            if subprotocol == "ocpp1.6":
                boot = {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": firmware}
            else:
                station = {"vendorName": vendor, "model": model, "firmwareVersion": firmware}
                boot = {"reason": "PowerUp", "chargingStation": station}
            await connection.send(json.dumps([2, "boot-1", "BootNotification", boot]))
        self.do(begin())

    async def answer(self, connection, error):
        try:
            async for text in connection:
                message = json.loads(text)
                if message[0] == 2 and message[2] == "ClearCache":
                    await connection.send(json.dumps([4, message[1], "InternalError", error, {}]))
                elif message[0] == 2:
                    await connection.send(json.dumps([3, message[1], {"status": "Accepted"}]))
        except websockets.ConnectionClosed:
            pass

    def send(self, identity, message):
        self.do(self.open[identity].send(message if isinstance(message, str) else json.dumps(message)))

    def leave(self, identity, reason=""):
        self.do(self.open.pop(identity).close(reason=reason))

    def is_refused(self, path, subprotocol="ocpp1.6", authorization=None, second=False):
        headers = {}
        if authorization:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(authorization).encode()).decode()

        async def attempt():
            try:
                url = (self.second if second else self.url) + path
                async with websockets.connect(url, subprotocols=[subprotocol], additional_headers=headers) as connection:
                    await connection.recv()
                    return False
            except (OSError, websockets.WebSocketException):  # which refusal it is, is for the page to say
                return True
        return self.do(attempt())
