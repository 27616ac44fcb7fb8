"""The unit is one that systemd reads, and that starts the program whatever its folder is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

from copilot_api.desktop.keeper.unit import UNIT, line, unit
from copilot_api.settings import Settings
from tests.builders.own_systemd import OwnSystemd

SCRIPT = """#!/usr/bin/python3
import json, os, sys
with open({out!r}, "w") as out:
    json.dump([sys.argv, os.environ["COPILOT_API_CONFIG"]], out)
"""
NAMES = ("plain", 'Zoë\'s "home" · 家', "100% sure %h %%", "do$llar ${HOME} `x`", "back\\slash \\n", "a=b; #c 'd")


def test_it_waits_longer_than_open_streams_may_take_and_starts_again_with_patience() -> None:
    lines = dict(text.split("=", 1) for text in unit("/usr/bin/copilot-api start").splitlines() if "=" in text)
    assert float(lines["TimeoutStopSec"]) > Settings().drain_s
    assert lines["ExecStart"] == "/usr/bin/copilot-api start"
    assert lines["Restart"] == "on-failure"
    assert lines["RestartPreventExitStatus"] == "2"
    assert float(lines["RestartSec"]) * float(lines["StartLimitBurst"]) < float(lines["StartLimitIntervalSec"])


def test_a_plain_command_stands_as_it_is() -> None:
    assert line(("/usr/bin/copilot-api", "start")) == "/usr/bin/copilot-api start"
    assert "Environment" not in unit("/usr/bin/copilot-api start")


if sys.platform == "linux":

    def test_systemds_own_checker_accepts_it(has_systemd: None, tmp_path: Path) -> None:
        paths = []
        for number, name in enumerate(NAMES):
            program = tmp_path / name / "copilot-api"
            program.parent.mkdir()
            program.symlink_to("/bin/true")
            paths.append(tmp_path / f"copilot-api-{number}.service")
            paths[-1].write_text(unit(line((str(program), "start")), {"COPILOT_API_CONFIG": f"/x/{name}"}), "utf-8")
        command = ["systemd-analyze", "--user", "--man=no", "verify", *map(str, paths)]
        environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")

    def test_it_starts_the_program_whatever_its_folder_is_called(login: OwnSystemd, tmp_path: Path) -> None:
        for name in NAMES:
            program, told = tmp_path / name / "copilot-api", tmp_path / "started.json"
            program.parent.mkdir()
            program.write_text(SCRIPT.format(out=str(told)), "utf-8")
            program.chmod(0o755)
            path = tmp_path / ".config" / "systemd" / "user" / UNIT
            path.parent.mkdir(parents=True, exist_ok=True)
            text = unit(line((str(program), "start")), {"COPILOT_API_CONFIG": f"/x/{name}"})
            path.write_text(text.replace("Type=notify", "Type=oneshot"), "utf-8")
            login.ask("systemctl", "--user", "daemon-reload")
            login.ask("systemctl", "--user", "start", UNIT)
            assert json.loads(told.read_text("utf-8")) == [[str(program), "start"], f"/x/{name}"]
            told.unlink()
