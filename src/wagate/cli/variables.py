"""How commands find a running gateway, and what they show it."""

URL_VARIABLE = "WAGATE_URL"
KEY_VARIABLE = "WAGATE_API_KEY"
DEFAULT_URL = "http://127.0.0.1:3000"
