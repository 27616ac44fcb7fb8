"""The cask for Homebrew: how it fetches, installs and removes the disk images of a release."""

from pathlib import Path

from installers import product, release
from installers.job import Job
from installers.macos import image
from installers.macos.bundle import BUNDLE

# Homebrew calls the systems by name; bundle.OLDEST_SYSTEM is this one.
OLDEST = ":big_sur"


def cask(job: Job) -> Path:
    """Makes copilot-api.rb out of the disk images for both processors. Raises CannotMake."""
    arm, intel = (release.sha256(job.out / image.name(machine), target="dmg") for machine in ("arm64", "x86_64"))
    path = job.out / f"{product.NAME}.rb"
    path.write_text(text(arm=arm, intel=intel), "utf-8")
    return path


def text(*, arm: str, intel: str) -> str:
    """The cask, by the checksums of the two images."""
    file = image.name("#{arch}").replace(product.version(), "#{version}")
    return f'''cask "{product.NAME}" do
  arch arm: "arm64", intel: "x86_64"

  version "{product.version()}"
  sha256 arm:   "{arm}",
         intel: "{intel}"

  url "{release.homepage()}/releases/download/v#{{version}}/{file}"
  name "{product.TITLE}"
  desc "{product.SUMMARY}"
  homepage "{release.homepage()}"

  livecheck do
    url :url
    strategy :github_latest
  end

  depends_on macos: ">= {OLDEST}"

  app "{BUNDLE}"
  binary "#{{appdir}}/{BUNDLE}/Contents/MacOS/{product.NAME}"

  uninstall launchctl: "{product.APP_ID}"

  zap trash: [
    "~/Library/Application Support/{product.NAME}",
    "~/Library/Logs/{product.NAME}",
  ]
end
'''
