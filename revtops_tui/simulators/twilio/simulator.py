"""Twilio's API of 2010-04-01 over a seeded account, and the webhooks that it sends."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.twilio.answers import (
    content,
    distorted,
    error,
    matches,
    only_page,
    read_form,
    refusal,
    refuse_unsendable,
    signature,
    whole,
)
from revtops_tui.simulators.twilio.messages import (
    API,
    IN_TRANSIT,
    OWN_NUMBER,
    Message,
    Messages,
    Words,
    rfc2822,
)
from revtops_tui.simulators.vendor import VendorSimulator, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault

_LARGEST_PAGE = 1000
_NUMBER_SID = "PN" + "a1" * 16
_FORM = "application/x-www-form-urlencoded"


class TwilioSimulator(VendorSimulator):
    """A Twilio account on this machine.

    With every request that reads, messages under way take a step towards their receiver (`moves`); `advance` takes one
    as well. A receiver's number that ends in 97 or 99 cannot be reached, 98 is a landline. `inbound_url` is where a
    customer's message is announced, as set for the number by the API (`SmsUrl`). Pages grow with the account up to
    Twilio's 1,000, so that a small one has several.
    """

    slug = "twilio"
    account_sid = "AC" + "d0" * 16
    auth_token = "simulated-token"  # noqa: S105 - opens nothing but this simulator
    api_key: ClassVar[tuple[str, str]] = ("SK" + "c3" * 16, "simulated-secret")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.messages = Messages(self.story)
        self.moves = True
        self.inbound_url: str | None = None
        self._largest_page = min(_LARGEST_PAGE, max(10, self.story.deals // 4))

    @property
    def credentials(self) -> dict[str, Any]:
        """The account's SID and token, and the number that it sends from."""
        return {"account_sid": self.account_sid, "auth_token": self.auth_token, "from_number": OWN_NUMBER}

    def routes(self) -> Sequence[BaseRoute]:
        """The account, its messages and its phone number."""
        account = f"{API}/{self.account_sid}"
        return [
            Route(f"{account}.json", self._account, methods=["GET"]),
            Route(f"{account}/Messages.json", self._list, methods=["GET"]),
            Route(f"{account}/Messages.json", self._send, methods=["POST"]),
            Route(f"{account}/Messages/{{sid}}.json", self._read, methods=["GET"]),
            Route(f"{account}/Messages/{{sid}}.json", self._update, methods=["POST"]),
            Route(f"{account}/Messages/{{sid}}.json", self._delete, methods=["DELETE"]),
            Route(f"{account}/Messages/{{sid}}/Media.json", self._media, methods=["GET"]),
            Route(f"{account}/IncomingPhoneNumbers.json", self._numbers, methods=["GET"]),
            Route(f"{account}/IncomingPhoneNumbers/{_NUMBER_SID}.json", self._number, methods=["GET", "POST"]),
        ]

    def unauthorized(self, request: Request) -> Response | None:
        """Basic: the account's SID and token, or an API key, which may not see the account itself."""
        pairs = [(self.account_sid, self.auth_token)]
        if request.url.path != f"{API}/{self.account_sid}.json":
            pairs.append(self.api_key)
        accepted = ["Basic " + base64.b64encode(":".join(pair).encode()).decode() for pair in pairs]
        given = request.headers.get("authorization", "").encode()
        if any(hmac.compare_digest(given, each.encode()) for each in accepted):
            return None
        return error(401, 20003, "Authenticate")

    def fault_reply(self, fault: Fault) -> Response:
        """429 comes with Twilio's code for too many requests at once."""
        if fault.kind == "429":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return error(429, 20429, "Too Many Requests", headers)
        if fault.kind == "500":
            return error(500, 20500, "An internal server error has occurred")
        return error(401, 20003, "Authenticate")

    def not_found(self) -> Response:
        """The answer to a path that the API does not have."""
        return error(404, 20404, "The requested resource was not found")

    # -- behind the vendor's back ----------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Every message is an activity."""
        return {"activities": self.messages.count()}

    @property
    def changeable(self) -> tuple[str, ...]:
        """Messages."""
        return ("activities",)

    def create(self, _: str) -> str:
        """A customer writes a message."""
        message = self.messages.receive()
        if self.inbound_url:
            self._call(self.inbound_url, {**self._said_of(message), **content(message), "SmsStatus": "received"})
        return message.sid

    def change(self, _: str) -> str:
        """A carrier gives a message of yesterday back: whoever had the number has changed it."""
        message = self.messages.waiting.pop()
        self.messages.settle(message, "undelivered", 30005, "Unknown destination handset: the number was changed")
        self._report(message)
        return message.sid

    def remove(self, _: str) -> str:
        """Somebody deletes a message that came in today."""
        message = self.messages.today.pop()
        message.gone = True
        return message.sid

    def advance(self) -> None:
        """Messages under way take a step; whoever asked for it is told."""
        for message in self.messages.advance():
            self._report(message)

    # -- messages --------------------------------------------------------------------------------------------------

    async def _list(self, request: Request) -> Response:
        self._go_on()
        query = request.query_params
        asked = whole(query.get("PageSize", "50"), "PageSize")
        size = min(self._largest_page, asked)
        fault = request.scope.get("extensions", {}).get(FAULT)
        before = int(query["PageToken"][4:], 16) if "PageToken" in query else None
        if fault == "page_shift" and before is not None:
            before += 1
        wanted = (m for m in self.messages.newest_first(before) if matches(m, query))
        page = [message for message, _ in zip(wanted, range(size + 1), strict=False)]
        number = int(query.get("Page", "0"))
        address = f"{API}/{self.account_sid}/Messages.json"
        filters = {name: query[name] for name in ("To", "From", "DateSent", "DateSent<", "DateSent>") if name in query}

        def at(page_number: int, **more: str) -> str:
            return f"{address}?{urlencode({**filters, 'PageSize': size, 'Page': page_number, **more})}"

        token = f"PASM{page[size - 1].number:032x}" if len(page) > size else ""
        body = {
            "first_page_uri": at(0),
            "end": number * size + max(0, len(page[:size]) - 1),
            "previous_page_uri": at(number - 1, PageToken="PBSM" + "0" * 32) if number else None,
            "messages": distorted([m.document(self.account_sid) for m in page[:size]], fault),
            "uri": f"{address}?{request.url.query}",
            "page_size": size,
            "start": number * size,
            "next_page_uri": at(number + 1, PageToken=token) if token else None,
            "page": number,
        }
        return json_reply(body)

    async def _send(self, request: Request) -> Response:
        form = read_form(await request.body())
        refuse_unsendable(form)
        service = form.get("MessagingServiceSid")
        scheduled = form.get("ScheduleType") == "fixed"
        prefix = "whatsapp:" if form["To"].startswith("whatsapp:") else ""
        media = len(form.get("MediaUrl", "").split("\n")) if "MediaUrl" in form else 0
        message = self.messages.send(
            status="scheduled" if scheduled else "accepted" if service else "queued",
            words=Words(False, form["To"], form.get("From", prefix + OWN_NUMBER), form.get("Body", ""), media),
            service=service,
            callback=form.get("StatusCallback"),
        )
        return json_reply(message.document(self.account_sid), 201)

    async def _read(self, request: Request) -> Response:
        self._go_on()
        return json_reply(self._one(request).document(self.account_sid))

    async def _update(self, request: Request) -> Response:
        message, form = self._one(request), read_form(await request.body())
        if form.get("Status") == "canceled":
            if message.status != "scheduled":
                raise refusal(400, 30409, "Message cannot be canceled")
            self.messages.settle(message, "canceled")
            self._report(message)
        elif form.get("Body", "") != "":
            raise refusal(400, 20001, "Body can only be redacted: send an empty Body")
        else:
            self._refuse_in_transit(message)
            message.body = ""
        return json_reply(message.document(self.account_sid))

    async def _delete(self, request: Request) -> Response:
        message = self._one(request)
        self._refuse_in_transit(message)
        message.gone = True
        return Response(status_code=204)

    async def _media(self, request: Request) -> Response:
        message = self._one(request)
        uri = f"{API}/{self.account_sid}/Messages/{message.sid}/Media"
        media = [
            {
                "account_sid": self.account_sid,
                "content_type": "application/pdf",
                "date_created": rfc2822(message.created),
                "date_updated": rfc2822(message.created),
                "parent_sid": message.sid,
                "sid": f"ME{message.number:016x}{n:016x}",
                "uri": f"{uri}/ME{message.number:016x}{n:016x}.json",
            }
            for n in range(message.media)
        ]
        return json_reply({"media_list": media, **only_page(f"{uri}.json", len(media))})

    def _one(self, request: Request) -> Message:
        sid = request.path_params["sid"]
        message = self.messages.get(sid)
        if message is None:
            where = f"{API}/{self.account_sid}/Messages/{sid}.json"
            raise refusal(404, 20404, f"The requested resource {where} was not found")
        return message

    @staticmethod
    def _refuse_in_transit(message: Message) -> None:
        if message.status in IN_TRANSIT:
            raise refusal(409, 20009, "Cannot delete message because delivery hasn't completed")

    def _go_on(self) -> None:
        if self.moves:
            self.advance()

    # -- the account and its number --------------------------------------------------------------------------------

    async def _account(self, _: Request) -> Response:
        uri = f"{API}/{self.account_sid}"
        return json_reply(
            {
                "auth_token": self.auth_token,
                "date_created": rfc2822(self.story.created(0, 1)),
                "date_updated": rfc2822(self.story.end),
                "friendly_name": self.story.company.name,
                "owner_account_sid": self.account_sid,
                "sid": self.account_sid,
                "status": "active",
                "subresource_uris": {"messages": f"{uri}/Messages.json"},
                "type": "Full",
                "uri": f"{uri}.json",
            }
        )

    async def _numbers(self, request: Request) -> Response:
        wanted = request.query_params.get("PhoneNumber", OWN_NUMBER)
        numbers = [self._number_document()] if wanted in OWN_NUMBER else []
        uri = f"{API}/{self.account_sid}/IncomingPhoneNumbers.json"
        return json_reply({"incoming_phone_numbers": numbers, **only_page(uri, len(numbers))})

    async def _number(self, request: Request) -> Response:
        form = read_form(await request.body())
        if "SmsUrl" in form:
            self.inbound_url = form["SmsUrl"] or None
        return json_reply(self._number_document())

    def _number_document(self) -> dict[str, Any]:
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "beta": False,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "date_created": rfc2822(self.story.created(0, 1)),
            "date_updated": rfc2822(self.story.end),
            "friendly_name": f"{self.story.company.name} sales",
            "phone_number": OWN_NUMBER,
            "sid": _NUMBER_SID,
            "sms_method": "POST",
            "sms_url": self.inbound_url,
            "status": "in-use",
            "uri": f"{API}/{self.account_sid}/IncomingPhoneNumbers/{_NUMBER_SID}.json",
        }

    # -- webhooks --------------------------------------------------------------------------------------------------

    def _report(self, message: Message) -> None:
        if message.callback:
            failed = {} if message.error_code is None else {"ErrorCode": str(message.error_code)}
            self._call(
                message.callback,
                {
                    **self._said_of(message),
                    "MessageStatus": message.status,
                    "SmsStatus": message.status,
                    **failed,
                },
            )

    def _said_of(self, message: Message) -> dict[str, str]:
        parties = {"From": message.sender, "To": message.receiver, "AccountSid": self.account_sid}
        return {"MessageSid": message.sid, "SmsSid": message.sid, "ApiVersion": "2010-04-01", **parties}

    def _call(self, url: str, form: Mapping[str, str]) -> None:
        headers = {"Content-Type": _FORM, "X-Twilio-Signature": signature(self.auth_token, url, form)}
        self.outbox.send(url, headers=headers, body=urlencode(form, quote_via=quote).encode())
