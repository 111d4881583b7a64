"""Pictures of the management page for the documents, from a running gateway and charge points that live a little."""

import argparse
import os
import random
import sys
import threading

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser  # noqa: E402
from page_charge_points import ChargePoints  # noqa: E402

MAKERS = [("Ampere", "Wall 11"), ("Volta", "Street 22"), ("Galvani", "Duo 2x22"), ("Ohm & Sons", "DC 150")]
VERSIONS = ["ocpp1.6", "ocpp1.6", "ocpp2.0.1", "ocpp1.6", "ocpp2.1"]


class Life:
    """Heartbeats and meter values until it ends."""

    def __init__(self, points, names):
        self.points, self.names, self.ended, self.count = points, names, threading.Event(), 0
        self.thread = threading.Thread(target=self.go)
        self.thread.start()

    def go(self):
        chance = random.Random(1)
        while not self.ended.wait(0.08):
            self.count += 1
            action, payload = "Heartbeat", {}
            name = chance.choice(self.names)
            if self.count % 3 == 0 and VERSIONS[self.names.index(name) % 5] == "ocpp1.6":
                action, payload = "DataTransfer", {"vendorId": "example", "data": f"{self.count} Wh"}
            self.points.send(name, [2, f"m-{self.count}", action, payload])

    def end(self):
        self.ended.set()
        self.thread.join()


def main():
    parser = argparse.ArgumentParser()
    for name in ["url", "ws", "second", "key", "secret", "folder"]:
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    points = ChargePoints(options.ws, options.second)
    names = [f"SITE{1 + index // 8}-{1 + index % 8:02}" for index in range(40)]
    for index, name in enumerate(names):
        vendor, model = MAKERS[index % 4]
        points.connect(name, vendor, model, f"2.{index % 5}.1", VERSIONS[index % 5])
    browser = Browser(1200, 680)
    life = Life(points, names)

    def picture(name):
        browser.screenshot(os.path.join(options.folder, f"page-{name}.png"))

    try:
        browser.resize(1200, 680)
        browser.open(options.url)
        browser.write("Key", options.key)
        browser.write("Secret", options.secret)
        browser.press("\ue007")
        browser.need("heading", "Overview")
        # Each of these is broken in one way.
        points.is_refused("/steve/CP-1001")
        points.is_refused("/ocpp/CP-1002", subprotocol="ocpp1.5")
        points.is_refused("/ocpp/CP-1003", authorization=("CP-1003", "guess"), second=True)
        for _ in range(5):
            points.connect("CP-1004", *MAKERS[1])
        points.connect("CP-1005", *MAKERS[2])
        points.send("CP-1005", [2, "1", "StatusNotification", {
            "connectorId": 1, "errorCode": "NoError", "status": "Occupied"}])
        points.send("CP-1005", [2, "2", "MeterValues", {"connectorId": "1", "meterValue": []}])
        browser.wait("a curve of half a minute", lambda: browser.run(
            "return document.querySelector('polyline').points.length > 30"), 120)
        picture("overview")
        browser.run("location.hash = '#/refused'")
        browser.need("heading", "Refused")
        browser.row("CP-1005", "/connectorId")
        picture("refused")
        browser.run("location.hash = '#/chargepoints/SITE1-01'")
        browser.resize(1200, 620)
        browser.need("heading", "SITE1-01")
        browser.wait("some frames", lambda: browser.run("return document.querySelectorAll('.frames li').length > 8"), 120)
        picture("charge-point")
    finally:
        browser.close()
        life.end()


if __name__ == "__main__":
    main()
