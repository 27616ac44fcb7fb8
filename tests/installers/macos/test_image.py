"""What is run on a Mac to sign, pack and notarise: in which order, and never halfway."""

from pathlib import Path

import pytest

from installers.job import CannotMake, Job
from installers.macos.bundle import bundle
from installers.macos.image import AD_HOC, Signer, commands, image, signer

KEY = {
    "COPILOT_API_MACOS_IDENTITY": "Developer ID Application",
    "COPILOT_API_MACOS_NOTARY_KEY": "key.p8",
    "COPILOT_API_MACOS_NOTARY_KEY_ID": "id",
    "COPILOT_API_MACOS_NOTARY_ISSUER": "issuer",
}


def lines(job: Job, who: Signer) -> list[list[str]]:
    """The command lines, with paths by their names."""
    app = bundle(job)
    made = commands(app, job.out / "a.dmg", job.out / "work", who)
    return [[str(word).removeprefix(f"{job.out}/") for word in command] for command in made]


def test_everything_is_signed_from_the_inside_out_before_it_is_packed(job: Job) -> None:
    made = lines(job, signer(KEY))
    signed = [line[-1].removeprefix("Copilot API.app/Contents/MacOS/") for line in made if line[:2] == ["codesign", "--force"]]
    assert signed == ["inner/module.so", "LICENCES.txt", "copilot-api", "Copilot API.app", "a.dmg"]
    programs = [line[0] if line[0] != "xcrun" else line[1] for line in made]
    assert programs == [*["codesign"] * 5, "cp", "ln", "hdiutil", "codesign", "notarytool", "stapler"]


def test_with_a_certificate_programs_are_hardened_and_stamped_which_notarisation_demands(job: Job) -> None:
    signing = [line for line in lines(job, signer(KEY)) if line[:2] == ["codesign", "--force"]]
    for line in signing:
        assert line[2:5] == ["--sign", "Developer ID Application", "--timestamp"]
    assert all("runtime" in line for line in signing[:-1])
    assert "runtime" not in signing[-1], "an image runs nothing"


def test_without_one_it_is_signed_ad_hoc_and_not_notarised(job: Job) -> None:
    made = lines(job, signer({}))
    signing = [line for line in made if line[:2] == ["codesign", "--force"]]
    assert all(line[2:5] == ["--sign", AD_HOC, "--timestamp=none"] and "runtime" not in line for line in signing)
    assert "xcrun" not in {line[0] for line in made}


def test_a_certificate_alone_signs_and_does_not_notarise(job: Job) -> None:
    made = lines(job, signer({"COPILOT_API_MACOS_IDENTITY": "Developer ID Application"}))
    assert "xcrun" not in {line[0] for line in made}


def test_apple_is_waited_for_with_the_key(job: Job) -> None:
    (asked,) = (line for line in lines(job, signer(KEY)) if "notarytool" in line)
    assert " ".join(asked[2:]) == "submit a.dmg --key key.p8 --key-id id --issuer issuer --wait --timeout 30m"


@pytest.mark.parametrize("missing", KEY)
def test_a_key_that_is_not_whole_stops_the_release(missing: str) -> None:
    with pytest.raises(CannotMake, match="the key for notarisation is incomplete"):
        signer({name: value for name, value in KEY.items() if name != missing})


def test_links_are_not_signed_but_what_they_lead_to_is(job: Job) -> None:
    (job.folder / "link.so").symlink_to(Path("inner") / "module.so")
    signed = [line[-1] for line in lines(job, signer({})) if line[:2] == ["codesign", "--force"]]
    assert not [path for path in signed if path.endswith("link.so")]


def test_elsewhere_than_on_a_mac_no_image_is_made(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(CannotMake, match="on a Mac only"):
        image(job)
