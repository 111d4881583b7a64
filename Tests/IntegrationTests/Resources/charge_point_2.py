"""A charging station of the PyPI package `ocpp`, of OCPP 2.0.1 or 2.1, that charges one car. Arguments: the version and
the URL to connect to.

Prints one line per step; exits with 0 only if every answer was what OCPP says. The package holds every message, both
ways, against its own schemas.
"""

import asyncio
import sys
from datetime import datetime, timezone

import websockets
from ocpp.routing import on

version, url = sys.argv[1:]
if version == "2.1":
    from ocpp.v21 import ChargePoint, call, call_result
    from ocpp.v21.enums import Action
else:
    from ocpp.v201 import ChargePoint, call, call_result
    from ocpp.v201.enums import Action

TOKEN = {"id_token": "TAG-1", "type": "Central"}


def now():
    return datetime.now(timezone.utc).isoformat()


def step(name):
    print(name, flush=True)


class Station(ChargePoint):
    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.start_requested = asyncio.Event()
        self.sequence = 0

    @on(Action.request_start_transaction)
    def on_request_start_transaction(self, id_token, remote_start_id, **_):
        assert id_token["id_token"] == "TAG-1" and remote_start_id == 3, (id_token, remote_start_id)
        self.start_requested.set()
        return call_result.RequestStartTransaction(status="Accepted", transaction_id="TX-7")

    @on(Action.get_variables)
    def on_get_variables(self, get_variable_data, **_):
        item = get_variable_data[0]
        result = {"attribute_status": "Accepted", "attribute_value": "300", **item}
        return call_result.GetVariables(get_variable_result=[result])

    async def event(self, kind, reason, **more):
        self.sequence += 1
        answer = await self.call(
            call.TransactionEvent(
                event_type=kind,
                timestamp=now(),
                trigger_reason=reason,
                seq_no=self.sequence - 1,
                transaction_info={"transaction_id": "TX-7", "charging_state": "Charging"},
                **more,
            )
        )
        assert answer is not None
        return answer

    async def charge(self):
        boot = await self.call(
            call.BootNotification(
                charging_station={"model": "Model", "vendor_name": "Vendor"}, reason="PowerUp"
            )
        )
        assert boot.status == "Accepted" and boot.interval == 300, boot
        await self.call(
            call.StatusNotification(
                timestamp=now(), connector_status="Available", evse_id=1, connector_id=1
            )
        )
        step("available")
        await asyncio.wait_for(self.start_requested.wait(), 60)
        allowed = await self.call(call.Authorize(id_token=TOKEN))
        assert allowed.id_token_info["status"] == "Accepted", allowed
        started = await self.event(
            "Started", "RemoteStart", id_token=TOKEN, evse={"id": 1, "connector_id": 1}
        )
        assert started.id_token_info["status"] == "Accepted", started
        for reading in (150, 200.5):
            value = {"value": reading, "measurand": "Energy.Active.Import.Register"}
            await self.event(
                "Updated", "MeterValuePeriodic", meter_value=[{"timestamp": now(), "sampled_value": [value]}]
            )
        beat = await self.call(call.Heartbeat())
        assert beat.current_time, beat
        await self.event("Ended", "EVDeparted")
        await self.call(call.SecurityEventNotification(type="SettingSystemTime", timestamp=now()))
        step("stopped")


async def main():
    async with websockets.connect(url, subprotocols=[f"ocpp{version}"]) as connection:
        assert connection.subprotocol == f"ocpp{version}", connection.subprotocol
        station = Station(url.rsplit("/", 1)[1], connection)
        listening = asyncio.create_task(station.start())
        await asyncio.wait_for(station.charge(), 60)
        listening.cancel()
    step("done")


asyncio.run(main())
