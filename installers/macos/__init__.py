"""What macOS installs: the bundle, the disk image around it, and Homebrew's cask."""
