"""How commands find a running gateway, and what they show it."""

URL_VARIABLE = "WAGATE_URL"
KEY_VARIABLE = "WAGATE_API_KEY"
PASSPHRASE_VARIABLE = "WAGATE_PASSPHRASE"  # noqa: S105 - the name of a variable
DEFAULT_URL = "http://127.0.0.1:3000"
