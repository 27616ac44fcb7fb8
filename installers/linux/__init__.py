"""Packages for Linux: .deb, .rpm, AppImage and .tar.gz, all with the same tree inside."""
