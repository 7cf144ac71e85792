"""An own domain is made only where its name is given, with a certificate given or issued, and is what links lead to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.template.cloudformation import Template

DOMAIN = {"HttpApiDomain", "HttpApiDomainMapping"}
ALL = DOMAIN | {"HttpApiDomainRecord", "HttpApiCertificate"}
NAME = {"DomainName": "go.example.com"}
CERTIFICATE = {"CertificateArn": "arn:aws:acm:sa-east-1:123456789012:certificate/1"}
ZONE = {"HostedZoneId": "Z123"}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, set()),
        (NAME | CERTIFICATE, DOMAIN),
        (NAME | CERTIFICATE | ZONE, DOMAIN | {"HttpApiDomainRecord"}),
        (NAME | ZONE, ALL),
        (CERTIFICATE | ZONE, set()),
    ],
)
def test_what_is_made_of_the_domain(template: Template, given: Mapping[str, str], made: set[str]) -> None:
    assert template.created(given) & ALL == made


def test_a_domain_without_any_certificate_is_refused_before_anything_is_made(template: Template) -> None:
    rule = template.document["Rules"]["DomainHasCertificate"]

    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {
        "Fn::Or": [
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "HostedZoneId"}, ""]}]},
        ]
    }


def test_the_certificate_is_the_one_given_else_the_one_issued(template: Template) -> None:
    (configuration,) = template.resources["HttpApiDomain"]["Properties"]["DomainNameConfigurations"]

    assert configuration["CertificateArn"] == {
        "Fn::If": ["IssueCertificate", {"Ref": "HttpApiCertificate"}, {"Ref": "CertificateArn"}]
    }
    assert configuration["SecurityPolicy"] == "TLS_1_2"


def test_links_lead_to_the_public_url_else_to_the_domain_else_to_where_the_request_came(template: Template) -> None:
    expected = {
        "Fn::If": [
            "PublicUrlGiven",
            {"Ref": "PublicUrl"},
            {"Fn::If": ["OwnDomain", {"Fn::Sub": "https://${DomainName}"}, ""]},
        ]
    }

    for function in ("RedirectFunction", "TelegramWebhookFunction"):
        assert template.environment(function)["PUBLIC_URL"] == expected


def test_the_output_tells_where_the_api_is_and_where_a_record_has_to_point(template: Template) -> None:
    outputs = template.document["Outputs"]
    condition, own, _ = outputs["ApiUrl"]["Value"]["Fn::If"]

    assert (condition, own) == ("OwnDomain", {"Fn::Sub": "https://${DomainName}"})
    assert outputs["DomainTarget"]["Condition"] == "OwnDomain"
