import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from streamgauge.access.scopes import Grant
from streamgauge.access.tokens import Issuer, IssuerAwayError, TokenError, Verifier
from streamgauge.settings import MissingSettingError, Settings

from tests.support.issuer import AUDIENCE, NAME, FakeIssuer


@pytest.fixture(scope="module")
def issuer() -> FakeIssuer:
    return FakeIssuer()


@pytest.fixture(autouse=True)
def _well(issuer) -> None:
    issuer.away = False
    issuer.fetched.clear()


@pytest.fixture
def clock() -> list[float]:
    return [time.time()]


@pytest.fixture
def verifier(issuer, clock) -> Verifier:
    return Verifier(Issuer(NAME, AUDIENCE, "grants"), issuer.fetch, lambda: clock[0])


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_good_token_opens_what_its_claim_says(issuer, verifier, algorithm) -> None:
    assert verifier.grants(issuer.token(algorithm)) == ("user-1", (Grant("blog", "read"), Grant("shop", "admin")))


def test_an_audience_among_others_is_enough(issuer, verifier) -> None:
    assert verifier.grants(issuer.token(aud=["other", AUDIENCE]))


@pytest.mark.parametrize(
    ("claim", "grants"),
    [
        ("*:admin", (Grant("*", "admin"),)),
        ("blog:read, shop:read", (Grant("blog", "read"), Grant("shop", "read"))),
        (["staff", "blog:read", 5, None], (Grant("blog", "read"),)),
        (["blog:write", "blog:server"], ()),
        ({"blog": "admin"}, ()),
        (None, ()),
        (True, ()),
    ],
)
def test_only_reading_and_administering_can_be_granted(issuer, verifier, claim, grants) -> None:
    assert verifier.grants(issuer.token(grants=claim))[1] == grants


def none_with_a_signature(issuer: FakeIssuer) -> str:
    return f"{encoded({'alg': 'none', 'kid': 'rsa'})}.{encoded(issuer.claims())}.{encoded('x')}"


def hs_with_the_public_key(issuer: FakeIssuer) -> str:
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{encoded(issuer.claims())}"
    mac = hmac.new(issuer.public_pem(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def another_payload(issuer: FakeIssuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{encoded(issuer.claims(grants=['*:admin']))}.{signature}"


def with_header(issuer: FakeIssuer, **header: object) -> str:
    return jwt.encode(issuer.claims(), issuer.rsa, algorithm="RS256", headers={"kid": "rsa", **header})


STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)

ATTACKS = {
    "alg none": lambda i: f"{encoded({'alg': 'none', 'kid': 'rsa'})}.{encoded(i.claims())}.",
    "alg None in capitals": lambda i: f"{encoded({'alg': 'NONE', 'kid': 'rsa'})}.{encoded(i.claims())}.",
    "alg none with a signature": none_with_a_signature,
    "HS256 keyed with the public key": hs_with_the_public_key,
    "payload changed": another_payload,
    "signature cut off": lambda i: i.token().rpartition(".")[0] + ".",
    "signed by a stranger": lambda i: i.token(key=STRANGER),
    "another algorithm of the same key": lambda i: i.token("RS512", kid="rsa"),
    "PS256": lambda i: i.token("PS256", kid="rsa"),
    "the EC key named, RS256 used": lambda i: i.token(kid="ec"),
    "unknown kid": lambda i: i.token(kid="nobody"),
    "kid is a path": lambda i: i.token(kid="../../../dev/null"),
    "kid is a list": lambda i: f"{encoded({'alg': 'RS256', 'kid': ['rsa']})}.{encoded(i.claims())}.AAAA",
    "no kid": lambda i: jwt.encode(i.claims(), i.rsa, algorithm="RS256"),
    "key brought along": lambda i: with_header(i, kid="mine", jwk=i.keys[0]),
    "address of keys brought along": lambda i: with_header(i, kid="mine", jku="https://evil.example/jwks.json"),
    "critical extension": lambda i: with_header(i, crit=["exp"], exp=1),
    "wrong audience": lambda i: i.token(aud="other"),
    "no audience": lambda i: i.token(aud=None),
    "wrong issuer": lambda i: i.token(iss="https://evil.example"),
    "issuer as a prefix": lambda i: i.token(iss=NAME + "/"),
    "no issuer": lambda i: i.token(iss=None),
    "expired": lambda i: i.token(exp=int(time.time()) - 1),
    "no expiry": lambda i: i.token(exp=None),
    "expiry is a text": lambda i: i.token(exp="never"),
    "not yet valid": lambda i: i.token(nbf=int(time.time()) + 600),
    "no subject": lambda i: i.token(sub=None),
    "empty": lambda _: "..",
    "no base64": lambda _: "!!.!!.!!",
    "no JSON": lambda _: "AAAA.AAAA.AAAA",
    "header is a list": lambda i: f"{encoded([1])}.{encoded(i.claims())}.AAAA",
    "payload is a list": lambda i: jwt.api_jws.encode(b"[1]", i.rsa, algorithm="RS256", headers={"kid": "rsa"}),
    "deep": lambda i: jwt.api_jws.encode(b"[" * 3000, i.rsa, algorithm="RS256", headers={"kid": "rsa"}),
    "long": lambda i: i.token(grants=["blog:read"] * 2000),
    "odd letters": lambda _: "\u00e9.\u00e9.\u00e9",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused(issuer, verifier, attack) -> None:
    with pytest.raises(TokenError) as refused:
        verifier.grants(ATTACKS[attack](issuer))
    assert refused.value.expired is (attack == "expired")


def test_only_the_issuer_is_ever_asked(issuer, verifier) -> None:
    for attack in ATTACKS.values():
        with pytest.raises(TokenError):
            verifier.grants(attack(issuer))
    assert set(issuer.fetched) <= {f"{NAME}/.well-known/openid-configuration", f"{NAME}/jwks.json"}
    assert len(issuer.fetched) <= 2


def test_keys_are_fetched_once_an_hour(issuer, verifier, clock) -> None:
    token = issuer.token()
    for _ in range(5):
        verifier.grants(token)
    assert len(issuer.fetched) == 2
    clock[0] += 3601
    verifier.grants(token)
    assert len(issuer.fetched) == 4


def test_a_new_key_of_the_issuer_is_found_within_a_minute(issuer, verifier, clock) -> None:
    verifier.grants(issuer.token())
    fresh = {**issuer.keys[0], "kid": "fresh"}
    issuer.keys.append(fresh)
    try:
        with pytest.raises(TokenError):
            verifier.grants(issuer.token(kid="fresh"))
        clock[0] += 61
        assert verifier.grants(issuer.token(kid="fresh"))
    finally:
        issuer.keys.remove(fresh)


def test_unknown_kids_do_not_flood_the_issuer(issuer, verifier) -> None:
    for number in range(50):
        with pytest.raises(TokenError):
            verifier.grants(issuer.token(kid=f"k{number}"))
    assert len(issuer.fetched) == 2


def test_without_the_issuer_and_without_keys_nobody_can_say(issuer, verifier, clock) -> None:
    issuer.away = True
    with pytest.raises(IssuerAwayError):
        verifier.grants(issuer.token())
    issuer.away = False
    assert verifier.grants(issuer.token())
    issuer.away = True
    clock[0] += 3601
    assert verifier.grants(issuer.token())


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"{}",
        b"no json",
        b'{"jwks_uri": 5}',
        b'{"jwks_uri": "http://issuer.example/keys"}',
        b'{"jwks_uri": "file:///etc/passwd"}',
    ],
)
def test_a_confused_issuer_is_an_issuer_away(issuer, answer) -> None:
    verifier = Verifier(Issuer(NAME, AUDIENCE, "grants"), lambda _: answer)
    with pytest.raises(IssuerAwayError):
        verifier.grants(issuer.token())


@pytest.mark.parametrize(
    "change",
    [{"use": "enc"}, {"kty": "oct", "k": "AAAA"}, {"alg": "RS512"}, {"n": "AQAB"}, {"n": 5}, {"kid": None}],
)
def test_keys_that_may_not_sign_are_left_out(issuer, change) -> None:
    keys = [{**issuer.keys[0], **change}, issuer.keys[1]]

    def fetch(address: str) -> bytes:
        return json.dumps({"keys": keys}).encode() if address.endswith("jwks.json") else issuer.fetch(address)

    verifier = Verifier(Issuer(NAME, AUDIENCE, "grants"), fetch)
    assert verifier.grants(issuer.token("ES256"))
    with pytest.raises(TokenError):
        verifier.grants(issuer.token())


def test_a_short_key_is_left_out(issuer) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    document = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())), "kid": "weak"}

    def fetch(address: str) -> bytes:
        return json.dumps({"keys": [document]}).encode() if address.endswith("jwks.json") else issuer.fetch(address)

    verifier = Verifier(Issuer(NAME, AUDIENCE, "grants"), fetch)
    head = encoded({"alg": "RS256", "kid": "weak"})
    with pytest.raises(TokenError):
        verifier.grants(f"{head}.{encoded(issuer.claims())}.AAAA")


def test_an_issuer_is_read_from_the_environment() -> None:
    assert Issuer.configured(Settings({})) is None
    found = Issuer.configured(Settings({"JWT_ISSUER": NAME, "JWT_AUDIENCE": "a"}))
    assert found == Issuer(NAME, "a", "cognito:groups")
    with pytest.raises(MissingSettingError, match="JWT_AUDIENCE"):
        Issuer.configured(Settings({"JWT_ISSUER": NAME}))
