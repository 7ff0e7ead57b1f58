"""The schemes that have their signature in the body, one row each."""

from __future__ import annotations

from harness.webhooks.schemes.body_signature import BodySignature
from harness.webhooks.schemes.scheme import Scheme

BODY_SCHEMES: tuple[Scheme, ...] = (
    Scheme(
        name="mailgun",
        header="",
        signed="{timestamp}{token}",
        value="{signature}",
        within=BodySignature(
            holder="signature",
            signature="signature",
            timestamp="timestamp",
            nonce="token",
            fields={"token": "signature.token"},
            in_forms=True,
        ),
        id_key="event-data.id",
        id_example="CPgfbmQMTCKtHW6uIWtuVe",
        type_key="event-data.event",
        source="documentation.mailgun.com, Securing webhooks",
    ),
    Scheme(
        name="adyen-payments",
        header="",
        signed="{psp}:{original}:{merchant}:{reference}:{value}:{currency}:{event}:{success}",
        value="{signature}",
        key_form="hex",
        encoding="base64",
        within=BodySignature(
            of_each="notificationItems.NotificationRequestItem",
            holder="additionalData",
            signature="hmacSignature",
            fields={
                "psp": "pspReference",
                "original": "originalReference",
                "merchant": "merchantAccountCode",
                "reference": "merchantReference",
                "value": "amount.value",
                "currency": "amount.currency",
                "event": "eventCode",
                "success": "success",
            },
        ),
        id_key="notificationItems.0.NotificationRequestItem.pspReference",
        id_example="QFQTPCQ8HXSKGK82",
        type_key="notificationItems.0.NotificationRequestItem.eventCode",
        source="docs.adyen.com, Verify HMAC signatures: in the payload",
    ),
)
