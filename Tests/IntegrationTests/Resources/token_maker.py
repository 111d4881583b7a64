"""Makes JSON Web Tokens with a library that is not ours.

    token_maker.py <request.json

A request is {"secret": "…", "tokens": [{"claims": {…}, "algorithm": "HS256"}, …], "folder": "…"}; HS256 is signed with
the secret, ES256 with a key of its own whose JSON Web Key Set goes to keys.json in the folder. Prints a token a line.
"""

import json
import pathlib
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

request = json.loads(pathlib.Path(sys.argv[1]).read_text())
key = ec.generate_private_key(ec.SECP256R1())
jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
if "folder" in request:
    set_file = pathlib.Path(request["folder"]) / "keys.json"
    set_file.write_text(json.dumps({"keys": [{"kty": "new"}, {**jwk, "kid": "one", "alg": "ES256", "use": "sig"}]}))
for token in request["tokens"]:
    algorithm = token["algorithm"]
    used = {"HS256": request.get("secret"), "ES256": key, "none": None}[algorithm]
    print(jwt.encode(token["claims"], used, algorithm, headers={"kid": token.get("kid", "one")}))
