"""What Windows installs: setup program, zip, and the manifests of winget and scoop."""
