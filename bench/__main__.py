"""``make bench``: every benchmark in turn."""

from __future__ import annotations

from bench import imports, linking, sender

imports.main()
linking.main()
sender.main()
