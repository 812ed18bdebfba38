"""The page that shows the API's description: Swagger UI as Powertools carries it, in one file, asking nobody else."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

_START: Final = (
    'window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true, '
    "validatorUrl: null, persistAuthorization: false, layout: 'BaseLayout', "
    "presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset]});"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Streamgauge API</title>
<style>{style}</style>
</head>
<body>
<div id="docs"></div>
<script>{bundle}</script>
<script>{start}</script>
</body>
</html>
"""


def page() -> str:
    """Return the page. Only the two scripts in it may run, and it may talk to its own origin alone."""
    folder = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    bundle = folder.joinpath("swagger-ui-bundle.min.js").read_text("utf-8")
    style = folder.joinpath("swagger-ui.min.css").read_text("utf-8")
    if "</script" in bundle.lower() or "</style" in style.lower():
        raise ValueError("Swagger UI cannot stand in a page as it is")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(bundle)} {_hash(_START)}",
            "style-src 'unsafe-inline'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return _PAGE.format(policy=policy, style=style, bundle=bundle, start=_START)


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
