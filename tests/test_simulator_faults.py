"""Simulators that fail on request, are changed behind the vendor's back, and run as a server."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import SimulatorServer, SimulatorStartError, serve
from tests.support.hubspot import (
    SIZE,
    account,
    everything,
    ids,
    own,
    refusal,
    search,
    seeded,
)

__all__ = ["own", "seeded"]  # fixtures


class TestFaults:
    def test_a_fault_hits_the_requests_it_names_and_no_others(self, own: httpx2.Client) -> None:
        fault = {"kind": "500", "path": "/owners", "after": 1, "every": 2, "times": 2}
        assert own.post("/_simulator/faults", json=fault).status_code == 201
        assert [own.get("/crm/v3/owners").status_code for _ in range(8)] == [200, 200, 500, 200, 500, 200, 200, 200]
        assert own.get("/crm/v3/pipelines/deals").status_code == 200
        assert own.get("/_simulator/faults").json()["results"][0]["hits"] == 2

    def test_faults_can_be_cleared(self) -> None:
        with account(faults=[Fault("500")]) as client:
            assert client.get("/crm/v3/owners").status_code == 500
            client.delete("/_simulator/faults")
            assert client.get("/crm/v3/owners").status_code == 200

    @pytest.mark.parametrize(
        ("fault", "status", "category"),
        [
            (Fault("429", retry_after="7"), 429, "RATE_LIMITS"),
            (Fault("500"), 500, "INTERNAL_ERROR"),
            (Fault("expired_token"), 401, "EXPIRED_AUTHENTICATION"),
            (Fault("revoked"), 401, "INVALID_AUTHENTICATION"),
        ],
    )
    def test_faults_that_the_vendor_reports(self, fault: Fault, status: int, category: str) -> None:
        with account(faults=[fault]) as client:
            reply = client.get("/crm/v3/objects/deals")
        assert (reply.status_code, refusal(reply)["category"]) == (status, category)
        assert reply.headers.get("Retry-After") == fault.retry_after

    def test_timeout(self) -> None:
        with account(faults=[Fault("timeout")]) as client, pytest.raises(httpx2.ReadTimeout):
            client.get("/crm/v3/owners", timeout=0.2)

    def test_disconnect_and_half_body(self) -> None:
        with account(faults=[Fault("disconnect", times=1), Fault("half_body", times=1)]) as client:
            with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
                client.get("/crm/v3/owners")
            with pytest.raises(httpx2.RemoteProtocolError):
                client.get("/crm/v3/owners")
            assert client.get("/crm/v3/owners").status_code == 200

    def test_a_lost_reply_was_carried_out(self) -> None:
        with account(faults=[Fault("lost_reply", method="POST")]) as client:
            with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
                client.post("/crm/v3/objects/deals", json={"properties": {"dealname": "sent once"}})
            assert client.get("/_simulator/objects").json()["deals"]["live"] == SIZE + 1

    def test_duplicates_and_shifted_pages_repeat_records_but_lose_none(self) -> None:
        with account() as client:
            truth = ids(everything(client))
            for kind in ("duplicates", "page_shift"):
                client.post("/_simulator/faults", json={"kind": kind, "every": 2})
                found = ids(everything(client))
                client.delete("/_simulator/faults")
                assert len(found) > len(truth)
                assert sorted(set(found)) == truth

    def test_schema_drift_changes_the_shape_of_a_value(self) -> None:
        with account(faults=[Fault("schema_drift", times=1)]) as client:
            drifted = client.get("/crm/v3/objects/deals").json()["results"][0]
            usual = client.get("/crm/v3/objects/deals").json()["results"][0]
        assert drifted["properties"]["amount"] == {"value": usual["properties"]["amount"]}
        assert "unannounced" in drifted

    def test_slow_answers_are_right(self) -> None:
        with account(faults=[Fault("slow", delay_ms=1)], latency=0.001) as client:
            assert client.get("/crm/v3/owners").status_code == 200

    @pytest.mark.parametrize(
        "fault", [{"kind": "flood"}, {"kind": "500", "every": 0}, {"path": "/"}, {"kind": "500", "x": 1}]
    )
    def test_an_unknown_fault_is_refused(self, seeded: httpx2.Client, fault: dict[str, Any]) -> None:
        reply = seeded.post("/_simulator/faults", json=fault)
        assert reply.status_code == 400
        assert seeded.get("/_simulator/faults").json()["results"] == []


class TestAdmin:
    def test_requests_are_counted_by_path_with_ids_folded(self, own: httpx2.Client) -> None:
        for n in (1, 2):
            own.get(f"/crm/v3/objects/deals/3000000000{n}")
        own.get("/crm/v3/owners")
        counted = own.get("/_simulator/requests").json()
        assert counted == {"total": 3, "paths": {"GET /crm/v3/objects/deals/{id}": 2, "GET /crm/v3/owners": 1}}
        own.delete("/_simulator/requests")
        assert own.get("/_simulator/requests").json()["total"] == 0

    def test_touched_objects_are_scattered_and_always_the_same(self, own: httpx2.Client) -> None:
        asked = {"type": "deals", "count": 3, "properties": {"next_step": "Changed"}}
        first = own.post("/_simulator/touch", json=asked).json()["ids"]
        assert first == own.post("/_simulator/touch", json=asked).json()["ids"]
        assert first == ["30000000001", "30000000101", "30000000201"]
        deal = own.get(f"/crm/v3/objects/deals/{first[1]}", params={"properties": "next_step"}).json()
        assert deal["properties"]["next_step"] == "Changed"

    def test_delete_moves_objects_from_live_to_archived(self, own: httpx2.Client) -> None:
        before = own.get("/_simulator/objects").json()["deals"]
        gone = own.post("/_simulator/delete", json={"type": "deals", "count": 4}).json()["ids"]
        after = own.get("/_simulator/objects").json()["deals"]
        assert (after["live"], after["archived"]) == (before["live"] - 4, before["archived"] + 4)
        assert not set(gone) & set(ids(everything(own)))
        assert set(gone) <= set(ids(everything(own, archived="true")))

    def test_what_hubspot_would_refuse_can_be_planted(self, own: httpx2.Client) -> None:
        made = own.post("/_simulator/create", json={"type": "deals", "properties": {"amount": "a lot"}}).json()["ids"]
        deal = own.get(f"/crm/v3/objects/deals/{made[0]}", params={"properties": "amount"}).json()
        assert deal["properties"]["amount"] == "a lot"
        assert made[0] == everything(own)[-1]["id"]
        rich = {"propertyName": "amount", "operator": "GT", "value": "1"}
        found = search(own, rich, sorts=[{"propertyName": "amount", "direction": "DESCENDING"}], limit=1)
        assert found["results"][0]["id"] != made[0]


class TestServer:
    def test_a_taken_port_is_a_clear_error(self) -> None:
        with serve(HubSpotSimulator(size=1).app) as server:
            port = int(server.url.rsplit(":", 1)[1])
            with pytest.raises(SimulatorStartError, match=str(port)):
                SimulatorServer(HubSpotSimulator(size=1).app, port=port)

    def test_a_stopped_server_refuses_connections(self) -> None:
        with serve(HubSpotSimulator(size=1).app) as server:
            pass
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(server.url)
