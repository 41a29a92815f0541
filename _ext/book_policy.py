"""The Content-Security-Policy that each page carries: nothing from outside runs."""

import re
from base64 import b64encode
from hashlib import sha256

# Styles alone may stand in the page: equations, diagrams, tables and maps need them.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "media-src": "data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
INLINE = re.compile(r"<script\b(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)


def hashes(page: str) -> list[str]:
    """Name the inline scripts of a page by their hashes; data are no scripts.

    Example:
        >>> hashes('<script type="application/json">{}</script>')
        []
        >>> hashes("<script>1</script><script src='a.js'></script>")
        ["'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"]
    """
    found = {
        b64encode(sha256(script.encode()).digest()).decode()
        for attributes, script in INLINE.findall(page)
        if "application/json" not in attributes
    }
    return [f"'sha256-{digest}'" for digest in sorted(found)]


def add_policy(page: str) -> str:
    """Write the policy at the top of a page's head, before anything can load.

    Example:
        >>> print(add_policy('<head><meta charset="utf-8" />')[:62])
        <head><meta charset="utf-8" />
        <meta http-equiv="Content-Secur
    """
    policy = POLICY | {"script-src": " ".join([POLICY["script-src"], *hashes(page)])}
    content = "; ".join(f"{name} {sources}" for name, sources in policy.items())
    first = '<meta charset="utf-8" />'
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}" />'
    return page.replace(first, f"{first}\n{meta}", 1)
