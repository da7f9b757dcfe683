"""The web page, data only: ``built/`` is what ``make web`` puts here. ``fer_edge.console.web_page`` reads it."""
