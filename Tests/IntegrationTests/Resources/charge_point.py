"""A charge point of the PyPI package `ocpp` that charges one car. Argument: the URL to connect to; with
`wss`, `--ca` and perhaps `--cert` and `--key`; for HTTP Basic `--user` and `--password`.

Prints one line per step; exits with 0 only if every answer was what OCPP 1.6 says.
"""

import argparse
import asyncio
import base64
import ssl
from datetime import datetime, timezone

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus


def now():
    return datetime.now(timezone.utc).isoformat()


def step(name):
    print(name, flush=True)


class Station(ChargePoint):
    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.start_requested = asyncio.Event()

    @on(Action.remote_start_transaction)
    def on_remote_start_transaction(self, id_tag, connector_id=None, **_):
        assert id_tag == "TAG-1" and connector_id == 1, (id_tag, connector_id)
        self.start_requested.set()
        return call_result.RemoteStartTransaction(status="Accepted")

    async def charge(self):
        boot = await self.call(
            call.BootNotification(charge_point_model="Model", charge_point_vendor="Vendor")
        )
        assert boot.status == RegistrationStatus.accepted and boot.interval == 300, boot
        step("booted")
        await self.call(
            call.StatusNotification(connector_id=1, error_code="NoError", status="Available")
        )
        step("available")
        await asyncio.wait_for(self.start_requested.wait(), 60)
        step("asked to start")
        allowed = await self.call(call.Authorize(id_tag="TAG-1"))
        assert allowed.id_tag_info["status"] == AuthorizationStatus.accepted, allowed
        started = await self.call(
            call.StartTransaction(connector_id=1, id_tag="TAG-1", meter_start=100, timestamp=now())
        )
        assert started.transaction_id == 7, started
        step("started")
        for reading in ("150", "200.5"):
            await self.call(
                call.MeterValues(
                    connector_id=1,
                    transaction_id=7,
                    meter_value=[{"timestamp": now(), "sampledValue": [{"value": reading, "unit": "Wh"}]}],
                )
            )
        beat = await self.call(call.Heartbeat())
        assert beat.current_time, beat
        stopped = await self.call(
            call.StopTransaction(transaction_id=7, meter_stop=200, timestamp=now(), reason="EVDisconnected")
        )
        assert stopped.id_tag_info["status"] == AuthorizationStatus.accepted, stopped
        step("stopped")


def parsed_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    for name in ("--ca", "--cert", "--key", "--user", "--password"):
        parser.add_argument(name)
    return parser.parse_args()


async def main(arguments):
    url = arguments.url
    identity = url.rsplit("/", 1)[1]
    options = {}
    if arguments.ca:
        options["ssl"] = ssl.create_default_context(cafile=arguments.ca)
        if arguments.cert:
            options["ssl"].load_cert_chain(arguments.cert, arguments.key)
    if arguments.user:
        credentials = f"{arguments.user}:{arguments.password}".encode()
        options["additional_headers"] = {
            "Authorization": "Basic " + base64.b64encode(credentials).decode()
        }
    async with websockets.connect(url, subprotocols=["ocpp1.6"], **options) as connection:
        assert connection.subprotocol == "ocpp1.6", connection.subprotocol
        station = Station(identity, connection)
        listening = asyncio.create_task(station.start())
        await asyncio.wait_for(station.charge(), 60)
        listening.cancel()
    step("done")


asyncio.run(main(parsed_arguments()))
