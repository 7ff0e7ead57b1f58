"""The shapes of secrets, as rows: the prefixes that vendors give their keys, JSON web tokens, and private keys.

No text has them by accident. Redaction takes every one out of recordings, and `structure` looks for them in whatever
the run wrote. What only identifies a key is left out: Stripe's publishable keys (``pk_``), Twilio's ``SK…`` and
``AC…``, Razorpay's ``rzp_``.
"""

from __future__ import annotations

import re

import msgspec

_GITHUB = "https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns"
_GITLEAKS = "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml"


class KeyShape(msgspec.Struct, frozen=True):
    """One shape: how the texts begin that have it, and where it is documented."""

    id: str
    what: str
    """What it is, with its article."""
    begins: tuple[str, ...]
    """What a text contains at ``lead`` if it has this shape: a cheap first test."""
    pattern: str
    source: str
    lead: int = 0
    """Characters before that text."""
    digits: bool = True
    """Whether one without a digit is made up."""


PRIVATE_KEY, JWT = "private-key", "jwt"

KEY_SHAPES: tuple[KeyShape, ...] = (
    KeyShape(
        "stripe-key",
        "a secret key of Stripe",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        r"\b[sr]k_(?:live|test)_\w{8,}",
        "https://docs.stripe.com/keys",
    ),
    KeyShape(
        "webhook-secret",
        "a signing secret of webhooks (Stripe, Svix, Standard Webhooks)",
        ("whsec_",),
        r"\bwhsec_[\w+/=-]{8,}",
        "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    ),
    KeyShape(
        "github-token",
        "a token of GitHub",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
    ),
    KeyShape(
        "gitlab-token",
        "a token of GitLab",
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-"),
        r"\bgl(?:pat|dt|rt|ptt|cbt|soat)-[\w-]{16,}",
        "https://docs.gitlab.com/security/tokens/",
    ),
    KeyShape(
        "slack-token",
        "a token of Slack",
        ("xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxp-", "xoxr-", "xoxs-", "xapp-"),
        r"\bxox[abeprs][-.][\w-]{10,}|\bxapp-\d-[\w-]{20,}",
        "https://docs.slack.dev/authentication/tokens",
    ),
    KeyShape(
        "slack-webhook",
        "the URL of an incoming webhook of Slack",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows)/T\w{6,}/\w{6,}/\w{16,}",
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    KeyShape(
        "discord-webhook",
        "the URL of a webhook of Discord",
        ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        r"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{50,}",
        "https://discord.com/developers/docs/resources/webhook",
    ),
    KeyShape(
        "aws-key",
        "an access key of AWS",
        ("AKIA", "ASIA"),
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ),
    KeyShape(
        "google-key",
        "an API key of Google",
        ("AIza",),
        r"\bAIza[\w-]{30,}",
        "https://cloud.google.com/docs/authentication/api-keys",
    ),
    KeyShape(
        "google-oauth",
        "an OAuth secret or access token of Google",
        ("GOCSPX-", "ya29."),
        r"\bGOCSPX-[\w-]{28}|\bya29\.[\w-]{30,}",
        _GITHUB,
    ),
    KeyShape(
        "azure-client-secret",
        "a client secret of Microsoft Entra",
        ("7Q~", "8Q~"),
        r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~-])",
        _GITLEAKS,
        lead=3,
    ),
    KeyShape(
        "sendgrid-key",
        "an API key of SendGrid",
        ("SG.",),
        r"\bSG\.[\w-]{16,}\.[\w-]{16,}",
        "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
    ),
    KeyShape(
        "mailgun-key",
        "an API key of Mailgun",
        ("key-",),
        r"\bkey-[0-9a-f]{32}\b",
        _GITLEAKS,
    ),
    KeyShape(
        "mailchimp-key",
        "an API key of Mailchimp",
        ("-us",),
        r"\b[0-9a-f]{32}-us\d{1,2}\b",
        "https://mailchimp.com/developer/marketing/guides/quick-start/",
        lead=32,
    ),
    KeyShape(
        "shopify-token",
        "a token or secret of Shopify",
        ("shpat_", "shpca_", "shppa_", "shpss_"),
        r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b",
        _GITHUB,
    ),
    KeyShape(
        "square-token",
        "a token or secret of Square",
        ("sq0atp-", "sq0csp-", "EAAA"),
        r"\bsq0(?:atp|csp)-[\w-]{22,43}|\bEAAA[\w+=-]{60}\b",
        _GITLEAKS,
    ),
    KeyShape(
        "paddle-key",
        "an API key of Paddle",
        ("pdl_live_apikey_", "pdl_sdbx_apikey_"),
        r"\bpdl_(?:live|sdbx)_apikey_[a-z\d]{26}_\w{22}_\w{3}",
        "https://developer.paddle.com/api-reference/about/api-keys",
    ),
    KeyShape("npm-token", "a token of npm", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b", _GITHUB),
    KeyShape(
        "pypi-token", "a token of PyPI", ("pypi-AgE",), r"\bpypi-AgE[\w-]{50,}", "https://pypi.org/help/#apitoken"
    ),
    KeyShape(
        "openai-key",
        "an API key of OpenAI",
        ("sk-proj-", "sk-svcacct-", "sk-admin-"),
        r"\bsk-(?:proj|svcacct|admin)-[\w-]{40,}",
        _GITLEAKS,
    ),
    KeyShape(
        "openai-user-key",
        "an API key of OpenAI",
        ("T3BlbkFJ",),
        r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b",
        _GITLEAKS,
        lead=23,
    ),
    KeyShape("anthropic-key", "an API key of Anthropic", ("sk-ant-",), r"\bsk-ant-[a-z]+\d\d-[\w-]{60,}", _GITLEAKS),
    KeyShape("huggingface-token", "a token of Hugging Face", ("hf_",), r"\bhf_[A-Za-z]{34}\b", _GITLEAKS, digits=False),
    KeyShape(
        "digitalocean-token",
        "a token of DigitalOcean",
        ("doo_v1_", "dop_v1_", "dor_v1_"),
        r"\bdo[opr]_v1_[0-9a-f]{64}\b",
        _GITLEAKS,
    ),
    KeyShape("docker-token", "a token of Docker", ("dckr_",), r"\bdckr_(?:pat|oat)_[\w-]{27,}", _GITHUB),
    KeyShape("databricks-token", "a token of Databricks", ("dapi",), r"\bdapi[0-9a-f]{32}(?:-\d)?\b", _GITLEAKS),
    KeyShape("postman-key", "an API key of Postman", ("PMAK-",), r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", _GITLEAKS),
    KeyShape("linear-key", "an API key of Linear", ("lin_api_",), r"\blin_api_\w{40}\b", _GITLEAKS),
    KeyShape(
        "vault-token",
        "a token of HashiCorp Vault",
        ("hvs.", "hvb."),
        r"\bhv[sb]\.[\w-]{24,}",
        "https://developer.hashicorp.com/vault/docs/concepts/tokens",
    ),
    KeyShape(
        "terraform-token",
        "a token of HCP Terraform",
        (".atlasv1.",),
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}",
        _GITLEAKS,
        lead=14,
    ),
    KeyShape(
        "grafana-token",
        "a token of Grafana",
        ("glsa_", "glc_eyJ"),
        r"\bglsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}\b|\bglc_eyJ[A-Za-z0-9+/]{40,}",
        _GITLEAKS,
    ),
    KeyShape("sentry-token", "a token of Sentry", ("sntrys_", "sntryu_"), r"\bsntry[su]_[\w+/=-]{40,}", _GITLEAKS),
    KeyShape("newrelic-key", "a key of New Relic", ("NRAK-",), r"\bNRAK-[A-Z0-9]{27}\b", _GITLEAKS),
    KeyShape(
        "supabase-key",
        "a secret key of Supabase",
        ("sbp_", "sb_secret_"),
        r"\bsbp_[0-9a-f]{40}\b|\bsb_secret_[\w-]{20,}",
        "https://supabase.com/docs/guides/api/api-keys",
    ),
    KeyShape("atlassian-token", "a token of Atlassian", ("ATATT3",), r"\bATATT3[\w=-]{100,}", _GITLEAKS),
    KeyShape("age-key", "a private key of age", ("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b", _GITLEAKS),
    KeyShape(
        JWT,
        "a JSON web token",
        ("eyJ",),
        r"\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,}(?:\.[\w-]*)?",
        "RFC 7519 section 3",
    ),
    KeyShape(
        PRIVATE_KEY,
        "a private key",
        ("-----BEGIN ",),
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        "RFC 7468 section 10",
    ),
)

BEGINS = tuple(begin for shape in KEY_SHAPES for begin in shape.begins)
SHAPES = re.compile("|".join(shape.pattern for shape in KEY_SHAPES))
"""All shapes in one; slow to search for, so look for `BEGINS` first."""


def may_hold_key(text: str) -> bool:
    """Return whether a text has something that one of `SHAPES` begins with."""
    return any(begin in text for begin in BEGINS)
