"""deploy/ matches the code: files, entry point, settings and keys."""

import re
import tomllib
from pathlib import Path

import yaml

from magi import settings
from magi.assets import load_assets
from magi.settings import NAMES, read_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def instructions():
    """The Dockerfile's instructions, continuation lines joined, comments dropped."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.split(None, 1) for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()]


def copied():
    """What the Dockerfile copies out of the checkout."""
    words = [rest.split() for word, rest in instructions() if word == "COPY"]
    return [source for line in words if not line[0].startswith("--from") for source in line[:-1]]


def compose():
    """The compose file, parsed."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def example():
    """The variables of env.example with the comment lines above each."""
    found, comment = {}, []
    for line in (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment.append(line)
        elif line:
            name, _, value = line.partition("=")
            found[name] = (value, " ".join(comment))
            comment = []
    return found


def test_everything_copied_exists_and_reaches_the_builder():
    """Every COPY source stands in the checkout and is let through by the ignore file."""
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()

    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert [source for source in copied() if f"!{source}" not in ignored] == []
    assert ignored[1] == "*"


def test_the_image_holds_what_the_wheel_is_built_from():
    """Every file and folder that pyproject.toml puts into the wheel is copied into the build stage."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], "pyproject.toml"}
    needed |= {project["project"]["readme"], *project["project"]["license-files"]}

    assert needed <= set(copied())


def test_the_image_runs_magi_as_nobody_special():
    """The image installs only hashed packages, starts the console script and does not run as root."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    final = [(word, rest) for word, rest in instructions()]
    installs = re.findall(r"pip install [^&]*", " ".join(rest for _, rest in final))
    users = [rest for word, rest in final if word == "USER"]

    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)
    assert len(installs) == 3
    assert users == ["10001:10001"]
    assert f'["{next(iter(project["project"]["scripts"]))}"]' in [r for w, r in final if w == "ENTRYPOINT"]


def test_compose_refers_to_what_exists():
    """Every build context, Dockerfile and volume that a service names is there; a missing env file is allowed."""
    parsed = compose()
    for service in parsed["services"].values():
        context = DEPLOY / service["build"]["context"]

        assert (context / service["build"]["dockerfile"]).is_file()
        assert all(not entry["required"] for entry in service.get("env_file", []))
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(parsed["volumes"])


def test_compose_keeps_the_ledger_and_locks_the_rest():
    """The ledger lies on a volume at the image's MAGI_HOME, all else is read-only, and the demo has no network."""
    parsed = compose()
    home = next(
        re.findall(r"MAGI_HOME=(\S+)", rest)[0] for word, rest in instructions() if "MAGI_HOME=" in rest
    )

    assert [volume.partition(":")[2] for volume in parsed["services"]["magi"]["volumes"]] == [home]
    assert all(service["read_only"] for service in parsed["services"].values())
    assert parsed["services"]["demo"]["network_mode"] == "none"
    assert example()["MAGI_HOME"][0] == home


def test_every_setting_is_documented():
    """The settings that are read, those in the module's docstring and those in env.example are the same."""
    documented = re.findall(r"^(MAGI_[A-Z_]+) ", settings.__doc__, flags=re.MULTILINE)

    assert documented == list(NAMES)
    assert [name for name in example() if name.startswith("MAGI_")] == list(NAMES)


def test_every_key_of_a_card_is_in_the_example():
    """env.example names exactly the key variables of the shipped cards besides the settings, and holds no key."""
    keys = {card.endpoint.key_env for card in load_assets().cards.values()} - {""}
    others = {name: value for name, (value, _) in example().items() if name not in NAMES}

    assert set(others) == keys
    assert set(others.values()) == {""}


def test_every_example_says_in_japanese_what_it_is():
    """Each variable of env.example has a comment in Japanese of its own."""
    assert [name for name, (_, words) in example().items() if not re.search(r"[ぁ-ん]", words)] == []


def test_the_example_changes_nothing_but_the_home():
    """Copied as it is, env.example gives the defaults; only the ledger's place is the container's."""
    given = read_settings({name: value for name, (value, _) in example().items()})
    default = read_settings({})

    for field in ("assets_dir", "council", "profile", "tenant", "tenant_key", "lang"):
        assert getattr(given, field) == getattr(default, field), field
    assert given.home == Path(example()["MAGI_HOME"][0])
