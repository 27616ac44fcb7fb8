"""The cask is Ruby, and leads to the two images of this release."""

import hashlib
import json
import re
import subprocess

import pytest

from copilot_api import __version__
from copilot_api.desktop.autostart.launchctl import LABEL
from installers.job import CannotMake, Job
from installers.macos.cask import cask
from installers.macos.image import name

# What stands in for Homebrew: each word of the cask is kept with what it was given.
HOMEBREW = """
require "json"
class Cask
  def initialize; @told = {}; end
  attr_reader :told
  def method_missing(word, *given, **named, &block)
    case word
    when :arch then return "arm64"
    when :version then given.empty? ? (return @told["version"]) : @told["version"] = given[0]
    when :appdir then return "/Applications"
    when :livecheck then (inner = Cask.new; inner.instance_eval(&block); @told["livecheck"] = inner.told)
    else @told[word.to_s] = named.empty? ? given[0] : named
    end
  end
  def respond_to_missing?(*) = true
end
def cask(name, &block)
  made = Cask.new
  made.instance_eval { define_singleton_method(:arch) { |**_| "arm64" } }
  made.instance_eval(&block)
  puts JSON.generate(made.told.merge("cask" => name))
end
load ARGV[0]
"""


@pytest.fixture
def told(job: Job) -> dict[str, object]:
    """What Homebrew would read out of the cask."""
    for machine in ("arm64", "x86_64"):
        (job.out / name(machine)).write_bytes(machine.encode())

    done = subprocess.run(["ruby", "-w", "-e", HOMEBREW, cask(job)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read: dict[str, object] = json.loads(done.stdout)
    return read


def test_it_leads_to_the_image_and_its_checksum_for_each_processor(told: dict[str, object]) -> None:
    assert told["url"] == f"https://github.com/owner/name/releases/download/v{__version__}/{name('arm64')}"
    assert told["sha256"] == {
        "arm": hashlib.sha256(b"arm64").hexdigest(),
        "intel": hashlib.sha256(b"x86_64").hexdigest(),
    }


def test_it_links_the_command_and_takes_everything_away_again(told: dict[str, object]) -> None:
    assert told["app"] == "Copilot API.app"
    assert told["binary"] == "/Applications/Copilot API.app/Contents/MacOS/copilot-api"
    assert told["uninstall"] == {"launchctl": LABEL}
    assert told["zap"] == {"trash": ["~/Library/Application Support/copilot-api", "~/Library/Logs/copilot-api"]}


def test_it_has_what_homebrew_demands_of_a_cask(told: dict[str, object]) -> None:
    assert {"cask", "version", "sha256", "url", "name", "desc", "homepage"} <= told.keys()
    # Homebrew's audit: no name of its own in front, no full stop, at most 80 characters.
    assert re.fullmatch(r"(?!copilot-api|Copilot API).{1,79}[^.]", str(told["desc"]))


def test_both_images_must_be_there(job: Job) -> None:
    (job.out / name("arm64")).touch()
    with pytest.raises(CannotMake) as missing:
        cask(job)
    assert missing.value.hint == "python -m installers dmg makes it"
