"""Makes keys and tokens with a library that is not ours.

Reads one JSON object from standard input, {"claims": …}, and prints what the tests need of each kind of key:
{"RS256": {"pem": …, "jwk": …, "token": …, "tokenWithID": …}, …}.
"""

import base64
import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def pem_of(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def jwk_of(algorithm, key):
    made = jwt.algorithms.get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    made.pop("key_ops", None)
    return made


claims = json.load(sys.stdin)["claims"]
rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
keys = {
    **{name: rsa_key for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
result = {}
for name, key in keys.items():
    result[name] = {
        "pem": pem_of(key), "jwk": jwk_of(name, key), "token": jwt.encode(claims, key, name),
        "tokenWithID": jwt.encode(claims, key, name, headers={"kid": "id-" + name}),
    }
secret = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
for name in ("HS256", "HS384", "HS512"):
    result[name] = {
        "pem": secret.decode(), "jwk": {}, "token": jwt.encode(claims, secret, name),
        # The public key's PEM taken for a secret: the oldest trick.
        "tokenWithID": jwt.encode(claims, base64.b64encode(secret), name, headers={"kid": "x"}),
    }
json.dump(result, sys.stdout)
