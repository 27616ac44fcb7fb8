"""What desktops, service managers and packages call the program: each name once."""

NAME = "copilot-api"
TITLE = "Copilot API"
SUMMARY = "GitHub Copilot subscription as an API on your own machine"
# Reverse-DNS names are owned by those who own the domain; io.github.* is what AppStream advises where there is none.
APP_ID = "io.github.copilot_api.copilot_api"
